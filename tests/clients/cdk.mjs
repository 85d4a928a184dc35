// The cases of test_cdk.py, which runs each in a process of its own: node cdk.mjs <case>
// Also its stack with an image: node cdk.mjs synthesise <directory> <archive of the image> <role that publishes>
// CDK makes a template of a stack. CloudFormation is not there, so its part is done here: the calls that the handlers
// of AWS::ECR::Repository need permissions for, each where the template gives a reason for it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../.tools/", import.meta.url));
const { App, DefaultStackSynthesizer, Duration, RemovalPolicy, Stack, Tags } = require("aws-cdk-lib");
const { ImageTagMutabilityExclusionFilter, Repository, TagMutability, TagStatus } = require("aws-cdk-lib/aws-ecr");
const { TarballImageAsset } = require("aws-cdk-lib/aws-ecr-assets");
const { AccountPrincipal } = require("aws-cdk-lib/aws-iam");
const sdk = require("@aws-sdk/client-ecr");
const ecr = new sdk.ECR({});
const repositoryName = "team/app";
const env = { account: "000000000000", region: process.env.AWS_REGION };
const other = "210987654321";

// --- CDK ---

function build(stack) {
  const repository = new Repository(stack, "Repository", {
    repositoryName,
    imageScanOnPush: true,
    imageTagMutability: TagMutability.IMMUTABLE_WITH_EXCLUSION,
    imageTagMutabilityExclusionFilters: [ImageTagMutabilityExclusionFilter.wildcard("latest*")],
    lifecycleRules: [
      { description: "what a build left", tagStatus: TagStatus.UNTAGGED, maxImageAge: Duration.days(7) },
      { tagPrefixList: ["pr-", "dev-"], maxImageCount: 5 },
      { maxImageCount: 100 },
    ],
  });
  repository.grantPull(new AccountPrincipal(other));
  Tags.of(repository).add("team", "payments");
  Tags.of(repository).add("cost center", "42");
}

function synthesised(build) {
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, "stack", { env });
  build(stack);
  const { Resources } = app.synth().getStackByName("stack").template;
  const found = Object.values(Resources).filter((resource) => resource.Type === "AWS::ECR::Repository");
  assert.equal(found.length, 1);
  return resolved(found[0].Properties);
}

function synthesise(outdir, tarballFile, imageAssetPublishingRoleArn) {
  const app = new App({ analyticsReporting: false, outdir });
  const synthesizer = new DefaultStackSynthesizer({ imageAssetPublishingRoleArn });
  new TarballImageAsset(new Stack(app, "stack", { env, synthesizer }), "Image", { tarballFile });
  app.synth();
}

// what CloudFormation makes of intrinsic functions
function resolved(value) {
  if (Array.isArray(value)) return value.map(resolved);
  if (value === null || typeof value !== "object") return value;
  if (value["Fn::Join"]) return resolved(value["Fn::Join"][1]).join(value["Fn::Join"][0]);
  if (value.Ref) {
    assert.equal(value.Ref, "AWS::Partition");
    return "aws";
  }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, resolved(inner)]));
}

// --- the handlers of CloudFormation ---

const mutability = (wanted) => ({
  imageTagMutability: wanted.ImageTagMutability ?? "MUTABLE",
  imageTagMutabilityExclusionFilters: wanted.ImageTagMutabilityExclusionFilters?.map((filter) => ({
    filterType: filter.ImageTagMutabilityExclusionFilterType,
    filter: filter.ImageTagMutabilityExclusionFilterValue,
  })),
});
const scanning = (wanted) => ({ scanOnPush: wanted.ImageScanningConfiguration?.ScanOnPush ?? false });

async function create(wanted) {
  const { repository } = await ecr.createRepository({
    repositoryName: wanted.RepositoryName,
    ...mutability(wanted),
    imageScanningConfiguration: scanning(wanted),
    tags: wanted.Tags,
  });
  await putPolicies(wanted);
  return repository.repositoryArn;
}

async function putPolicies(wanted) {
  if (wanted.RepositoryPolicyText) {
    await ecr.setRepositoryPolicy({ repositoryName, policyText: JSON.stringify(wanted.RepositoryPolicyText) });
  }
  if (wanted.LifecyclePolicy) {
    await ecr.putLifecyclePolicy({ repositoryName, lifecyclePolicyText: wanted.LifecyclePolicy.LifecyclePolicyText });
  }
}

// undefined where the answer is that there is none; any other failure is one
async function ifAny(Missing, asked) {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Missing) return undefined;
    throw error;
  }
}

async function read() {
  const { repositories } = await ecr.describeRepositories({ repositoryNames: [repositoryName] });
  const [repository] = repositories;
  const asked = { repositoryName };
  const policy = await ifAny(sdk.RepositoryPolicyNotFoundException, ecr.getRepositoryPolicy(asked));
  const lifecycle = await ifAny(sdk.LifecyclePolicyNotFoundException, ecr.getLifecyclePolicy(asked));
  const { tags } = await ecr.listTagsForResource({ resourceArn: repository.repositoryArn });
  return { repository, policy: policy?.policyText, lifecycle: lifecycle?.lifecyclePolicyText, tags };
}

async function update(arn, before, wanted) {
  await ecr.putImageTagMutability({ repositoryName, ...mutability(wanted) });
  await ecr.putImageScanningConfiguration({ repositoryName, imageScanningConfiguration: scanning(wanted) });
  await putPolicies(wanted);
  if (before.RepositoryPolicyText && !wanted.RepositoryPolicyText) await ecr.deleteRepositoryPolicy({ repositoryName });
  if (before.LifecyclePolicy && !wanted.LifecyclePolicy) await ecr.deleteLifecyclePolicy({ repositoryName });
  const kept = new Set((wanted.Tags ?? []).map((tag) => tag.Key));
  const tagKeys = (before.Tags ?? []).map((tag) => tag.Key).filter((key) => !kept.has(key));
  if (tagKeys.length) await ecr.untagResource({ resourceArn: arn, tagKeys });
  if (kept.size) await ecr.tagResource({ resourceArn: arn, tags: wanted.Tags });
}

const destroy = (wanted) => ecr.deleteRepository({ repositoryName, force: wanted.EmptyOnDelete ?? false });

// --- the comparison ---

const parsed = (text) => text && JSON.parse(text);
const byKey = (tags = []) => Object.fromEntries(tags.map((tag) => [tag.Key, tag.Value]));

async function assertIs(wanted) {
  const { repository, policy, lifecycle, tags } = await read();
  assert.deepEqual(
    {
      ...mutability(wanted),
      imageScanningConfiguration: scanning(wanted),
      policy: wanted.RepositoryPolicyText,
      lifecycle: parsed(wanted.LifecyclePolicy?.LifecyclePolicyText),
      tags: byKey(wanted.Tags),
    },
    {
      imageTagMutability: repository.imageTagMutability,
      imageTagMutabilityExclusionFilters: repository.imageTagMutabilityExclusionFilters,
      imageScanningConfiguration: repository.imageScanningConfiguration,
      policy: parsed(policy),
      lifecycle: parsed(lifecycle),
      tags: byKey(tags),
    },
  );
}

async function push() {
  const layer = Buffer.from("{}");
  const digest = "sha256:" + createHash("sha256").update(layer).digest("hex");
  const { uploadId } = await ecr.initiateLayerUpload({ repositoryName });
  const partLastByte = layer.length - 1;
  await ecr.uploadLayerPart({ repositoryName, uploadId, partFirstByte: 0, partLastByte, layerPartBlob: layer });
  await ecr.completeLayerUpload({ repositoryName, uploadId, layerDigests: [digest] });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest, size: layer.length };
  const imageManifest = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] });
  await ecr.putImage({ repositoryName, imageManifest, imageTag: "1" });
}

const cases = {
  async a_repository_is_what_the_template_of_its_stack_says() {
    const wanted = synthesised(build);
    assert.ok(wanted.RepositoryPolicyText && wanted.LifecyclePolicy && wanted.Tags.length === 2);
    await create(wanted);
    await assertIs(wanted);
  },

  async a_repository_with_nothing_but_a_name_has_what_cloudformation_takes_for_granted() {
    const wanted = synthesised((stack) => new Repository(stack, "Repository", { repositoryName }));
    await create(wanted);
    await assertIs(wanted);
  },

  async a_stack_that_was_changed_changes_its_repository() {
    const before = synthesised(build);
    const arn = await create(before);
    const wanted = synthesised((stack) => {
      const repository = new Repository(stack, "Repository", {
        repositoryName,
        imageTagMutability: TagMutability.IMMUTABLE,
        lifecycleRules: [{ tagPatternList: ["*-rc"], maxImageAge: Duration.days(30) }],
      });
      repository.grantPullPush(new AccountPrincipal(other));
      Tags.of(repository).add("team", "billing");
    });
    await update(arn, before, wanted);
    await assertIs(wanted);
  },

  async policies_that_are_no_longer_in_a_stack_are_no_longer_there() {
    const before = synthesised(build);
    const arn = await create(before);
    const wanted = synthesised((stack) => new Repository(stack, "Repository", { repositoryName }));
    await update(arn, before, wanted);
    await assertIs(wanted);
  },

  async a_repository_that_a_stack_makes_and_that_is_there_already_is_refused() {
    const wanted = synthesised(build);
    await create(wanted);
    await assert.rejects(create(wanted), sdk.RepositoryAlreadyExistsException);
  },

  async a_deleted_stack_keeps_no_repository_that_is_empty() {
    const wanted = synthesised(build);
    await create(wanted);
    await destroy(wanted);
    await assert.rejects(read(), sdk.RepositoryNotFoundException);
    await assert.rejects(destroy(wanted), sdk.RepositoryNotFoundException);
  },

  async images_keep_a_repository_unless_the_stack_says_otherwise() {
    const wanted = synthesised(build);
    await create(wanted);
    await push();
    await assert.rejects(destroy(wanted), sdk.RepositoryNotEmptyException);
    const emptied = synthesised((stack) => {
      const removalPolicy = RemovalPolicy.DESTROY;
      new Repository(stack, "Repository", { repositoryName, removalPolicy, emptyOnDelete: true });
    });
    await destroy(emptied);
    await assert.rejects(read(), sdk.RepositoryNotFoundException);
  },
};

const [name, ...words] = process.argv.slice(2);
await (name === "synthesise" ? synthesise(...words) : cases[name]());

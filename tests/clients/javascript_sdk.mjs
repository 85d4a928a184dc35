// The cases of test_javascript_sdk.py, which runs each in a process of its own: node javascript_sdk.mjs <case>
// Clients are set up by environment variables only.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../.tools/", import.meta.url));
const sdk = require("@aws-sdk/client-ecr");
const ecr = new sdk.ECR({});
const repositoryName = "app";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

const sha256 = (content) => "sha256:" + createHash("sha256").update(content).digest("hex");
const descriptor = (mediaType, content) => ({ mediaType, digest: sha256(content), size: Buffer.byteLength(content) });
const notFound = { failureCode: "ImageNotFound", failureReason: "Requested image not found" };

async function upload(content) {
  const { uploadId } = await ecr.initiateLayerUpload({ repositoryName });
  const partLastByte = content.length - 1;
  await ecr.uploadLayerPart({ repositoryName, uploadId, partFirstByte: 0, partLastByte, layerPartBlob: content });
  await ecr.completeLayerUpload({ repositoryName, uploadId, layerDigests: [sha256(content)] });
}

async function push(imageTag, subject) {
  const config = Buffer.from("{}");
  const layer = randomBytes(1000);
  const imageManifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType: "application/vnd.example",
    config: descriptor("application/vnd.oci.empty.v1+json", config),
    layers: [descriptor("application/vnd.example.layer", layer)],
    subject,
  });
  const { layers } = await ecr.batchCheckLayerAvailability({ repositoryName, layerDigests: [sha256(config)] });
  if (layers[0].layerAvailability !== "AVAILABLE") await upload(config);
  await upload(layer);
  await ecr.putImage({ repositoryName, imageManifest, imageTag });
  return { imageManifest, layer, imageDigest: sha256(imageManifest) };
}

const cases = {
  async a_registry_is_described() {
    const { registryId } = await ecr.describeRegistry({});
    assert.equal(registryId, "000000000000");
  },

  async an_image_is_got_as_it_was_put() {
    const { imageManifest, imageDigest } = await push("1");
    const { images } = await ecr.batchGetImage({ repositoryName, imageIds: [{ imageTag: "1" }] });
    assert.equal(images[0].imageManifest, imageManifest);
    assert.deepEqual(images[0].imageId, { imageDigest, imageTag: "1" });
  },

  async a_layer_is_downloaded_from_its_address() {
    const { layer } = await push("1");
    const { downloadUrl } = await ecr.getDownloadUrlForLayer({ repositoryName, layerDigest: sha256(layer) });
    const answer = await fetch(downloadUrl);
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), layer);
  },

  async an_index_is_put_after_its_image() {
    const { imageManifest } = await push("1");
    const manifests = [descriptor(MANIFEST, imageManifest)];
    const index = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests });
    await ecr.putImage({ repositoryName, imageManifest: index, imageTag: "index" });
    const { imageDetails } = await ecr.describeImages({ repositoryName, imageIds: [{ imageTag: "index" }] });
    assert.equal(imageDetails[0].imageManifestMediaType, INDEX);
  },

  async an_artifact_is_found_by_its_subject() {
    const subject = await push("1");
    const artifact = await push(undefined, descriptor(MANIFEST, subject.imageManifest));
    const subjectId = { imageDigest: subject.imageDigest };
    const { referrers } = await ecr.listImageReferrers({ repositoryName, subjectId });
    assert.deepEqual(referrers.map((referrer) => referrer.digest), [artifact.imageDigest]);
  },

  async a_time_is_a_date() {
    await push("1");
    const { imageDetails } = await ecr.describeImages({ repositoryName });
    assert.ok(imageDetails[0].imagePushedAt instanceof Date);
    assert.ok(Math.abs(imageDetails[0].imagePushedAt - new Date()) < 3_600_000);
  },

  async a_paginator_sees_every_image_once() {
    for (const tag of ["1", "2", "3"]) await push(tag);
    const tags = [];
    for await (const page of sdk.paginateListImages({ client: ecr, pageSize: 1 }, { repositoryName })) {
      tags.push(...page.imageIds.map((id) => id.imageTag));
    }
    assert.deepEqual(tags, ["1", "2", "3"]);
  },

  async what_was_deleted_and_what_was_not_there_are_both_answered() {
    const { imageDigest } = await push("1");
    const imageIds = [{ imageTag: "1" }, { imageTag: "none" }];
    const answer = await ecr.batchDeleteImage({ repositoryName, imageIds });
    assert.deepEqual(answer.imageIds, [{ imageDigest, imageTag: "1" }]);
    assert.deepEqual(answer.failures, [{ imageId: { imageTag: "none" }, ...notFound }]);
  },

  async lists_without_entries_are_arrays() {
    await push("1");
    const deleted = await ecr.batchDeleteImage({ repositoryName, imageIds: [{ imageTag: "1" }] });
    assert.deepEqual(deleted.failures, []);
    const got = await ecr.batchGetImage({ repositoryName, imageIds: [{ imageTag: "1" }] });
    assert.deepEqual(got.images, []);
    assert.deepEqual((await ecr.listImages({ repositoryName })).imageIds, []);
    assert.deepEqual((await ecr.describeImages({ repositoryName })).imageDetails, []);
  },

  async a_missing_repository_is_an_error_of_its_class() {
    await assert.rejects(ecr.listImages({ repositoryName: "nope" }), (error) => {
      assert.ok(error instanceof sdk.RepositoryNotFoundException);
      assert.ok(error instanceof sdk.ECRServiceException);
      assert.match(error.message, /The repository with name 'nope' does not exist/);
      assert.match(error.$metadata.requestId, /^[0-9a-f-]{36}$/);
      return true;
    });
  },

  async a_missing_image_is_an_error_of_its_class() {
    const asked = ecr.describeImages({ repositoryName, imageIds: [{ imageTag: "none" }] });
    await assert.rejects(asked, sdk.ImageNotFoundException);
  },

  async a_misplaced_part_is_an_error_with_the_last_valid_byte() {
    const { uploadId } = await ecr.initiateLayerUpload({ repositoryName });
    const first = { partFirstByte: 0, partLastByte: 0, layerPartBlob: Buffer.from("x") };
    await ecr.uploadLayerPart({ repositoryName, uploadId, ...first });
    const part = { partFirstByte: 5, partLastByte: 5, layerPartBlob: Buffer.from("x") };
    await assert.rejects(ecr.uploadLayerPart({ repositoryName, uploadId, ...part }), (error) => {
      assert.ok(error instanceof sdk.InvalidLayerPartException);
      assert.equal(error.uploadId, uploadId);
      assert.equal(error.lastValidByteReceived, 0);
      return true;
    });
  },

  async a_wrong_secret_is_refused() {
    const accessKeyId = process.env.AWS_ACCESS_KEY_ID;
    const stranger = new sdk.ECR({ credentials: { accessKeyId, secretAccessKey: "not the secret" } });
    await assert.rejects(stranger.describeRepositories({}), { name: "InvalidSignatureException" });
  },
};

const name = process.argv[2];
if (name !== "a_registry_is_described") await ecr.createRepository({ repositoryName });
await cases[name]();

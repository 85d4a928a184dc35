"""AWS CDK: stacks become repositories (the cases are in cdk.mjs), and `cdk-assets` publishes their images."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path

import pytest

from support.engines import build, tree
from support.programs import TOOLS
from support.shell import Shell

SCRIPT = Path(__file__).with_name("cdk.mjs")
CASES = re.findall(r"^  async (\w+)\(\) \{$", SCRIPT.read_text(), re.MULTILINE)
CDK_ASSETS = TOOLS / "node_modules" / "cdk-assets" / "bin" / "cdk-assets"
REPOSITORY = "cdk-hnb659fds-container-assets-000000000000"
ASSET = "0" * 56 + "deadbeef"
# what the stack of `cdk bootstrap` gives its role for publishing images
MAY_PUBLISH = (
    "ecr:PutImage",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:BatchCheckLayerAvailability",
    "ecr:DescribeRepositories",
    "ecr:DescribeImages",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
)

needs_docker = pytest.mark.needs("node", "docker", "dockerd", "root")


@pytest.mark.needs("node")
@pytest.mark.parametrize("case", CASES)
def test_cdk(shell: Shell, case: str) -> None:
    shell.run("node", SCRIPT, case)


def manifest(shell: Shell, **destination: str) -> Path:
    """The manifest of an image that a command has built, as CDK writes it: what is in ${} is asked of STS."""
    where = {"repositoryName": REPOSITORY.replace("000000000000", "${AWS::AccountId}"), "imageTag": ASSET}
    image = {"source": {"executable": ["echo", "built:1"]}, "destinations": {"here": {**where, **destination}}}
    path = shell.home / "assets.json"
    path.write_text(json.dumps({"version": "36.0.0", "files": {}, "dockerImages": {ASSET: image}}))
    return path


def publish(shell: Shell, assets: Path, *chosen: str) -> str:
    """`cdk-assets publish` of all assets, or of those that are named: what it says of its steps."""
    status, printed, told = shell.attempt(("node", CDK_ASSETS, "--verbose", "--path", assets, "publish", *chosen))
    assert status == 0, printed + told
    return printed + told


def role(shell: Shell, *statements: dict[str, object]) -> str:
    """A role for everybody of the account that may do what the statements say; its ARN."""
    name = f"image-publishing-{uuid.uuid4().hex}"
    trust = {"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}
    shell.run("wharfinger", "role", "create", name, "--trust", "-", stdin=json.dumps({"Statement": [trust]}))
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})
    shell.run("wharfinger", "policy", "put", name, "-", stdin=policy)
    shell.run("wharfinger", "policy", "attach", name, "--role", name)
    return f"arn:aws:iam::000000000000:role/{name}"


@needs_docker
def test_cdk_publishes_the_image_of_an_asset(engine: Shell) -> None:
    engine.create(REPOSITORY, imageTagMutability="IMMUTABLE")
    built = build(engine, "built:1", tree())
    publish(engine, manifest(engine))
    assert engine.manifest(ASSET, REPOSITORY)["config"]["digest"] == built


@needs_docker
def test_cdk_finds_an_asset_that_is_published_and_pushes_nothing(
    engine: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.create(REPOSITORY, imageTagMutability="IMMUTABLE")
    build(engine, "built:1", tree())
    publish(engine, manifest(engine))
    with monkeypatch.context() as without:
        without.setitem(engine.environment, "DOCKER_HOST", "unix:///nowhere")
        assert "Found" in publish(engine, manifest(engine))


@needs_docker
def test_cdk_publishes_the_image_of_a_stack_in_a_session_of_the_role_that_its_bootstrap_makes(engine: Shell) -> None:
    repository = f"{REPOSITORY}-{engine.region}"
    engine.create(repository, imageTagMutability="IMMUTABLE")
    built = build(engine, "built:1", tree())
    engine.run("docker", "save", "--output", "image.tar", "built:1")
    publisher = role(
        engine,
        {"Action": MAY_PUBLISH, "Resource": f"arn:aws:ecr:{engine.region}:000000000000:repository/{repository}"},
        {"Action": "ecr:GetAuthorizationToken", "Resource": "*"},
    )
    engine.run("node", SCRIPT, "synthesise", "cdk.out", "image.tar", publisher)
    assets = engine.home / "cdk.out" / "stack.assets.json"
    (asset,) = json.loads(assets.read_text())["dockerImages"]  # the template is an asset too, for S3
    publish(engine, assets, asset)
    assert engine.manifest(asset, repository)["config"]["digest"] == built


@pytest.mark.needs("node")
def test_cdk_does_not_publish_in_a_session_of_a_role_that_may_not(shell: Shell) -> None:
    shell.create(REPOSITORY)
    reader = role(shell, {"Action": "ecr:GetAuthorizationToken", "Resource": "*"})
    assets = manifest(shell, region=shell.region, assumeRoleArn=reader)
    told = shell.refused("node", CDK_ASSETS, "--path", assets, "publish")
    assert "AccessDeniedException" in told
    assert "is not authorized to perform: ecr:DescribeRepositories" in told


@pytest.mark.needs("node")
def test_cdk_says_which_repository_its_bootstrap_did_not_make(shell: Shell) -> None:
    told = shell.refused("node", CDK_ASSETS, "--path", manifest(shell), "publish")
    assert f"No ECR repository named '{REPOSITORY}' in account 000000000000. Is this account bootstrapped?" in told

"""Real clients: boto3 and the AWS CLI, with nothing set but what they take from anybody's documentation."""

from __future__ import annotations

import base64
import configparser
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from botocore.exceptions import ClientError

from support.content import image
from support.issuer import AUDIENCE, Issuer, SigningKey
from support.oci import Oci
from support.server import REGION, Server
from support.shell import Shell
from support.sts import federated_trust

READ = "AmazonEC2ContainerRegistryReadOnly"
ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"


@pytest.fixture(scope="module")
def federating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Checks signatures with two workers, and may ask issuers on this machine."""
    with Server(tmp_path_factory.mktemp("federating"), workers=2, webhook_private=True) as running:
        yield running


@pytest.fixture(scope="module")
def exported(federating: Server) -> dict[str, str]:
    """Instead of that of the server that all tests share."""
    return federating.environment()


@pytest.fixture
def administrator(federating: Server, exported: dict[str, str]) -> Any:
    """Of the account of the server."""
    return federating.wharfinger(exported["AWS_ACCESS_KEY_ID"], exported["AWS_SECRET_ACCESS_KEY"])


@pytest.fixture
def environment(exported: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """The endpoints and the region of the server, and no credentials."""
    for name, value in exported.items():
        if name.startswith(("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION")):
            monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


def test_the_aws_cli_tells_who_is_calling(shell: Shell) -> None:
    assert shell.json("aws", "sts", "get-caller-identity") == {
        "UserId": ACCOUNT,
        "Account": ACCOUNT,
        "Arn": f"arn:aws:iam::{ACCOUNT}:root",
    }


def test_the_aws_cli_has_a_session_of_a_role_by_its_profile(shell: Shell, administrator: Any, tmp_path: Path) -> None:
    trusting = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    administrator.create_role(roleName="profile", trustPolicy=json.dumps({"Statement": trusting}))
    config = configparser.ConfigParser()
    config["profile base"] = {"region": REGION}
    config["profile deploy"] = {
        "role_arn": f"{ROLE}/profile",
        "role_session_name": "from-the-cli",
        "credential_source": "Environment",
    }
    (shell.home / ".aws").mkdir()
    with (shell.home / ".aws" / "config").open("w") as file:
        config.write(file)
    told = shell.json("aws", "sts", "get-caller-identity", "--profile", "deploy")
    assert told["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/profile/from-the-cli"


def test_boto3_reads_what_an_open_server_answers(server: Server, account: str) -> None:
    client = boto3.client(
        "sts",
        endpoint_url=server.endpoint,
        region_name=REGION,
        aws_access_key_id=account,
        aws_secret_access_key="secret",
    )
    assert client.get_caller_identity()["Arn"] == f"arn:aws:iam::{account}:root"
    trusting = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    server.wharfinger(account).create_role(roleName="deploy", trustPolicy=json.dumps({"Statement": trusting}))
    told = client.assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/deploy",
        RoleSessionName="ci",
        DurationSeconds=900,
        Tags=[{"Key": "team", "Value": "blue"}],
        TransitiveTagKeys=["team"],
        PolicyArns=[{"arn": f"arn:aws:iam::aws:policy/{READ}"}],
    )
    assert told["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{account}:assumed-role/deploy/ci"
    with pytest.raises(client.exceptions.MalformedPolicyDocumentException):
        client.assume_role(RoleArn=f"arn:aws:iam::{account}:role/deploy", RoleSessionName="ci", Policy="{}")
    with pytest.raises(ClientError) as caught:
        client.assume_role(RoleArn=f"arn:aws:iam::{account}:role/missing", RoleSessionName="ci")
    assert caught.value.response["Error"]["Code"] == "AccessDenied"


def test_a_presigned_address_proves_who_somebody_is(server: Server, account: str) -> None:
    client = boto3.client(
        "sts",
        endpoint_url=server.endpoint,
        region_name=REGION,
        aws_access_key_id=account,
        aws_secret_access_key="secret",
    )
    answer = urllib3.request("GET", client.generate_presigned_url("get_caller_identity", HttpMethod="GET"))
    assert (answer.status, f"<Account>{account}</Account>" in answer.data.decode()) == (200, True)


# --- federation ----------------------------------------------------------------------------------------------


@pytest.fixture
def trusted(administrator: Any, issuer: Issuer) -> Iterator[Issuer]:
    """An issuer with the time of the machine, believed, and a role for its main branch that may read."""
    administrator.put_identity_provider(issuer=issuer.url, audiences=[AUDIENCE])
    conditions = {
        "StringEquals": {f"{issuer.name}:aud": AUDIENCE},
        "StringLike": {f"{issuer.name}:sub": "repo:org/app:*", f"{issuer.name}:job_workflow_ref": "org/app/*"},
    }
    administrator.create_role(roleName="build", trustPolicy=federated_trust(issuer, ACCOUNT, **conditions))
    administrator.attach_policy(policyName=READ, roleName="build")
    yield issuer
    administrator.delete_role(roleName="build")


@pytest.fixture
def issuer(rsa: SigningKey, ec: SigningKey) -> Iterator[Issuer]:
    with Issuer(rsa, ec) as listening:
        yield listening


@pytest.mark.parametrize("number", [0, 1], ids=["RS256", "ES256"])
def test_a_pipeline_with_a_token_of_its_issuer_pulls_and_does_not_push(
    environment: pytest.MonkeyPatch, trusted: Issuer, shell: Shell, tmp_path: Path, number: int
) -> None:
    one = image()
    shell.create("app")
    Oci(f"http://{shell.registry}", shell.password).push("app", one, "v1")
    (tmp_path / "token").write_text(trusted.token(key=trusted.keys[number]))
    environment.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    environment.setenv("AWS_ROLE_ARN", f"{ROLE}/build")
    environment.setenv("AWS_ROLE_SESSION_NAME", "run-42")
    session = boto3.session.Session(region_name=shell.region)
    assert session.client("sts").get_caller_identity()["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/build/run-42"
    [data] = session.client("ecr").get_authorization_token()["authorizationData"]
    password = base64.b64decode(data["authorizationToken"]).decode().removeprefix("AWS:")
    pipeline = Oci(f"http://{shell.registry}", password)
    assert pipeline.get("/v2/").status == 200
    assert pipeline.get("/v2/app/manifests/v1").body == one.manifest
    assert pipeline.call("POST", "/v2/app/blobs/uploads/").status == 403


def test_a_pipeline_of_another_repository_is_refused(
    environment: pytest.MonkeyPatch, trusted: Issuer, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(trusted.token(sub="repo:org/other:ref:refs/heads/main"))
    environment.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    environment.setenv("AWS_ROLE_ARN", f"{ROLE}/build")
    with pytest.raises(ClientError) as caught:
        boto3.session.Session(region_name=REGION).client("sts").get_caller_identity()
    assert caught.value.response["Error"] == {
        "Type": "Sender",
        "Code": "AccessDenied",
        "Message": "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    }


def test_boto3_knows_each_refusal_by_its_class(environment: pytest.MonkeyPatch, trusted: Issuer) -> None:
    client = boto3.client("sts", region_name=REGION)
    named = {"RoleArn": f"{ROLE}/build", "RoleSessionName": "run-42"}
    for token, kind in (
        (trusted.token(aud="other"), "InvalidIdentityTokenException"),
        (trusted.token(exp=1), "ExpiredTokenException"),
        (trusted.token(nbf=2**40), "IDPRejectedClaimException"),
    ):
        with pytest.raises(getattr(client.exceptions, kind)):
            client.assume_role_with_web_identity(**named, WebIdentityToken=token)
    told = client.assume_role_with_web_identity(**named, WebIdentityToken=trusted.token())
    assert (told["Provider"], told["Audience"]) == (trusted.url, AUDIENCE)
    assert told["SubjectFromWebIdentityToken"] == "repo:org/app:ref:refs/heads/main"


def test_an_issuer_that_is_believed_no_more_ends_the_sessions_that_began_with_it(
    environment: pytest.MonkeyPatch, trusted: Issuer, administrator: Any, federating: Server
) -> None:
    told = boto3.client("sts", region_name=REGION).assume_role_with_web_identity(
        RoleArn=f"{ROLE}/build", RoleSessionName="run-42", WebIdentityToken=trusted.token()
    )
    keys = told["Credentials"]
    ecr = boto3.client(
        "ecr",
        region_name=REGION,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    ecr.describe_repositories()
    administrator.delete_identity_provider(issuer=trusted.url)
    with pytest.raises(ClientError) as caught:
        ecr.describe_repositories()
    assert caught.value.response["Error"]["Code"] == "UnrecognizedClientException"

"""Every use case once, on an empty state: what the product asks of its database, all of it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlencode

from support.content import Image, image, index, layer, series, sha256
from support.doors import Body, Doors
from support.lifecycle import between_look_and_act, policy, rule
from support.ports import free_port
from support.server import REGION
from support.state import ACCOUNT, REGISTRY, Clock, collect_all
from support.statements import Statement, Watched
from support.strict import ADDRESS, basic, document
from wharfinger.cli.access import Access
from wharfinger.cli.client import signed
from wharfinger.contract.ecr import SERVICE as ECR
from wharfinger.contract.sts import API_VERSION
from wharfinger.services import audit, health, jobs, login, plans, scrub, shared_trail, webhooks
from wharfinger.services.declared import Follower
from wharfinger.services.records import Filter, Reader
from wharfinger.state import State
from wharfinger.state.clock import DAY, HOUR
from wharfinger.state.db import jobs as job_rows
from wharfinger.state.db.database import Tx, Value
from wharfinger.state.db.jobs import Job
from wharfinger.state.sharedkeys import SharedKeys

APP: Final = {"repositoryName": "app"}
_TOKEN: Final = (b'{"alg":"RS256","kid":"a"}', b'{"iss":"https://issuer.example.com"}', b"none")
_ACCESS_FILE: Final = """
[users.alice]
policies = ["pull"]
keys = [{ id = "KEY0000000000000", secret_file = "alice.secret" }]
[roles.deploy]
policies = ["pull"]
trust.Statement = { Effect = "Allow", Principal = "*", Action = "sts:AssumeRole" }
[policies]
pull.Statement = { Effect = "Allow", Action = "ecr:BatchGetImage", Resource = "*" }
[identity_providers."https://token.actions.githubusercontent.com"]
audiences = ["sts.amazonaws.com"]
"""


async def use_everything(state: State, clock: Clock) -> dict[Statement, Mapping[str, Value]]:
    """Go through all use cases on an empty state; what was run."""
    seen: dict[Statement, Mapping[str, Value]] = {}
    rules = state.rules._replace(webhook_private=True)
    watched = replace(state, db=Watched(state.db, seen), rules=rules)
    doors = Doors(watched)
    for name in ("app", "other"):
        await doors.served("CreateRepository", repositoryName=name)
    await _settings(doors)
    await _images(doors, clock)
    await _bin(doors, clock)
    await _holds(doors, clock)
    await _plans(doors, clock)
    await _lifecycle(doors, clock)
    await _looking(doors)
    await _webhooks(doors)
    await _principals(doors)
    await _providers(doors)
    await _robots(doors, clock)
    await _guards(doors)
    await _declared(doors.state)
    await _audit(doors)
    await doors.begin("other")
    await doors.served("DeleteRepository", repositoryName="app", force=True)
    assert (await doors.ecr("DeleteRepository", repositoryName="other")).code == "RepositoryNotEmptyException"
    await doors.served("DeleteRepository", repositoryName="other", force=True)
    await _shared(watched, clock)
    await _upkeep(watched, clock)
    return seen


async def _settings(doors: Doors) -> None:
    arn = {"resourceArn": REGISTRY.arn("app")}
    await doors.served("DescribeRepositories")
    await doors.served("DescribeRepositories", repositoryNames=["app", "other"])
    await doors.served("PutImageTagMutability", **APP, imageTagMutability="MUTABLE")
    await doors.served("PutImageScanningConfiguration", **APP, imageScanningConfiguration={"scanOnPush": True})
    await doors.served("TagResource", **arn, tags=[{"Key": "team", "Value": "a"}])
    await doors.served("ListTagsForResource", **arn)
    await doors.served("UntagResource", **arn, tagKeys=["team"])
    await doors.served("PutAccountSetting", name="BLOB_MOUNTING", value="ENABLED")
    await doors.served("GetAccountSetting", name="BLOB_MOUNTING")
    await doors.served("PutDeletionSettings", **APP, settings={"binDays": 7})
    await doors.served("GetDeletionSettings", **APP)
    assert (await doors.oci("GET", "_catalog")).status == 200


async def _images(doors: Doors, clock: Clock) -> None:
    one, two = image(), image()
    layer = list(one.blobs)[-1]
    both, signature = index(one, two), image(subject=one)
    await _push(doors, one.blobs, layer, clock)
    await doors.push("app", one, "one")
    await doors.push("app", both, "both", "second")
    await doors.push("app", signature)
    for status in ("ANY", "TAGGED", "UNTAGGED"):
        await doors.served("ListImages", **APP, filter={"tagStatus": status})
        await doors.served("DescribeImages", **APP, filter={"tagStatus": status})
    subject = {"subjectId": {"imageDigest": one.digest}}
    await doors.served("ListImageReferrers", **APP, **subject)
    await doors.served("ListImageReferrers", **APP, **subject, filter={"artifactTypes": ["x"]})
    await doors.served("DescribeImages", **APP, imageIds=[{"imageTag": "one"}])
    await doors.served("BatchGetImage", **APP, imageIds=[{"imageDigest": one.digest}, {"imageTag": "both"}])
    await doors.served("GetDownloadUrlForLayer", **APP, layerDigest=layer)
    clock.move(DAY // 4)  # by then leases have to be renewed
    await doors.served("BatchCheckLayerAvailability", **APP, layerDigests=[layer])
    for path in ("app/manifests/one", f"app/manifests/{one.digest}", f"app/blobs/{layer}"):
        assert (await doors.oci("HEAD", path)).status == 200
        assert (await doors.oci("GET", path)).status == 200
    assert (await doors.oci("GET", "app/tags/list")).status == 200
    for mount in (f"?mount={layer}&from=app", f"?mount={layer}"):
        assert (await doors.oci("POST", f"other/blobs/uploads/{mount}")).status == 201
    assert (await doors.oci("DELETE", f"other/blobs/{layer}")).status == 202
    assert (await doors.oci("DELETE", "app/manifests/second")).status == 202
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageTag": "both"}, {"imageDigest": one.digest}])


async def _push(doors: Doors, contents: Mapping[str, bytes], digest: str, clock: Clock) -> None:
    """By chunks through the data plane, and by parts through the API."""
    upload = await doors.begin("app")
    assert (await doors.oci("PATCH", upload, contents[digest])).status == 202
    assert (await doors.oci("GET", upload)).status == 204
    assert (await doors.oci("PUT", f"{upload}?digest={digest}")).status == 201
    upload_id = (await doors.ecr("InitiateLayerUpload", **APP)).json["uploadId"]
    part = contents[digest] + b"other"
    last = len(part) - 1
    where = {**APP, "uploadId": upload_id}
    await doors.served("UploadLayerPart", **where, partFirstByte=0, partLastByte=last, layerPartBlob=part)
    assert (await doors.ecr("CompleteLayerUpload", **where, layerDigests=[digest])).code == "InvalidLayerException"
    await _push_slowly(doors, contents[digest], clock)
    upload = await doors.begin("app")
    assert (await doors.oci("DELETE", upload)).status == 204


async def _push_slowly(doors: Doors, content: bytes, clock: Clock) -> None:
    """For so long that the upload would look idle."""

    async def pieces() -> AsyncIterator[bytes]:
        yield content
        clock.move(DAY // 24 + 1)
        yield content

    upload = await doors.begin("app")
    assert (await doors.oci("PATCH", upload, Body(pieces()))).status == 202
    assert (await doors.oci("PUT", f"{upload}?digest={sha256(content * 2)}")).status == 201


async def _bin(doors: Doors, clock: Clock) -> None:
    """Each way into the bin, and each way out of it."""
    await doors.begin("app")  # and never goes on
    child = image()
    both, signature = index(child), image(subject=child)
    await doors.push("app", both, "multi", "moved")
    await doors.push("app", signature)
    await _delete(doors, {"imageTag": "moved"}, dry_run=True)
    await _delete(doors, {"imageTag": "moved"})
    await doors.served("GetImageAtTime", **APP, imageTag="multi", time=clock() // 1000 + 1)
    await doors.served("RestoreImages", **APP, imageIds=[{"imageTag": "moved"}])
    deletion = await _delete(doors, {"imageDigest": both.digest}, {"imageDigest": child.digest})
    clock.move(DAY + HOUR)
    await collect_all(doors.state)  # the signature follows
    for where in ({}, APP, {"deletionId": deletion}):
        await doors.served("ListDeletedImages", **where)
    for where in ({}, APP):
        await doors.served("ListDeletions", **where)
        await doors.served("ListTagHistory", **APP)
        await doors.served("ListEvents", **where)
    await doors.served("ListTagHistory", **APP, imageTag="multi")
    await doors.served("RestoreImages", **APP, imageIds=[{"imageDigest": both.digest}])
    deletion = await _delete(doors, {"imageDigest": both.digest}, {"imageDigest": child.digest})
    await doors.push("app", both)  # it is there again before it comes back
    await doors.served("RestoreDeletion", deletionId=deletion)
    deletion = await _delete(doors, {"imageTag": "multi"})
    await doors.served("RestoreDeletion", deletionId=deletion)
    await doors.served("DeleteRepository", **APP, force=True)
    [gone, *_] = (await doors.served("ListDeletions", **APP))["deletions"]
    await doors.served("RestoreDeletion", deletionId=gone["deletionId"])
    deletion = await _delete(doors, {"imageDigest": both.digest})
    for which in ({"deletionIds": [deletion]}, APP, {"all": True}):
        await doors.served("EmptyBin", **which, dryRun=True)
        await doors.served("EmptyBin", **which)
    await collect_all(doors.state)


async def _delete(doors: Doors, *ids: Mapping[str, str], dry_run: bool = False) -> str | None:
    """DeleteImages: the number of the deletion."""
    answer = await doors.served("DeleteImages", **APP, imageIds=ids, reason="because", dryRun=dry_run)
    assert answer["failures"] == []
    found: str | None = answer.get("deletionId")
    return found


async def _holds(doors: Doors, clock: Clock) -> None:
    one = image()
    await doors.push("app", one, "one")
    until = clock() // 1000 + 60
    for held in (one.digest, "one", "v*"):
        for _ in range(2):
            hold = await doors.served("PutHold", **APP, image=held, reason="because", expiresAt=until)
        await doors.served("ListHolds", **APP)
        assert (await doors.ecr("DeleteRepository", **APP, force=True)).status == (200 if held == "v*" else 400)
        if held == "v*":
            [gone, *_] = (await doors.served("ListDeletions", **APP))["deletions"]
            await doors.served("RestoreDeletion", deletionId=gone["deletionId"])
        else:
            await doors.served("DeleteHold", holdId=hold["hold"]["holdId"])
    await doors.served("ListHolds")
    feed = {"feedName": "cluster", "timeToLiveSeconds": 3600}
    for images in ([f"app@{one.digest}", "app:one", "app:unknown"], ["app:one"]):
        await doors.served("PutImageFeed", **feed, images=images)
    await doors.served("ListImageFeeds")
    await doors.served("DeleteImageFeed", feedName="cluster")
    clock.move(HOUR)
    await collect_all(doors.state)


async def _plans(doors: Doors, clock: Clock) -> None:
    base = image()
    pushed: Sequence[Image] = (base, image(), index(base), image(subject=base))
    for number, one in enumerate(pushed):
        await doors.push("app", one, f"v{number}")
    every: dict[str, Any] = {
        "repositories": ["app", "oth*"],
        "tagStatus": "ANY",
        "includeTags": ["v*"],
        "excludeTags": ["/^x/"],
        "pushedBefore": clock() // 1000 + 10,
        "notPulledSince": clock() // 1000 + 10,
        "keepNewest": 1,
        "groupBy": "/^(v)/",
        "largerThan": 1,
        "labels": {"unique": "no"},
    }
    many = series(plans.STEP + 1)
    await doors.push("app", many[0])
    for one in many[1:]:
        assert (await doors.put_manifest("app", one.digest, one)).status == 201
    large = index(*many)
    assert (await doors.put_manifest("app", "large", large)).status == 201
    clock.move(HOUR)
    for filters in (every, {"repositories": ["app"]}):
        plan = (await doors.served("CreatePlan", filters=filters))["plan"]["planId"]
        await doors.served("DescribePlan", planId=plan)
        for verdict in ({}, {"verdict": "DELETE"}):
            await doors.served("ListPlanImages", planId=plan, **verdict)
        for operation in ("ExecutePlan", "UndoPlan"):
            await doors.served(operation, planId=plan)
            await _do_what_is_due(doors.state)
    await doors.served("ListPlans")
    await doors.served("DeletePlan", planId=plan)


async def _lifecycle(doors: Doors, clock: Clock) -> None:
    """With an image that is pushed between a look at the repository and what is done by it."""
    await doors.push("app", image(), "l1")
    await doors.push("app", image(), "l2")
    text = policy(rule(1, ["l*"], keep=1), rule(2, days=1000))
    await doors.served("PutLifecyclePolicy", **APP, lifecyclePolicyText=text)
    await doors.served("GetLifecyclePolicy", **APP)
    await doors.served("StartLifecyclePolicyPreview", **APP)
    await doors.served("StartLifecyclePolicyPreview", repositoryName="other", lifecyclePolicyText=text)
    async with between_look_and_act(lambda: doors.push("app", image(), "l3")):
        await _do_what_is_due(doors.state)
    for status in ("ANY", "TAGGED", "UNTAGGED"):
        await doors.served("GetLifecyclePolicyPreview", **APP, filter={"tagStatus": status})
    await doors.served("GetLifecyclePolicyPreview", **APP, imageIds=[{"imageTag": "l1"}])
    clock.move(DAY)
    await collect_all(doors.state)  # the preview is over
    await doors.served("DeleteRepository", **APP, force=True)
    [gone, *_] = (await doors.served("ListDeletions", **APP))["deletions"]
    await doors.served("RestoreDeletion", deletionId=gone["deletionId"])
    await doors.served("DeleteLifecyclePolicy", **APP)


async def _do_what_is_due(state: State) -> None:
    while await jobs.run_one(state):
        pass


async def _stop_in_a_job(state: State) -> None:
    running = asyncio.ensure_future(jobs.run_one(state))
    await asyncio.sleep(0)  # it waits for the job that it takes
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def _looking(doors: Doors) -> None:
    """With something in two repositories, and something in the bin."""
    both, gone = image(), image()
    for repository in ("app", "other"):
        await doors.push(repository, both)
    await doors.push("app", gone)
    await _delete(doors, {"imageDigest": gone.digest})
    await doors.served("GetUsage")
    await doors.served("ListRepositoryUsage")
    await doors.served("ListImageUsage", **APP)


async def _webhooks(doors: Doors) -> None:
    """One that nobody answers, and one that nothing is for."""
    address = f"http://127.0.0.1:{free_port()}/"
    await doors.served("PutWebhook", name="silent", url=address, secret="0123456789abcdef")
    await doors.served("PutWebhook", name="idle", url=address, repositories="nothing")
    await doors.push("app", image(), "event")
    assert await webhooks.deliver_due(doors.state)
    await doors.served("ListWebhooks")
    await doors.served("DeleteWebhook", name="silent")


async def _providers(doors: Doors) -> None:
    """An identity provider, whose token nobody has."""
    issuer = {"issuer": "https://issuer.example.com"}
    await doors.served("PutIdentityProvider", **issuer, audiences=["sts"])
    await doors.served("ListIdentityProviders")
    token = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in _TOKEN)
    form = {"Action": "AssumeRoleWithWebIdentity", "Version": API_VERSION, "WebIdentityToken": token}
    role = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/none", "RoleSessionName": "none"}
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert (await doors.request("POST", "/", urlencode({**form, **role}).encode(), headers)).status == 400
    await doors.served("DeleteIdentityProvider", **issuer)


async def _principals(doors: Doors) -> None:
    """A user and a role with policies and keys; what is not of a user is of the root."""
    trust = document({"Action": "sts:AssumeRole", "Principal": "*"})
    user, role = {"userName": "ci"}, {"roleName": "deploy"}
    await doors.served("CreateUser", **user)
    await doors.served("CreateRole", **role, trustPolicy=trust)
    await doors.served("UpdateRole", **role, sessionSeconds=7200)
    await doors.served("PutPolicy", policyName="all", policyDocument=document({"Action": "ecr:*", "Resource": "*"}))
    for holder in (user, role):
        await doors.served("AttachPolicy", **holder, policyName="all")
    assert (await doors.wharfinger("DeletePolicy", policyName="all")).code == "PolicyInUseException"
    for owner in (user, {}):
        made = await doors.served("CreateAccessKey", **owner)
        key = {"accessKeyId": made["accessKey"]["accessKeyId"]}
        access = Access(ADDRESS, REGION, key["accessKeyId"], made["secretAccessKey"])
        headers = signed(access, ECR, "DescribeRepositories", b"{}", datetime.now(UTC))
        assert (await doors.request("POST", "/", b"{}", headers)).status == 200
        await doors.served("ListAccessKeys", **owner)
        await doors.served("UpdateAccessKey", **key, status="INACTIVE")
        await doors.served("DeleteAccessKey", **key)
    for holder in (user, role):
        await doors.served("DetachPolicy", **holder, policyName="all")
    for operation in ("ListUsers", "ListRoles", "ListPolicies"):
        await doors.served(operation)
    await doors.served("DescribeUser", **user)
    await doors.served("DescribeRole", **role)
    await doors.served("GetPolicy", policyName="all")
    await doors.served("DeletePolicy", policyName="all")
    await doors.served("DeleteUser", **user)
    await doors.served("DeleteRole", **role)


async def _robots(doors: Doors, clock: Clock) -> None:
    made = await doors.served("CreateRobot", robotName="bot", actions=["pull"], repositories=["app"])
    assert (await doors.oci("GET", "app/tags/list", headers=basic("bot", made["token"]))).status == 200
    await doors.served("RotateRobot", robotName="bot", expiresAt=(clock() + DAY) / 1000)
    await doors.served("ListRobots")
    await doors.served("DeleteRobot", robotName="bot")


async def _declared(state: State) -> None:
    """An access file with something of each kind, and then an empty one."""
    with TemporaryDirectory() as directory:
        write = partial(_write, Path(directory))
        write("alice.secret", "s3cret-of-20-letters-or-more")
        follower = Follower(replace(state, rules=state.rules._replace(access_file=f"{directory}/access.toml")))
        for text in (_ACCESS_FILE, ""):
            write("access.toml", text)
            await follower.look()


async def _shared(state: State, clock: Clock) -> None:
    """What is done only where nodes share the database."""
    with TemporaryDirectory() as directory:
        keys = SharedKeys(state.db, Path(directory), Path(directory, "master.key"))
        await keys.make()
        await keys.read()
    await shared_trail.page(state, Reader(ACCOUNT, Filter()), None, 1)
    await state.db.write(job_rows.keep, Job("a kind", "", 1, "a lease"), clock())
    later = replace(state, clock=lambda: clock() + 2 * state.rules.trail_days * DAY)
    await shared_trail.expire(later)


def _write(directory: Path, name: str, text: str) -> None:
    (directory / name).write_text(text)
    (directory / name).chmod(0o600)


async def _guards(doors: Doors) -> None:
    """Policies of a repository and of its registry, and somebody without a login."""
    text = document({"Action": "ecr:BatchGetImage", "Principal": "*"})
    for operation in ("SetRepositoryPolicy", "GetRepositoryPolicy", "DeleteRepositoryPolicy"):
        await doors.served(operation, **APP, **({"policyText": text} if operation.startswith("Set") else {}))
    assert (await doors.request("GET", "/v2/app/tags/list")).status == 401
    text = document({"Action": "ecr:*", "Principal": "*", "Resource": REGISTRY.arn("*")})
    await doors.served("PutRegistryPolicy", policyText=text)
    for operation in ("GetRegistryPolicy", "DeleteRegistryPolicy"):
        await doors.served(operation)


async def _audit(doors: Doors) -> None:
    """With bytes that are gone for some time: of a blob, and of an upload; and a manifest that is damaged."""
    content = layer(100_000)  # more than is sent from memory
    one = image(content)
    await doors.push("app", one, "damaged")
    assert (await doors.oci("PATCH", await doors.begin("app"), content)).status == 202
    found = (await doors.oci("GET", f"app/blobs/{sha256(content)}")).file
    assert found is not None
    lost = [path for path in found.parents[1].glob("*/*") if path.read_bytes() == content]
    for path in lost:
        path.unlink()
    wrong = {item.check for stage in audit.STAGES async for item in stage.run(doors.state)}
    assert {"bytes", "uploads"} <= wrong
    assert [item async for item in scrub.run(doors.state) if isinstance(item, scrub.Hit)]
    for path in lost:
        path.write_bytes(content)
    assert [item async for item in scrub.run(doors.state) if isinstance(item, scrub.Recovery)]
    assert isinstance(doors.state.db, Watched)
    await doors.state.db.inner.write(_damage, one.digest)
    assert (await doors.put_manifest("app", "damaged", one)).status == 201


async def _damage(tx: Tx, digest: str) -> None:
    await tx.run("UPDATE images SET manifest = :rotten WHERE digest = :digest", rotten=b"\0", digest=digest)


async def _upkeep(state: State, clock: Clock) -> None:
    strict = replace(state, rules=state.rules._replace(any_signature=False, default_account="999999999999"))
    key = await login.first_key(strict)
    await login.credentials(strict, key.key, None)
    assert await health.missing(state) is None
    assert await health.Overview(state).standing() is not None
    clock.move(state.rules.history_days * DAY)
    await jobs.schedule(state)
    await _stop_in_a_job(state)
    await _do_what_is_due(state)
    await collect_all(state)

"""S13: what somebody may not see cannot be told from what is not there, by text, by header, or by the work it takes.

Attacks: Harbor CVE-2019-19030 and CVE-2020-13794 (which projects and users there are), CVE-2020-29662 (the catalogue
without a login), CVE-2022-46463 (what a public project gives away), CVE-2023-20902 (the time that a comparison takes);
the container registry of GitHub told in a header which private names exist.

A clock would show the machine, so the work is counted: both answers take the same statements of the database. The
tables go over every operation and every path, so that a new one is in them without anybody thinking of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from support.answer import Answer
from support.content import UNKNOWN, UNKNOWN_UPLOAD, image, layer, sha256
from support.doors import Doors, new_doors
from support.somebody import OPERATIONS, STRANGER, Nobody, least, members, stranger, user
from support.state import ACCOUNT, REGISTRY, Clock
from wharfinger.contract.oci import ENDPOINTS

HOST: Final = f"{ACCOUNT}.dkr.ecr.{REGISTRY.region}.localhost:5050"
LAYER: Final = layer()
PATHS: Final[Mapping[str, str]] = {
    "manifest": "manifests/v1",
    "uploads": "blobs/uploads/",
    "upload": f"blobs/uploads/{UNKNOWN_UPLOAD}",
    "blob": f"blobs/{sha256(LAYER)}",
    "tags": "tags/list",
    "referrers": f"referrers/{UNKNOWN}",
}
Way = Callable[[Doors, str], Awaitable[Answer]]


def by_call(operation: str) -> Way:
    """A call that names a repository of the account, whoever makes it."""
    resource = OPERATIONS[operation].resource or ""
    first, *rest = resource.split("_")
    member = first + "".join(map(str.capitalize, rest))

    async def call(doors: Doors, name: str) -> Answer:
        named: Any = {"resourceArn": REGISTRY.arn(name), "repositoryNames": [name]}.get(member, name)
        registry = {"registryId": ACCOUNT} if "registryId" in members(operation) else {}
        return await doors.asked(operation, **{**least(operation), **registry, member: named})

    return call


def by_request(method: str, path: str) -> Way:
    """A request to the data plane of the account, whoever makes it."""

    async def request(doors: Doors, name: str) -> Answer:
        return await doors.oci(method, f"{name}/{path}", headers={"host": HOST})

    return request


CALLS: Final = {name: by_call(name) for name, operation in OPERATIONS.items() if operation.resource is not None}
REQUESTS: Final = {
    f"{method} {endpoint.name}": by_request(method, PATHS[endpoint.name])
    for endpoint in ENDPOINTS
    if "name" in endpoint.pattern.groupindex
    for method in endpoint.actions
}


class Seen(NamedTuple):
    """All that somebody learns from an answer, the name that was asked for aside."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    statements: int

    @property
    def is_refusal(self) -> bool:
        """Whether the right was missing, and nothing else hindered it before."""
        return self.status in {401, 403} or b"AccessDeniedException" in self.body


async def seen(doors: Doors, way: Way, name: str) -> Seen:
    before = doors.state.db.statements
    answer = await way(doors, name)
    headers = {key: value for key, value in answer.headers.items() if key != "x-amzn-requestid"}
    return Seen(answer.status, headers, answer.body.replace(name.encode(), b"?"), doors.state.db.statements - before)


async def told_apart(doors: Doors, ways: Mapping[str, Way]) -> dict[str, Any]:
    """The ways that answer otherwise for `there` than for `where`, or do not refuse."""
    found = {}
    for called, way in ways.items():
        await way(doors, "third")  # who it is and what it may do is remembered from here on
        there, missing = await seen(doors, way, "there"), await seen(doors, way, "where")
        if there != missing or not there.is_refusal:
            found[called] = (there, missing)
    return found


@pytest.fixture
async def owner(tmp_path: Path, clock: Clock) -> AsyncIterator[Doors]:
    """An account with the repository `there`, which has an image, tags and a policy for somebody else; not `where`."""
    async with new_doors(tmp_path / "data", clock) as doors:
        await doors.served("CreateRepository", repositoryName="there", tags=[{"Key": "team", "Value": "a"}])
        await doors.push("there", image(LAYER), "v1")
        policy = f'{{"Statement": {{"Effect": "Allow", "Principal": {{"AWS": "{"3" * 12}"}}, "Action": "ecr:*"}}}}'
        await doors.served("SetRepositoryPolicy", repositoryName="there", policyText=policy)
        yield doors


def test_every_path_that_names_a_repository_is_in_the_table() -> None:
    assert PATHS.keys() == {endpoint.name for endpoint in ENDPOINTS if "name" in endpoint.pattern.groupindex}


async def test_the_owner_tells_them_apart_by_every_path(owner: Doors) -> None:
    """Else the tests below would compare nothing with nothing."""
    reading = {name: way for name, way in REQUESTS.items() if name.startswith(("GET", "HEAD")) and "upload" not in name}
    assert (await told_apart(owner, reading)).keys() == reading.keys()
    assert all(there != missing for there, missing in (await told_apart(owner, reading)).values())


async def test_a_repository_of_another_account_cannot_be_told_from_none(owner: Doors) -> None:
    assert await told_apart(stranger(owner), {**CALLS, **REQUESTS}) == {}


async def test_a_repository_cannot_be_told_from_none_by_a_user_without_a_right(owner: Doors) -> None:
    assert await told_apart(await user(owner, "nobody"), {**CALLS, **REQUESTS}) == {}


async def test_a_repository_cannot_be_told_from_none_by_who_has_rights_to_others(owner: Doors) -> None:
    other = await user(owner, "other", {"Action": "*", "Resource": REGISTRY.arn("mine/*")})
    assert await told_apart(other, {**CALLS, **REQUESTS}) == {}


async def test_a_repository_that_is_closed_to_somebody_cannot_be_told_from_none_that_is(owner: Doors) -> None:
    closed = {"Effect": "Deny", "Action": "*", "Resource": [REGISTRY.arn(name) for name in ("there", "where", "third")]}
    other = await user(owner, "other", {"Action": "*"}, closed)
    assert await told_apart(other, {**CALLS, **REQUESTS}) == {}


async def test_a_repository_cannot_be_told_from_none_without_a_login(owner: Doors) -> None:
    assert await told_apart(Nobody(owner.state), REQUESTS) == {}


async def test_what_is_open_to_everybody_does_not_give_the_others_away(owner: Doors) -> None:
    """But that there is something for everybody, without which docker would not ask."""
    policy = '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}}'
    await owner.served("SetRepositoryPolicy", repositoryName="app", policyText=policy)
    assert await told_apart(Nobody(owner.state), REQUESTS) == {}


async def test_the_catalogue_is_shown_to_nobody_without_a_login(owner: Doors) -> None:
    answer = await Nobody(owner.state).oci("GET", "_catalog", headers={"host": HOST})
    assert (answer.status, b"there" in answer.body) == (401, False)


async def test_an_account_cannot_be_told_from_none(owner: Doors) -> None:
    """A registry is there for who is let in, and for nobody else."""
    doors = stranger(owner)
    texts = []
    for account in (ACCOUNT, "4" * 12):
        host = {"host": HOST.replace(ACCOUNT, account)}
        answers = [
            await doors.asked("DescribeRepositories", registryId=account),
            await doors.oci("GET", "there/tags/list", headers=host),
            await doors.oci("GET", "_catalog", headers=host),
        ]
        texts.append([(answer.status, answer.body.replace(account.encode(), b"?")) for answer in answers])
    assert texts[0] == texts[1]


async def test_a_mount_does_not_tell_whether_another_repository_has_a_blob(owner: Doors) -> None:
    await owner.served("PutAccountSetting", name="BLOB_MOUNTING", value="ENABLED")
    pusher = await user(owner, "pusher", {"Action": "ecr:*", "Resource": REGISTRY.arn("app")})

    async def mounted(digest: str, source: str) -> tuple[int, int]:
        before = owner.state.db.statements
        answer = await pusher.oci("POST", f"app/blobs/uploads/?mount={digest}{source}")
        return answer.status, owner.state.db.statements - before

    await mounted(UNKNOWN, "&from=third")
    asked = [(sha256(LAYER), "&from=there"), (sha256(LAYER), "&from=where"), (UNKNOWN, "&from=fourth")]
    assert len({await mounted(*one) for one in asked}) == 1
    assert (await mounted(sha256(LAYER), ""))[0] == (await mounted(UNKNOWN, ""))[0] == 202


async def test_a_download_address_of_another_account_is_refused_before_its_layer_is_looked_for(owner: Doors) -> None:
    """A token that was not given out costs no statement, whatever it is said to be for."""
    doors = Nobody(owner.state)
    found = {}
    for path in (f"there/blobs/{sha256(LAYER)}", f"where/blobs/{UNKNOWN}"):
        before = owner.state.db.statements
        answer = await doors.oci("GET", f"{path}?token=AAAA", headers={"host": HOST})
        found[path] = (answer.status, answer.body, owner.state.db.statements - before)
    assert len(set(found.values())) == 1
    assert STRANGER not in str(found)

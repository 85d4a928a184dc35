"""S15: nothing that somebody pushed or wrote becomes a page, a script or an address in somebody else's browser.

Attacks: Harbor CVE-2025-32019 (a script in a description), CVE-2024-22244 (an address that leads anywhere),
CVE-2019-19025 (a request that another site lets a browser make), Quay CVE-2020-27832 and CVE-2023-3384 (a script in
labels).

There is no console yet, so there are no cookies, forms or pages; what a browser could be misled by today is an answer
of the two doors. A console will bring its own tests here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from support.answer import Answer
from support.content import DOCKER_LIST, OCI_EMPTY, UNKNOWN, UNKNOWN_UPLOAD, image, index, sha256
from support.doors import Doors, new_doors
from support.state import Clock

SCRIPT: Final = "<script>alert(1)</script>"
PAGE: Final = f"<!DOCTYPE html><html>{SCRIPT}</html>".encode()
FROM_ELSEWHERE: Final = {"origin": "https://evil.example", "referer": "https://evil.example/"}
MACHINES: Final = {"/", "/healthz", "/readyz", "/x", "/favicon.ico"}


@pytest.fixture
async def doors(tmp_path: Path, clock: Clock) -> AsyncIterator[Doors]:
    """With scripts wherever somebody can put a text."""
    async with new_doors(tmp_path / "data", clock) as opened:
        marked = image(
            annotations={SCRIPT: SCRIPT}, labels={SCRIPT: SCRIPT}, config_type=OCI_EMPTY, artifact_type="text/html"
        )
        await opened.push("app", marked, "v1")
        await opened.push("app", image(subject=marked, artifact_type="text/html", annotations={SCRIPT: SCRIPT}))
        await opened.push("app", index(marked, media_type=DOCKER_LIST), "both")
        await opened.push_blob("app", PAGE, sha256(PAGE))
        await opened.served("PutHold", repositoryName="app", image="v9", reason=SCRIPT)
        await opened.served("CreatePlan", filters={"repositories": ["app"]}, description=SCRIPT)
        yield opened


async def answers(doors: Doors, headers: Mapping[str, str] | None = None) -> dict[str, Answer]:
    """One of each kind that a browser could get, with a script in all that is echoed."""
    [marked] = (await doors.served("BatchGetImage", repositoryName="app", imageIds=[{"imageTag": "v1"}]))["images"]
    digest = marked["imageId"]["imageDigest"]
    paths = ["", "_catalog", "app/tags/list", "app/tags/list?n=1", "app/manifests/v1", "app/manifests/both", "token"]
    paths += [f"app/referrers/{digest}", f"app/blobs/{sha256(PAGE)}", f"app/blobs/{UNKNOWN}", SCRIPT, "app/x"]
    paths += [f"{SCRIPT}/manifests/x", f"app/manifests/{SCRIPT}", f"app/blobs/{SCRIPT}", f"app/tags/list?last={SCRIPT}"]
    found = {f"GET {path}": await doors.oci("GET", path, headers=headers) for path in paths}
    found["PUT"] = await doors.oci("PUT", "app/manifests/v2", PAGE, {"content-type": "text/html", **(headers or {})})
    found["POST"] = await doors.oci("POST", f"app/blobs/uploads/?mount={SCRIPT}&from={SCRIPT}", headers=headers)
    found["DELETE"] = await doors.oci("DELETE", f"app/blobs/uploads/{UNKNOWN_UPLOAD}", headers=headers)
    found["anonymous"] = await doors.request("GET", "/v2/", headers={"host": SCRIPT, **(headers or {})})
    for operation in ("ListHolds", "ListPlans", "DescribeImages"):
        more = {} if operation == "ListPlans" else {"repositoryName": "app"}
        found[operation] = await doors.asked(operation, **more)
    found["call refused"] = await doors.asked("DescribeImages", repositoryName=SCRIPT)
    found["no operation"] = await doors.raw("ecr", SCRIPT, b"{}")
    found |= {path: await doors.request("GET", path, headers=headers) for path in sorted(MACHINES)}
    return found


async def test_no_answer_is_a_page_whatever_is_in_it(doors: Doors) -> None:
    found = await answers(doors)
    types = {answer.headers.get("content-type", "").partition(";")[0] for answer in found.values()}
    assert any(SCRIPT.encode() in answer.body for answer in found.values())
    of_calls = "application/x-amz-json-1.1"
    others = {kind for kind in types if not kind.endswith("json")}
    assert others == {"", of_calls, "application/octet-stream", "text/plain"}
    assert all(answer.body == b"" for answer in found.values() if "content-type" not in answer.headers)


async def test_no_answer_may_be_guessed_to_be_a_page(doors: Doors) -> None:
    lacking = [
        name
        for name, answer in (await answers(doors)).items()
        if answer.headers.get("x-content-type-options") != "nosniff"
    ]
    assert lacking == []


async def test_no_answer_leads_a_browser_elsewhere(doors: Doors) -> None:
    """No redirect at all, and every address in an answer is one of this server."""
    for name, answer in (await answers(doors, FROM_ELSEWHERE)).items():
        assert answer.status // 100 != 3, name
        assert "refresh" not in answer.headers
        assert answer.headers.get("location", "/").startswith("/v2/") or "location" not in answer.headers
        assert "evil.example" not in str(answer.headers)


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "/v2//evil.example/", "/v2/app/blobs/uploads//evil"]
)
async def test_a_path_with_two_slashes_leads_nowhere(doors: Doors, path: str) -> None:
    answer = await doors.request("GET", path, headers=FROM_ELSEWHERE)
    assert answer.status in {401, 404}
    assert "location" not in answer.headers


async def test_no_page_of_another_site_can_read_an_answer(doors: Doors) -> None:
    told = {
        name: answer.headers
        for name, answer in (await answers(doors, FROM_ELSEWHERE)).items()
        if any(header.lower().startswith("access-control-") for header in answer.headers)
    }
    assert told == {}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_no_page_of_another_site_can_change_anything_with_a_login_that_a_browser_keeps(
    doors: Doors, method: str
) -> None:
    """A browser asks before it sends these methods for another site, and is not told that it may."""
    asking = {**FROM_ELSEWHERE, "access-control-request-method": method}
    for path in ("app/manifests/v1", f"app/blobs/{sha256(PAGE)}", "app/blobs/uploads/x"):
        answer = await doors.oci("OPTIONS", path, headers=asking)
        assert answer.status == 405
        assert not any(header.lower().startswith("access-control-") for header in answer.headers)


async def test_a_form_of_another_site_makes_no_call(doors: Doors) -> None:
    """What a form can send has neither the content type of a call nor its signature."""
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
        answer = await doors.request("POST", "/", b"{}", {"content-type": kind, **FROM_ELSEWHERE})
        assert answer.status in {400, 403, 415}
    answer = await doors.request("POST", "/?Action=DeleteRepository", b"", FROM_ELSEWHERE)
    assert answer.status in {400, 403}


async def test_no_cookie_is_given_or_taken(doors: Doors) -> None:
    given = [name for name, answer in (await answers(doors)).items() if "set-cookie" in answer.headers]
    assert given == []
    [token] = (await doors.served("GetAuthorizationToken"))["authorizationData"]
    cookie = {"cookie": f"authorization=Basic {token['authorizationToken']}"}
    assert (await doors.request("GET", "/v2/", headers=cookie)).status == 401

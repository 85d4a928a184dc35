"""A machine that does what can be done through either door: both have to show what a plain dictionary says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from support.answer import Answer
from support.content import OCI_CONFIG, UNKNOWN
from support.doors import Body, Doors
from support.http_doors import HttpDoors
from support.invariants import broken, left_over
from support.repository_model import (
    ARTIFACT_TYPES,
    BLOBS,
    IMAGES,
    MUTABILITIES,
    OFTEN,
    ONE,
    SIGNATURE,
    TAGS,
    TWO,
    Id,
    Model,
)
from support.state import Clock, collect_all, create_repository, empty
from wharfinger.state import State

T = TypeVar("T")


class BothDoors(RuleBasedStateMachine):
    """The data plane is that of one worker, the JSON API that of another."""

    runner: asyncio.Runner
    states: tuple[State, State]
    directory: Path
    clock: Clock

    def __init__(self) -> None:
        super().__init__()
        self.oci, self.ecr = self.doors()
        self.model = Model()
        self.now: int | None = None

    # --- where it runs

    def doors(self) -> tuple[Doors | HttpDoors, Doors | HttpDoors]:
        """That of the data plane, and that of the JSON API."""
        return Doors(self.states[0]), Doors(self.states[1])

    def empty(self) -> None:
        """Forget what the last example did."""
        self.run(empty(self.states[0], self.directory))

    def create(self) -> None:
        """The repository."""
        self.run(create_repository(self.states[0]))

    def let_time_pass(self) -> int | None:
        """The time that it is then; None if nobody knows exactly."""
        self.clock.move(1000)
        return self.clock()

    def collect_by(self, worker: int) -> None:
        """Remove what nobody needs."""
        self.run(collect_all(self.states[worker]))

    def look_behind_the_doors(self) -> None:
        """At rows and bytes."""
        self.collect_by(0)
        assert broken(self.directory) == []
        assert left_over(self.directory, self.clock()) == []

    # --- how it asks

    def run(self, call: Awaitable[T]) -> T:
        async def wait() -> T:
            return await call

        return self.runner.run(wait())

    def call(self, operation: str, **arguments: object) -> Answer:
        return self.run(self.ecr.ecr(operation, repositoryName="app", **arguments))

    def ask(self, method: str, path: str, body: bytes | Body = b"", **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.run(self.oci.oci(method, f"app/{path}" if not path.startswith("/") else path, body, sent))

    @initialize(tagged=st.lists(st.sampled_from(list(IMAGES)), max_size=len(TAGS), unique=True))
    def begin_anew(self, tagged: list[str]) -> None:
        """With some images that have one tag each, which is where the hard cases are."""
        self.empty()
        self.create()
        for digest, tag in zip(tagged, TAGS, strict=False):
            self.push_through_the_data_plane(digest, [tag], complete=True)

    # --- uploads

    @rule(digest=st.sampled_from(list(BLOBS)), way=st.sampled_from(["whole", "streamed", "chunked", "parts"]))
    def upload(self, digest: str, way: str) -> None:
        content = BLOBS[digest]
        if way == "parts":
            self.upload_by_parts(digest, content)
        elif way == "whole":
            assert self.ask("POST", f"blobs/uploads/?digest={digest}", content).status == 201
        else:
            path = self.ask("POST", "blobs/uploads/").headers["location"]
            half = len(content) // 2
            if way == "chunked":
                assert self.ask("PATCH", path, content[:half], Content_Range=f"0-{half - 1}").status == 202
                assert self.ask("PATCH", path, content[half:]).status == 202
            else:
                assert self.ask("PATCH", path, Body([content[:half], content[half:]])).status == 202
            assert self.ask("PUT", f"{path}?digest={digest}").status == 201
        self.model.blobs.add(digest)

    def upload_by_parts(self, digest: str, content: bytes) -> None:
        where = {"uploadId": self.call("InitiateLayerUpload").json["uploadId"]}
        last = len(content) - 1
        part = self.call("UploadLayerPart", **where, partFirstByte=0, partLastByte=last, layerPartBlob=content)
        assert part.json["lastByteReceived"] == last
        answer = self.call("CompleteLayerUpload", **where, layerDigests=[digest])
        if digest in self.model.blobs:
            assert answer.code == "LayerAlreadyExistsException"
        else:
            assert answer.json["layerDigest"] == digest

    @rule(digest=st.sampled_from([*BLOBS, UNKNOWN]))
    def delete_a_blob(self, digest: str) -> None:
        answer = self.ask("DELETE", f"blobs/{digest}")
        if digest not in self.model.blobs:
            assert (answer.status, answer.code) == (404, "BLOB_UNKNOWN")
        elif any(digest in IMAGES[one].blobs for one in self.model.pushed):
            assert (answer.status, answer.code) == (405, "UNSUPPORTED")
        else:
            assert answer.status == 202
            self.model.blobs.remove(digest)

    # --- pushes

    @rule(
        digest=st.sampled_from(OFTEN),
        tags=st.lists(st.sampled_from(TAGS), max_size=3),
        complete=st.sampled_from([True, True, True, False]),
    )
    def push_through_the_data_plane(self, digest: str, tags: list[str], complete: bool) -> None:
        self.make_complete(digest, complete)
        reference = tags[0] if len(tags) == 1 else f"{digest}?{'&'.join(f'tag={tag}' for tag in tags)}"
        one = IMAGES[digest]
        answer = self.ask("PUT", f"manifests/{reference}", one.manifest, Content_Type=one.media_type)
        problems = self.model.problems(digest, tags)
        if problems:
            words = {"tag": "TAG_INVALID", "layers": "MANIFEST_BLOB_UNKNOWN", "children": "MANIFEST_BLOB_UNKNOWN"}
            assert answer.code in {words[problem] for problem in problems}
        else:
            assert (answer.status, answer.headers["docker-content-digest"]) == (201, digest)
            self.model.push(digest, tags, self.now)

    @rule(
        digest=st.sampled_from(OFTEN),
        tag=st.sampled_from([None, *TAGS]),
        complete=st.sampled_from([True, True, True, False]),
    )
    def push_through_the_api(self, digest: str, tag: str | None, complete: bool) -> None:
        self.make_complete(digest, complete)
        one = IMAGES[digest]
        more = {"imageTag": tag} if tag is not None else {}
        answer = self.call("PutImage", imageManifest=one.text, imageManifestMediaType=one.media_type, **more)
        tags = [tag] if tag is not None else []
        problems = self.model.problems(digest, tags)
        if problems:
            words = {
                "tag": "ImageTagAlreadyExistsException",
                "layers": "LayersNotFoundException",
                "children": "ReferencedImagesNotFoundException",
            }
            assert answer.code in {words[problem] for problem in problems}
        elif not self.model.push(digest, tags, self.now):
            assert answer.code == "ImageAlreadyExistsException"
        else:
            assert answer.json["image"]["imageId"] == Id(digest, tag).shown()

    @precondition(lambda self: self.model.pushed)
    @rule(data=st.data(), tags=st.lists(st.sampled_from(TAGS), min_size=1, max_size=2, unique=True))
    def tag_what_is_there(self, data: st.DataObject, tags: list[str]) -> None:
        self.push_through_the_data_plane(data.draw(st.sampled_from(list(self.model.pushed))), tags, complete=True)

    def make_complete(self, digest: str, complete: bool) -> None:
        """Push what an image needs, in most cases, so that there is something to look at."""
        self.now = self.let_time_pass()
        if not complete:
            return
        for child in IMAGES[digest].children:
            self.make_complete(child.digest, complete)
            self.run(self.oci.put_manifest("app", child.digest, child))
            self.model.push(child.digest, [], self.now)
        for needed in IMAGES[digest].blobs.keys() - self.model.blobs:
            self.upload(needed, "whole")

    @rule(chosen=st.sampled_from(MUTABILITIES))
    def change_the_mutability(self, chosen: tuple[str, tuple[str, ...]]) -> None:
        self.model.setting, self.model.filters = chosen
        filters = [{"filterType": "WILDCARD", "filter": pattern} for pattern in chosen[1]]
        more = {"imageTagMutabilityExclusionFilters": filters} if filters else {}
        assert self.call("PutImageTagMutability", imageTagMutability=chosen[0], **more).status == 200

    # --- deletes

    def ids(self) -> st.SearchStrategy[Id]:
        """What is there, in each of the ways to name it; sometimes what is not, or is none."""
        lines = [line for digest in self.model.pushed for line in self.model.lines_of(digest)]
        named = [*lines, *(Id(line.digest, None) for line in lines), *(Id(None, line.tag) for line in lines)]
        strange = st.builds(
            Id, st.sampled_from([None, *IMAGES, UNKNOWN, "malformed"]), st.sampled_from([None, *TAGS, "unknown"])
        )
        return st.one_of(*[st.sampled_from(named)] * 3, strange) if named else strange

    @rule(data=st.data())
    def delete_images(self, data: st.DataObject) -> None:
        asked = data.draw(st.lists(self.ids(), min_size=1, max_size=4))
        answer = self.call("BatchDeleteImage", imageIds=[item.shown() for item in asked]).json
        entries, failures = self.model.batch_delete(asked)
        assert sorted(answer["imageIds"], key=str) == sorted((item.shown() for item in entries), key=str)
        told = [(item["imageId"], item["failureCode"]) for item in answer["failures"]]
        assert told == [(item.shown(), code) for item, code in failures]

    @rule(data=st.data())
    def delete_through_the_data_plane(self, data: st.DataObject) -> None:
        there = [*self.model.tags, *self.model.pushed] or [UNKNOWN]
        reference = data.draw(st.one_of(*[st.sampled_from(there)] * 3, st.sampled_from([*IMAGES, *TAGS, UNKNOWN])))
        answer = self.ask("DELETE", f"manifests/{reference}")
        is_tag = reference in TAGS
        digest = self.model.tags.get(reference) if is_tag else reference
        if digest not in self.model.pushed:
            assert (answer.status, answer.code) == (404, "MANIFEST_UNKNOWN")
        elif is_tag and (len(self.model.tags_of(digest)) > 1 or self.model.holders(digest)):
            assert answer.status == 202
            del self.model.tags[reference]
        elif self.model.holders(digest):
            assert (answer.status, answer.code) == (405, "UNSUPPORTED")
        else:
            assert answer.status == 202
            self.model.delete(digest)

    @rule(force=st.sampled_from([False, False, False, True]))
    def delete_the_repository_and_make_it_again(self, force: bool) -> None:
        answer = self.call("DeleteRepository", force=force)
        if self.model.pushed and not force:
            assert answer.code == "RepositoryNotEmptyException"
        else:
            assert answer.status == 200
            self.create()
            self.model = Model()

    @rule(worker=st.sampled_from([0, 1]))
    def collect(self, worker: int) -> None:
        """At any moment, by any worker: nobody sees it."""
        self.collect_by(worker)

    # --- what both doors show

    @invariant()
    def both_list_the_same(self) -> None:
        assert self.tags_by_pages() == sorted(self.model.tags)
        lines = self.by_pages("ListImages", "imageIds")
        assert len(lines) == len(self.model.lines())
        assert {Id(item["imageDigest"], item.get("imageTag")) for item in lines} == self.model.lines()

    @invariant()
    def both_serve_the_same_bytes(self) -> None:
        present = {**{digest: digest for digest in self.model.pushed}, **self.model.tags}
        for reference in (*IMAGES, *TAGS):
            answer = self.ask("GET", f"manifests/{reference}")
            if reference in present:
                assert (answer.status, answer.body) == (200, IMAGES[present[reference]].manifest)
            else:
                assert (answer.status, answer.code) == (404, "MANIFEST_UNKNOWN")
        ids = [Id(digest, None) for digest in IMAGES] + [Id(None, tag) for tag in TAGS]
        batch = self.call("BatchGetImage", imageIds=[item.shown() for item in ids]).json
        for item in batch["images"]:
            assert item["imageManifest"] == IMAGES[item["imageId"]["imageDigest"]].text
        assert {Id(item["imageId"]["imageDigest"], item["imageId"].get("imageTag")) for item in batch["images"]} == (
            self.model.lines()
        )
        missing = [item.shown() for item in ids if (item.digest or item.tag) not in present]
        assert [(item["imageId"], item["failureCode"]) for item in batch["failures"]] == [
            (item, "ImageNotFound") for item in missing
        ]

    @invariant()
    def images_are_described_as_they_are(self) -> None:
        described = self.by_pages("DescribeImages", "imageDetails")
        assert [item["imageDigest"] for item in described] == list(self.model.pushed)
        for item in described:
            one = IMAGES[item["imageDigest"]]
            assert sorted(item.get("imageTags", [])) == sorted(self.model.tags_of(one.digest))
            assert item["imageSizeInBytes"] == one.size
            pushed_at = self.model.pushed[one.digest]
            assert pushed_at is None or item["imagePushedAt"] == pushed_at / 1000
            assert item["imageManifestMediaType"] == one.media_type
            assert item.get("subjectManifestDigest") == (ONE.digest if one is SIGNATURE else None)
            expected = None if one.children else ARTIFACT_TYPES.get(one.digest, OCI_CONFIG)
            assert item.get("artifactMediaType") == expected

    @invariant()
    def both_know_the_referrers(self) -> None:
        expected = [SIGNATURE.digest] if SIGNATURE.digest in self.model.pushed else []
        index_ = self.ask("GET", f"referrers/{ONE.digest}").json
        assert [item["digest"] for item in index_["manifests"]] == expected
        listed = self.call("ListImageReferrers", subjectId={"imageDigest": ONE.digest}).json["referrers"]
        assert [item["digest"] for item in listed] == expected
        assert self.ask("GET", f"referrers/{TWO.digest}").json["manifests"] == []

    @invariant()
    def both_have_the_same_blobs(self) -> None:
        layers = self.call("BatchCheckLayerAvailability", layerDigests=list(BLOBS)).json["layers"]
        available = {item["layerDigest"] for item in layers if item["layerAvailability"] == "AVAILABLE"}
        assert available == self.model.blobs

    def teardown(self) -> None:
        """What takes longer to look at is looked at in the end."""
        self.look_behind_the_doors()
        for digest, content in BLOBS.items():
            answer = self.ask("GET", f"blobs/{digest}")
            assert answer.status == (200 if digest in self.model.blobs else 404)
            assert answer.status == 404 or answer.content == content
            assert self.ask("HEAD", f"blobs/{digest}").status == answer.status
        for tag in TAGS:
            answer = self.ask("HEAD", f"manifests/{tag}")
            assert answer.headers.get("docker-content-digest") == self.model.tags.get(tag)
        ids = [{"imageTag": tag} for tag in TAGS]
        described = self.call("DescribeImages", imageIds=ids)
        if self.model.tags.keys() >= set(TAGS):
            assert {item["imageDigest"] for item in described.json["imageDetails"]} == set(self.model.tags.values())
        else:
            assert described.code == "ImageNotFoundException"

    def tags_by_pages(self) -> list[str]:
        """Three at a time, as the Link headers lead."""
        found: list[str] = []
        path: str | None = "tags/list?n=3"
        while path is not None:
            answer = self.ask("GET", path)
            found += answer.json["tags"]
            link = answer.headers.get("link")
            path = link[1 : link.index(">")] if link else None
        return found

    def by_pages(self, operation: str, member: str) -> list[dict[str, Any]]:
        """Three at a time, as the tokens lead."""
        found: list[dict[str, Any]] = []
        more: dict[str, object] = {}
        while True:
            answer = self.call(operation, maxResults=3, **more).json
            found += answer[member]
            if "nextToken" not in answer:
                return found
            more = {"nextToken": answer["nextToken"]}

"""Registries with random images that share layers, and what they take up by looking at everything, each time anew."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from support.content import OCI_EMPTY, Image, image, index, sha256
from support.doors import Doors
from support.state import ACCOUNT
from wharfinger.state import State

_ACCOUNTS = (ACCOUNT, "999999999999")
_LAYERS = [bytes([number]) * (10**number) for number in range(1, 6)] + [bytes([number]) * number for number in (6, 7)]
_TAGS = ("a", "b", "c", "d")


class Expected(NamedTuple):
    """What the three operations have to answer."""

    registries: dict[str, dict[str, int]]  # by account
    repositories: dict[str, dict[str, dict[str, int]]]  # by account and name
    images: dict[tuple[str, str], dict[str, dict[str, Any]]]  # by account and repository, by digest


class World:
    """Two registries with three repositories each. `known` has every image that was ever pushed."""

    names = ("app", "one", "two")

    def __init__(self, state: State) -> None:
        self.doors = [Doors(state, account) for account in _ACCOUNTS]
        self.known: dict[str, Image] = {}
        self.subjects: dict[str, str] = {}
        self.alive: dict[tuple[str, str], dict[str, list[str]]] = {}  # digests with their tags
        self.binned: dict[tuple[str, str], list[str]] = {}
        self.pushed: dict[tuple[str, str], set[bytes]] = {}

    @classmethod
    async def grown(cls, state: State, chance: random.Random) -> World:
        """A world after a few dozen pushes and deletions."""
        world = cls(state)
        for doors in world.doors:
            for name in world.names:
                if (doors.account, name) != (ACCOUNT, "app"):
                    await doors.served("CreateRepository", repositoryName=name)
                world.pushed[doors.account, name] = set()
        for number in range(40):
            doors, name = chance.choice(world.doors), chance.choice(world.names)
            step = chance.choices([world._push, world._delete, world._push_a_layer], [6, 2, 1])[0]
            await step(doors, name, chance, number)
            await world._look(doors, name)
        return world

    async def _push(self, doors: Doors, name: str, chance: random.Random, number: int) -> None:
        here = [self.known[digest] for digest in self.alive.get((doors.account, name), ())]
        kind = chance.choice(["image", "image", "again", "index", "referrer"])
        if kind == "index" and here:
            pushed = index(*chance.sample(here, min(len(here), 2)), annotations={"number": str(number)})
        elif kind == "again" and self.known:
            pushed = chance.choice(list(self.known.values()))
        else:
            subject = chance.choice(here) if kind == "referrer" and here else None
            layers = chance.sample(_LAYERS, chance.randint(1, 3))
            pushed = image(*layers, config_type=OCI_EMPTY, subject=subject, annotations={"number": str(number)})
            if subject is not None:
                self.subjects[pushed.digest] = subject.digest
        await doors.push(name, pushed, *chance.sample(_TAGS, chance.choice([0, 1])))
        self._note(pushed)
        self.pushed[doors.account, name].update(_contents(pushed))

    async def _push_a_layer(self, doors: Doors, name: str, chance: random.Random, _: int) -> None:
        content = chance.choice([*_LAYERS, b"spare" * 20])
        await doors.push_blob(name, content, sha256(content))
        self.pushed[doors.account, name].add(content)

    async def _delete(self, doors: Doors, name: str, chance: random.Random, _: int) -> None:
        here = sorted(self.alive.get((doors.account, name), ()))
        ids = [{"imageDigest": digest} for digest in chance.sample(here, min(len(here), 2))]
        if ids:
            await doors.served("BatchDeleteImage", repositoryName=name, imageIds=ids)

    def _note(self, pushed: Image) -> None:
        self.known[pushed.digest] = pushed
        for child in pushed.children:
            self._note(child)

    async def _look(self, doors: Doors, name: str) -> None:
        key = (doors.account, name)
        self.alive[key] = {}
        for item in (await doors.served("ListImages", repositoryName=name, maxResults=1000))["imageIds"]:
            tags = self.alive[key].setdefault(item["imageDigest"], [])
            tags += [item["imageTag"]] if "imageTag" in item else []
        found = await doors.served("ListDeletedImages", repositoryName=name, maxResults=1000)
        self.binned[key] = [item["imageDigest"] for item in found["images"]]


def brute_force(world: World) -> Expected:
    """Every figure, by its definition."""
    registries = {}
    repositories: dict[str, dict[str, dict[str, int]]] = {}
    images = {}
    for doors in world.doors:
        account = doors.account
        mine = [key for key in world.pushed if key[0] == account]
        repositories[account] = {}
        for key in mine:
            figures = _figures(world, [key])
            repositories[account][key[1]] = {**figures, "freedBytes": figures["uniqueBytes"]}
            images[key] = {digest: _image(world, key, digest) for digest in world.alive.get(key, ())}
        waiting = set().union(*(world.pushed[key] for key in mine)) - _held(world, world.pushed) - _in_bin(world)
        registries[account] = {
            "repositoryCount": len(mine),
            **_figures(world, mine),
            "waitingBytes": _size(waiting),
        }
    return Expected(registries, repositories, images)


def _figures(world: World, keys: list[tuple[str, str]]) -> dict[str, int]:
    used = [content for key in keys for digest in world.alive.get(key, ()) for content in _own(world, digest)]
    stored, elsewhere = set(used), _held(world, [key for key in world.pushed if key not in keys])
    in_bin = {content for key in keys for digest in world.binned.get(key, ()) for content in _own(world, digest)}
    return {
        "imageCount": sum(len(world.alive.get(key, ())) for key in keys),
        "logicalBytes": _size(used),
        "storedBytes": _size(stored),
        "uniqueBytes": _size(stored - elsewhere),
        "sharedBytes": _size(stored & elsewhere),
        "binBytes": _size(in_bin - _held(world, world.pushed)),
    }


def _image(world: World, key: tuple[str, str], digest: str) -> dict[str, Any]:
    own, elsewhere = _own(world, digest), _held(world, [other for other in world.pushed if other != key])
    going = _going(world, world.alive[key], digest)
    tags = sorted(world.alive[key][digest])
    return {
        **({"imageTags": tags} if tags else {}),
        "logicalBytes": _size(own),
        "uniqueBytes": _size(own - elsewhere - _of(world, set(world.alive[key]) - {digest})),
        "sharedBytes": _size(own & (elsewhere | _of(world, set(world.alive[key]) - {digest}))),
        "freedBytes": _size(_of(world, going) - elsewhere - _of(world, set(world.alive[key]) - going)),
    }


def _going(world: World, alive: Mapping[str, list[str]], root: str) -> set[str]:
    """An image with its children and referrers, and theirs, that no tag and no other index keeps."""
    going = {root}
    while True:
        more = {
            digest
            for digest, tags in alive.items()
            if digest not in going
            and not tags
            and (world.subjects.get(digest) in going or any(digest in _children(world, other) for other in going))
            and all(other in going for other in alive if digest in _children(world, other))
        }
        if not more:
            return going
        going |= more


def _children(world: World, digest: str) -> set[str]:
    return {child.digest for child in world.known[digest].children}


def _own(world: World, digest: str) -> set[bytes]:
    return set(world.known[digest].blobs.values())


def _of(world: World, digests: Iterable[str]) -> set[bytes]:
    return {content for digest in digests for content in _own(world, digest)}


def _held(world: World, keys: Iterable[tuple[str, str]]) -> set[bytes]:
    return {content for key in keys for content in _of(world, world.alive.get(key, ()))}


def _in_bin(world: World) -> set[bytes]:
    return {content for binned in world.binned.values() for content in _of(world, binned)}


def _contents(pushed: Image) -> set[bytes]:
    found = set(pushed.blobs.values())
    for child in pushed.children:
        found |= _contents(child)
    return found


def _size(contents: Iterable[bytes]) -> int:
    return sum(map(len, contents))

"""Referrers of what was deleted go after it, into the same place of the bin, unless something keeps them."""

from __future__ import annotations

import pytest

from support.content import image, index
from support.place import Place
from wharfinger.services import collect
from wharfinger.services.remove import REFERRERS_WAIT


async def test_referrers_follow_their_subject_into_the_bin_after_a_while(place: Place) -> None:
    subject = image()
    signature = image(subject=subject)
    of_signature = image(subject=signature)
    await place.pushed(subject, signature, of_signature)
    await place.delete(subject)
    place.clock.move(REFERRERS_WAIT - 1)
    await collect.run(place.state)
    assert await place.present(signature, of_signature) == [signature, of_signature]
    place.clock.move(1)
    await place.settle()
    assert await place.present(signature, of_signature) == []
    await place.restore(signature, of_signature)


@pytest.mark.parametrize("because", ["it has a tag", "its subject came back", "an index lists it", "it is held"])
async def test_a_referrer_stays(place: Place, because: str) -> None:
    subject = image()
    signature = image(subject=subject)
    await place.pushed(subject, signature)
    if because == "it has a tag":
        await place.doors.put_manifest("app", "signature", signature)
    elif because == "an index lists it":
        await place.doors.push("app", index(signature), "index")
    elif because == "it is held":
        await place.doors.served("PutHold", repositoryName="app", image=signature.digest, reason="evidence")
    await place.delete(subject)
    if because == "its subject came back":
        await place.doors.push("app", subject)
    place.clock.move(REFERRERS_WAIT)
    await place.settle()
    assert await place.present(signature) == [signature]


async def test_more_referrers_follow_than_one_step_takes(place: Place) -> None:
    subject = image()
    await place.doors.push("app", subject)
    base = image(subject=subject)
    await place.pushed(base)
    for number in range(collect._STEP + 10):
        one = base._replace(manifest=base.manifest + b" " * (number + 1))
        assert (await place.doors.put_manifest("app", one.digest, one)).status == 201
    await place.delete(subject)
    place.clock.move(REFERRERS_WAIT)
    await place.settle()
    assert (await place.doors.served("ListImages", repositoryName="app"))["imageIds"] == []


async def test_referrers_follow_where_there_is_no_bin_too(place: Place) -> None:
    subject = image()
    signature = image(subject=subject)
    await place.pushed(subject, signature)
    await place.delete(subject, doors=place.without_a_bin)
    await place.settle()
    assert (await place.present(signature), place.files()) == ([], 0)


async def test_referrers_follow_a_subject_that_went_from_the_bin_before_they_did(place: Place) -> None:
    subject = image()
    signature = image(subject=subject)
    await place.pushed(subject, signature)
    await place.delete(subject)
    await place.doors.served("EmptyBin", all=True)
    await place.settle()
    assert (await place.present(signature), place.files()) == ([], 0)

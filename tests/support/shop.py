"""The registry that the guides are about: two repositories, pushed to over two months."""

from __future__ import annotations

from pathlib import Path

from support.content import OCI_EMPTY, image, index, layer
from support.doors import Doors
from support.server import REGION
from support.state import Clock, prepared, settings_of
from wharfinger.state.clock import DAY, system_clock

ACCOUNT = "000000000000"
SETTINGS = {"region": REGION}
_KIBIBYTE = 1024


async def push_to_shop(directory: Path) -> None:
    """Make a data directory with the images of the guides in it; no server has run there yet."""
    today = system_clock()
    clock = Clock(today - 60 * DAY)
    async with prepared(directory, clock) as state:
        doors = Doors(state, ACCOUNT, settings=settings_of(directory))
        for name in ("shop/web", "shop/api"):
            await doors.served("CreateRepository", repositoryName=name)
        base = layer(200 * _KIBIBYTE)
        for number in range(1, 6):
            clock.now = today - (60 - 10 * number) * DAY
            await doors.push("shop/web", image(base, layer(50 * _KIBIBYTE)), f"v{number}", "latest")
        for number, days in ((101, 45), (102, 35), (103, 5)):
            clock.now = today - days * DAY
            await doors.push("shop/api", image(base, layer(20 * _KIBIBYTE)), f"pr-{number}")
        clock.now = today - 12 * DAY
        release = index(image(base, architecture="amd64"), image(base, architecture="arm64"))
        await doors.push("shop/api", release, "1.0")
        sbom = image(layer(), subject=release, artifact_type="application/spdx+json", config_type=OCI_EMPTY)
        await doors.push("shop/api", sbom)
        for days in (46, 6):
            clock.now = today - days * DAY
            await doors.push("shop/api", image(base, layer(20 * _KIBIBYTE)), "nightly")

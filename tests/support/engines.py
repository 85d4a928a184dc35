"""Images that a docker engine has without building any."""

from __future__ import annotations

import io
import os
import tarfile

from support.shell import Shell


def tree() -> bytes:
    """A root file system with one file of random bytes."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("file")
        member.size = 100_000
        archive.addfile(member, io.BytesIO(os.urandom(member.size)))
    return file.getvalue()


def build(shell: Shell, name: str, files: bytes, **labels: str) -> str:
    """An image of one layer, as `docker import` makes it; its id."""
    changes = [word for key, value in labels.items() for word in ("--change", f"LABEL {key}={value}")]
    return shell.run("docker", "import", *changes, "-", name, stdin=files).strip()

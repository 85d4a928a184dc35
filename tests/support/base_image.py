"""The root file system of a base image, made of this machine's own Python: no registry to pull one from is needed."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_WHEELS = Path("/usr/share/python-wheels")  # where Debian keeps what ensurepip installs
_LIBRARY = re.compile(r"(/\S+) \(0x")
# what wheels load that were built for many systems
_MORE = ("libgcc_s.so.1", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0")
_LEFT_OUT = {"test", "tests", "site-packages", "dist-packages", "__pycache__", "idlelib", "tkinter", "turtledemo"}


def write(archive: Path) -> None:
    """Write it as a tar file: `/usr/bin/python3`, all that belongs to it, and the certificates of authorities."""
    standard = Path(sysconfig.get_path("stdlib"))
    python = Path(sys._base_executable).resolve()  # type: ignore[attr-defined] # what the venv was made from
    modules = (standard / "lib-dynload").glob("*.so")
    with tarfile.open(archive, "w") as tar:
        for path in (python, standard, _WHEELS, AUTHORITIES):
            if path.exists():
                tar.add(path.resolve(), path, filter=_wanted)
        for library in sorted(set(_libraries([python, *modules]))):
            tar.add(library.resolve(), library, filter=_wanted)
        if python != Path("/usr/bin/python3"):
            link = tarfile.TarInfo("usr/bin/python3")
            link.type, link.linkname = tarfile.SYMTYPE, str(python)
            tar.addfile(link)


def _wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if Path(member.name).name in _LEFT_OUT else member


def _libraries(programs: Iterable[Path]) -> Iterator[Path]:
    printed = subprocess.run(["ldd", *programs], check=False, capture_output=True, text=True).stdout
    found = {Path(name) for name in _LIBRARY.findall(printed)}
    yield from found
    for directory in {library.parent for library in found}:
        yield from (path for name in _MORE if (path := directory / name).exists())

"""What other programs print is understood, and said so where it is not."""

from __future__ import annotations

import pytest
from bench.targets.ceilings import speed
from bench.targets.target import filesystem, path_of
from bench.workloads.starts import synced

OPENSSL = """\
version: 3.0.19
The 'numbers' are in 1000s of bytes per second processed.
type        1048576 bytes
sha256         1048576.00k
"""


def test_the_speed_of_openssl_is_in_thousands_of_bytes() -> None:
    assert speed(OPENSSL) == 1000


def test_openssl_that_prints_no_speed_is_an_error() -> None:
    with pytest.raises(ValueError, match="printed no rate"):
        speed("speed: unknown option")


def test_an_interrupted_sync_is_counted_once() -> None:
    trace = "12 fsync(9 <unfinished ...>\n13 fdatasync(4)       = 0\n12 <... fsync resumed>) = 0\n13 +++ exited +++\n"
    assert synced(trace) == 2


def test_a_directory_is_on_the_innermost_file_system() -> None:
    mounts = "a / ext4 rw 0 0\nb /dev tmpfs rw 0 0\nc /dev/shm ramfs rw 0 0\nd /devices xfs rw 0 0\n"
    assert filesystem("/dev/shm/x", lambda: mounts) == "ramfs"


@pytest.mark.parametrize("location", ["/v2/a/blobs/uploads/1?x=y", "http://127.0.0.1:5000/v2/a/blobs/uploads/1?x=y"])
def test_a_location_may_be_a_whole_url(location: str) -> None:
    assert path_of(location) == "/v2/a/blobs/uploads/1?x=y"

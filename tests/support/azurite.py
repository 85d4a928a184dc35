"""Azure's own emulator of its blob storage, started once for all tests of a process."""

from __future__ import annotations

import atexit
import base64
import functools
import hashlib
import hmac
import http.client
import shutil
import subprocess
from contextlib import closing
from email.utils import formatdate

from support.poll import until_listening
from support.ports import free_port
from support.programs import need
from support.scratch import scratch

# of the emulator, the same everywhere and no secret
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
CONTAINER = "wharfinger"


@functools.cache
def endpoint() -> str:
    """Where it listens; started at the first question, ended with the process that asked."""
    home = scratch("wharfinger-azurite-")
    port = free_port()
    with (home / "log").open("wb") as log:
        command = [
            "setpriv",
            "--pdeathsig",
            "KILL",
            need("azurite-blob"),
            "--blobHost",
            "127.0.0.1",
            "--blobPort",
            str(port),
            "--location",
            str(home),
        ]
        process = subprocess.Popen([*command, "--skipApiVersionCheck", "--silent"], stdout=log, stderr=log)
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    atexit.register(process.wait)
    atexit.register(process.terminate)
    until_listening(port, home / "log")
    _make_container(port)
    return f"http://127.0.0.1:{port}/{ACCOUNT}"


def _make_container(port: int) -> None:
    """The one call that obstore does not have; signed as the documentation of Azure's shared key says."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
    signed = "".join(f"{name}:{value}\n" for name, value in headers.items())
    resource = f"/{ACCOUNT}/{ACCOUNT}/{CONTAINER}\nrestype:container"
    text = "PUT" + "\n" * 12 + signed + resource
    signature = base64.b64encode(hmac.digest(base64.b64decode(KEY), text.encode(), hashlib.sha256)).decode()
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{signature}"
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("PUT", f"/{ACCOUNT}/{CONTAINER}?restype=container", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 201, answer.read()

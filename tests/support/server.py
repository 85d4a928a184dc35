"""A Wharfinger that really runs, as its own process, started as a user would."""

from __future__ import annotations

import contextlib
import functools
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
import botocore.session
from botocore.config import Config

from support import postgresql
from support.ports import free_port
from support.stores import rights, settings_for
from wharfinger import contract
from wharfinger.server.tls import any_certificate

# the same end-to-end tests run on a second web server: TEST_SERVER=uvicorn
WEB_SERVER = os.environ.get("TEST_SERVER", "granian")
REGION = "eu-central-1"
MODELS = Path(contract.__file__).with_name("models")
_START_SECONDS = 20
_ON_UVICORN = Path(__file__).with_name("on_uvicorn.py")


class Server:
    """Starts with `with` or `start`, stops with it or `stop`; `kill` is kill -9."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self.directory = directory
        self.address = str(settings.get("host", "127.0.0.1"))
        self.port = free_port()
        self.settings = {"data": directory, "port": self.port, **settings_for(directory), **settings}
        if postgresql.is_of(directory):
            self.settings.setdefault("database", postgresql.database_of(directory))
        self.inside: tuple[str, ...] = ()  # what the command that starts it begins with
        self.log = directory.with_name(directory.name + ".log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """Host and port, as docker takes them."""
        return f"{self.address}:{self.port}"

    @property
    def endpoint(self) -> str:
        """As AWS clients take it."""
        return f"{'https' if self.is_encrypted else 'http'}://{self.host}"

    @property
    def is_encrypted(self) -> bool:
        """Whether it speaks TLS."""
        return "tls_cert" in self.settings

    @property
    def is_open(self) -> bool:
        """Whether it takes any signature."""
        return bool(self.settings.get("open", False))

    @property
    def pid(self) -> int:
        """Of the parent process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> Self:
        """Start, and wait until it is ready."""
        self.launch()
        self.wait()
        return self

    def launch(self) -> None:
        """Start, and wait for nothing."""
        environment = {**_clean_environment(), **rights(str(self.settings.get("store", "")))}
        for name, value in self.settings.items():
            environment[f"WHARFINGER_{name.upper()}"] = str(value).lower() if isinstance(value, bool) else str(value)
        command = [sys.executable, "-m", "wharfinger", "serve"]
        if WEB_SERVER == "uvicorn":
            command = [sys.executable, str(_ON_UVICORN)]
        command = [*self.inside, *command]
        with self.log.open("ab") as log:
            # a session of its own, so that kill reaches the workers too
            self._process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def wait(self) -> None:
        """Until it answers; fails with the log if it ends."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                raise AssertionError(f"the server ended with {self._process.returncode}:\n{self.log.read_text()}")
            with (
                contextlib.suppress(OSError, http.client.HTTPException),
                contextlib.closing(self._connection()) as connection,
            ):
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            time.sleep(0.02)
        raise AssertionError(f"the server did not get ready:\n{self.log.read_text()}")

    def _connection(self) -> http.client.HTTPConnection:
        if self.is_encrypted:
            return http.client.HTTPSConnection(self.address, self.port, timeout=2, context=any_certificate())
        return http.client.HTTPConnection(self.address, self.port, timeout=2)

    def stop(self) -> int:
        """End by SIGTERM; the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=60)

    def kill(self) -> None:
        """kill -9 of the parent and all workers, in the middle of whatever they do."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def workers(self) -> list[int]:
        """The process ids of the workers."""
        found: list[int] = []
        for children in Path(f"/proc/{self.pid}/task").glob("*/children"):  # a thread has those that it started
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended
                found += map(int, children.read_text().split())
        return found

    def taker(self, connection: http.client.HTTPConnection) -> int:
        """The worker that answers on a connection; it is asked something."""
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        end = _other_end(connection, self.port)
        return next(worker for worker in self.workers() or [self.pid] if end in _open_files(worker))

    @contextlib.contextmanager
    def connected(self, worker: int) -> Iterator[http.client.HTTPConnection]:
        """A connection that this worker has taken, and keeps."""
        with contextlib.ExitStack() as stack:
            while True:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                stack.enter_context(contextlib.closing(connection))
                if self.taker(connection) == worker:
                    break
            yield connection

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop()

    def ecr(self, key: str, secret: str = "secret", region: str = REGION, endpoint: str | None = None) -> Any:
        """A boto3 client. On an open server, a key of 12 digits is the account."""
        return self._client(boto3, "ecr", key, secret, region, endpoint)

    def wharfinger(self, key: str, secret: str = "secret", region: str = REGION) -> Any:
        """A boto3 client of Wharfinger's own service, as its model describes it."""
        return self._client(with_models(), "wharfinger", key, secret, region)

    def _client(
        self, factory: Any, service: str, key: str, secret: str, region: str, endpoint: str | None = None
    ) -> Any:
        return factory.client(
            service,
            endpoint_url=endpoint or self.endpoint,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(retries={"max_attempts": 1, "mode": "standard"}, max_pool_connections=50),
        )

    def environment(self, **settings: str) -> dict[str, str]:
        """What `wharfinger env` exports, for clients that run as processes."""
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        printed = self.told("env", *options).stdout
        lines = [line.removeprefix("export ") for line in printed.splitlines() if line.startswith("export ")]
        return dict(line.split("=", 1) for line in lines)

    def told(self, command: str, *options: str) -> subprocess.CompletedProcess[str]:
        """What a command that succeeds says of the data directory."""
        arguments = [sys.executable, "-m", "wharfinger", command, "--data", str(self.directory), *options]
        needed = {**self.where(), **rights(str(self.settings.get("store", ""))), **self._variables("master_key")}
        environment = {**_clean_environment(), **needed}
        return subprocess.run(arguments, check=True, capture_output=True, text=True, env=environment)

    def where(self) -> dict[str, str]:
        """The variables by which commands find the data that is not in the directory; a store they may not read."""
        return self._variables("database", "store")

    def _variables(self, *names: str) -> dict[str, str]:
        """Those of the settings that have these names, as variables."""
        return {f"WHARFINGER_{name.upper()}": str(self.settings[name]) for name in names if name in self.settings}


@functools.cache
def with_models() -> boto3.Session:
    """A session that knows Wharfinger's own service; one for all, for it reads much."""
    session = botocore.session.get_session()
    session.get_component("data_loader").search_paths.append(str(MODELS))
    return boto3.Session(botocore_session=session)


def _clean_environment() -> dict[str, str]:
    """Without what the tests themselves are told by variables."""
    return {key: value for key, value in os.environ.items() if not key.startswith("WHARFINGER_")}


def _other_end(connection: http.client.HTTPConnection, port: int) -> str:
    """What the server's file is called that this connection leads to."""
    ends = f":{port:04X}", f":{connection.sock.getsockname()[1]:04X}"
    rows = map(str.split, Path("/proc/net/tcp").read_text().splitlines())
    return next(f"socket:[{row[9]}]" for row in rows if row[1].endswith(ends[0]) and row[2].endswith(ends[1]))


def _open_files(process: int) -> set[str]:
    found = set()
    for file in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it was just closed
            found.add(str(file.readlink()))
    return found

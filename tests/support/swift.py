"""A real S3 server that checks signatures: OpenStack Swift with its S3 API, one disk, in a directory of its own."""

from __future__ import annotations

import atexit
import functools
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from support.poll import until_listening
from support.ports import free_port
from support.scratch import scratch_with_attributes

KEY, SECRET, BUCKET = "test:tester", "testing", "wharfinger"
_SERVERS = ("account", "container", "object", "proxy")
_BACKEND = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
devices = {home}/devices
mount_check = false
user = root
swift_dir = {home}
workers = 0
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""
_PROXY = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = root
swift_dir = {home}
workers = 0
[pipeline:main]
pipeline = catch_errors cache s3api tempauth copy slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
# it gives up on its own parts after half a second, and on a busy machine says that an object is not there
conn_timeout = 30
node_timeout = 60
recoverable_node_timeout = 60
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""
_RINGS = """
import sys
from swift.common.ring import RingBuilder
home, *named = sys.argv[1:]
for name, port in zip(named[::2], named[1::2]):
    builder = RingBuilder(4, 1, 0)
    builder.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port), "device": "disk", "weight": 1.0})
    builder.rebalance()
    builder.get_ring().save(f"{home}/{name}.ring.gz")
"""
_CLUSTER = "[swift-hash]\nswift_hash_path_suffix = wharfinger\n[storage-policy:0]\nname = one\ndefault = yes\n"


@functools.cache
def endpoint() -> str:
    """Where it listens; started at the first question, ended with the process that asked."""
    home = scratch_with_attributes("wharfinger-swift-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    (home / "devices" / "disk").mkdir(parents=True)
    (home / "swift.conf").write_text(_CLUSTER)
    ports = {name: free_port() for name in _SERVERS}
    _make_rings(home, {name: ports[name] for name in _SERVERS[:3]})
    for name, port in ports.items():
        template = _PROXY if name == "proxy" else _BACKEND
        (home / f"{name}.conf").write_text(template.format(name=name, home=home, port=port))
        _start(home, name)
    for name, port in ports.items():
        until_listening(port, home / f"{name}.log")
    address = f"http://127.0.0.1:{ports['proxy']}"
    client(address).create_bucket(Bucket=BUCKET)
    return address


def client(address: str) -> Any:
    """A boto3 client of a server there."""
    return boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
    )


def _make_rings(home: Path, ports: Mapping[str, int]) -> None:
    """Where rows of each kind are: all on the one disk. Swift's own program for it would have to start nine times."""
    arguments = [str(home), *(word for name, port in ports.items() for word in (name, str(port)))]
    subprocess.run([sys.executable, "-c", _RINGS, *arguments], check=True, capture_output=True)


def _start(home: Path, name: str) -> None:
    with (home / f"{name}.log").open("wb") as log:
        # ended with the tests, also where those are killed
        command = ["setpriv", "--pdeathsig", "KILL", _program(f"swift-{name}-server"), str(home / f"{name}.conf"), "-v"]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    atexit.register(process.wait)
    atexit.register(process.terminate)


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))

"""Private local servers listen on 127.0.0.1 alone and leave no process, no port and no file behind."""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.local.mongodb import ELECTION_TIMEOUT_MS
from tests.support.provided.servers import LocalServers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
_LISTEN = "0A"
_LOOPBACK_4 = "0100007F"
_LOOPBACK_6 = "00000000000000000000000001000000"


@pytest.fixture
def provider() -> Iterator[LocalServers]:
    servers = LocalServers()
    yield servers
    servers.close()


def _processes_naming(text: str) -> set[int]:
    """The processes with this text in their command or environment: all that belong to one private folder."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                described = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except OSError:
                continue
            if text.encode() in described:
                found.add(int(entry.name))
    return found


def _listening(pids: set[int]) -> set[str]:
    """The addresses that these processes listen on, as the kernel writes them: hexadecimal, bytes reversed."""
    sockets = set()
    for handle in (handle for pid in pids for handle in Path(f"/proc/{pid}/fd").iterdir()):
        with suppress(FileNotFoundError):  # closed since it was listed
            sockets.add(os.readlink(handle))
    addresses = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN and f"socket:[{fields[9]}]" in sockets:
                addresses.add(fields[1].partition(":")[0])
    return addresses


def test_nothing_is_left_of_servers_that_were_closed(provider: LocalServers) -> None:
    folder = str(provider.folder)
    servers = [provider.mongodb(3, ELECTION_TIMEOUT_MS), provider.redis(), provider.rabbitmq()]
    try:
        for server in servers:
            server.start()
        running = _processes_naming(folder)
        assert len(running) >= 6, "three mongod, redis-server, the Erlang node and its port mapper"
        assert _LOOPBACK_4 in _listening(running)
        assert _listening(running) <= {_LOOPBACK_4, _LOOPBACK_6}
    finally:
        for server in servers:
            server.close()
    assert _processes_naming(folder) == set()
    provider.close()
    assert not Path(folder).exists()

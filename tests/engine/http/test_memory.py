"""The worst clients at once make no service take more memory than its pod may, and it still answers others."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import yaml

from deploy.checkout import CHECKOUT
from deploy.local.services import NAMES
from tests.engine.http.cases import CHUNKED, END, GET, HOST, POST
from tests.engine.http.raw import live
from tests.support.services.system import System

MIB = 1024 * 1024
HALF_BODY = POST + HOST + b"Content-Length: 1000000\r\n\r\n" + b"a" * 990_000
HALF_CHUNKS = POST + HOST + CHUNKED + END + b"f0000\r\n" + b"a" * 980_000
HALF_HEAD = GET + HOST + b"X-A: " + b"a" * 32_000
BULK = b"POST /api/v1/commands HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n" + CHUNKED + END
NOISE = b"f000\r\n" + b'{"command": "nothing"}\n'.ljust(0xF000, b"\n") + b"\r\n"
PAGES = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
CROWDS = ((150, HALF_BODY), (150, HALF_CHUNKS), (800, HALF_HEAD), (40, PAGES), (20, BULK + NOISE * 40))


async def test_the_worst_clients_at_once_leave_a_service_within_its_pod(
    patient: System,
) -> None:
    for name in NAMES:
        port = int(patient[name].url.rpartition(":")[2])
        async with AsyncExitStack() as stack:
            for count, sent in CROWDS:
                await asyncio.gather(*(stack.enter_async_context(stuck(port, sent)) for _ in range(count)))
                assert (await live(port)).status == 200
            peak = peak_bytes(patient[name].pid)
        assert peak < limit_of(name), f"{name}: {peak / MIB:.0f} MiB"


@asynccontextmanager
async def stuck(port: int, sent: bytes) -> AsyncIterator[None]:
    """A client that sends this, as far as it is taken, and reads nothing."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", port))
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        with suppress(TimeoutError, ConnectionError):
            await asyncio.wait_for(loop.sock_sendall(client, sent), 1)
        yield


def peak_bytes(pid: int | None) -> int:
    """The most memory that a process has had."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def limit_of(service: str) -> int:
    """The memory that a pod of this service may take."""
    documents = yaml.safe_load_all((CHECKOUT / f"deploy/kubernetes/base/{service}.yaml").read_text())
    (deployment,) = [document for document in documents if document["kind"] == "Deployment"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    memory: str = container["resources"]["limits"]["memory"]
    assert memory.endswith("Mi")
    return int(memory[:-2]) * MIB

"""A proxy that keeps its connections open for less time than the service does never meets a closed one."""

import asyncio

from tests.engine.http.conftest import IMPATIENT
from tests.engine.http.raw import PROBE, Talk, talk

KEPT_SECONDS = float(IMPATIENT["TWINPATH_HTTP_KEEP_ALIVE_SECONDS"])
PROXY_SECONDS = KEPT_SECONDS * 60 / 75
"""A gateway's share of it, as by default: deploy/kubernetes has 60 of 75 seconds."""


class Proxy:
    """Passes a client's requests on over a connection of its own, which it keeps."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A client's connection: each request over the same connection to the service; 502 where that has ended."""
        async with talk(self._port) as service:
            while head := await read_head(reader):
                writer.write(await self._answer(service, head))
        writer.close()

    async def _answer(self, service: Talk, head: bytes) -> bytes:
        await service.send(head)
        answer = await service.answer()
        status = answer.status if answer is not None else 502
        return b"HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n" % status


async def read_head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


async def test_a_connection_that_a_proxy_keeps_for_less_is_there_when_it_is_used_again(ports: dict[str, int]) -> None:
    async def used(port: int, pause: float) -> list[int]:
        proxy = await asyncio.start_server(Proxy(port).serve, "127.0.0.1", 0)
        async with proxy, talk(proxy.sockets[0].getsockname()[1]) as client:
            statuses = []
            for _ in range(3):
                await client.send(PROBE)
                answer = await client.answer()
                assert answer is not None
                statuses.append(answer.status)
                assert not await client.ends_within(pause)
            return statuses

    pauses = [PROXY_SECONDS * share / 8 for share in range(1, 9)]
    came = await asyncio.gather(*(used(port, pause) for port in ports.values() for pause in pauses))
    assert {status for statuses in came for status in statuses} == {200}

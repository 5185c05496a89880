"""A TCP proxy that lets a server do what it was asked for, and then cuts the connection instead of answering."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from deploy.local.ports import HOST

_CHUNK = 1 << 20


class CuttingProxy:
    """Of the requests that have one of these `words` in them, `percent` get no answer."""

    def __init__(self, port: int, words: Sequence[bytes], percent: int) -> None:
        self._server_port = port
        self._words = words
        self._percent = percent
        self.port = 0
        self.cuts = 0
        self.connections: set[asyncio.Task[None]] = set()

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection."""
        connection = asyncio.create_task(self._pass_on(reader, writer))
        self.connections.add(connection)
        connection.add_done_callback(self.connections.remove)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until one of its ends closes it or it is cut."""
        server_reader, server_writer = await asyncio.open_connection(HOST, self._server_port)
        cut = asyncio.Event()
        pumps = [
            asyncio.create_task(self._ask(reader, server_writer, cut)),
            asyncio.create_task(self._answer(server_reader, writer, cut)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for end in (writer, server_writer):
                end.transport.abort()
                with suppress(OSError):
                    await end.wait_closed()

    async def _ask(self, client: asyncio.StreamReader, server: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        while request := await client.read(_CHUNK):
            if any(word in request for word in self._words) and random.randrange(100) < self._percent:
                cut.set()
            server.write(request)
            await server.drain()

    async def _answer(self, server: asyncio.StreamReader, client: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        while answer := await server.read(_CHUNK):
            if cut.is_set():
                self.cuts += 1
                return
            client.write(answer)
            await client.drain()


@asynccontextmanager
async def cutting(port: int, words: Sequence[bytes], percent: int = 60) -> AsyncIterator[CuttingProxy]:
    """A proxy of the server on this port of 127.0.0.1."""
    proxy = CuttingProxy(port, words, percent)
    server = await asyncio.start_server(proxy.serve, HOST, 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        connections = list(proxy.connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

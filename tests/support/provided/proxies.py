"""TCP proxies of a server: one that cuts connections instead of answering, and one that is shut, or slow, as told."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from deploy.local.ports import HOST

_CHUNK = 1 << 20


class Proxy:
    """Passes on what a client asks a server on 127.0.0.1, and what that answers."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self.port = 0
        self.cuts = 0
        """Answers that were cut."""
        self.connections: set[asyncio.Task[None]] = set()

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection."""
        connection = asyncio.create_task(self._pass_on(reader, writer))
        self.connections.add(connection)
        connection.add_done_callback(self.connections.remove)

    async def end(self) -> None:
        """Cut every connection."""
        connections = list(self.connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

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
            if self._is_cut(request):
                cut.set()
            server.write(request)
            await server.drain()

    async def _answer(self, server: asyncio.StreamReader, client: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        while answer := await server.read(_CHUNK):
            if cut.is_set():
                self.cuts += 1
                return
            await self._hinder()
            client.write(answer)
            await client.drain()

    def _is_cut(self, request: bytes) -> bool:
        """Whether this request gets no answer."""
        return False

    async def _hinder(self) -> None:
        """What an answer waits for."""


class CuttingProxy(Proxy):
    """Of the requests that have one of these `words` in them, `percent` are done and get no answer."""

    def __init__(self, port: int, words: Sequence[bytes], percent: int) -> None:
        super().__init__(port)
        self._words = words
        self._percent = percent

    def _is_cut(self, request: bytes) -> bool:
        return any(word in request for word in self._words) and random.randrange(100) < self._percent


class Door(Proxy):
    """A server behind it is as if killed while it is shut, and slow while answers wait for `seconds`."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.seconds = 0.0
        self._is_open = True

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_open:
            super().serve(reader, writer)
        else:
            writer.transport.abort()

    async def shut(self) -> None:
        """Cut every connection, and take no other."""
        self._is_open = False
        await self.end()

    def open(self) -> None:
        """Take connections again."""
        self._is_open = True

    async def _hinder(self) -> None:
        await asyncio.sleep(self.seconds)


AnyProxy = TypeVar("AnyProxy", bound=Proxy)


@asynccontextmanager
async def serving(proxy: AnyProxy) -> AsyncIterator[AnyProxy]:
    """The proxy, on a port of its own."""
    server = await asyncio.start_server(proxy.serve, HOST, 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.end()

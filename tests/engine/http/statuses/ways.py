"""Ways to an answer: a request that would be taken is changed, or something happens before or while it is made."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import orjson

from tests.engine.http.raw import Answer, live, talk
from tests.engine.http.statuses.asking import HOST, Asking, Header, Operation
from tests.engine.http.statuses.callers import CALLERS
from tests.engine.http.statuses.desk import JSON, Desk
from tests.engine.support.requests import Asked
from twinpath.ids import uuid7

Change = Callable[[Asking], Asking]
Go = Callable[[Desk, Operation], Awaitable[list[Answer]]]


@dataclass(frozen=True)
class Way:
    """A way to an answer, gone on those services that have this state."""

    name: str
    state: str
    go: Go
    readable: bool = True
    """Whether the page that asks may read the answer, as the server says to its browser."""


def changed(name: str, change: Change, state: str = "plain") -> Way:
    """A request that is changed."""

    async def go(desk: Desk, operation: Operation) -> list[Answer]:
        return await change(await desk.asking(operation)).of(desk.port(state))

    return Way(name, state, go)


def header(name: str, value: str, state: str = "plain") -> Way:
    """A request with this header."""
    pair = name.encode(), value.encode()
    return changed(f"{name}: {value[:40]}", lambda asking: asking.with_headers(pair), state)


def of_caller(kind: str, *headers: tuple[bytes, bytes], state: str = "asking") -> Way:
    """A request of somebody to a service that asks who that is."""
    return changed(
        f"{kind} {headers}",
        lambda asking: replace(asking, token=CALLERS.headers[kind]).with_headers(*headers),
        state,
    )


def query(query: str) -> Way:
    return changed(f"?{query[:40]}", lambda asking: replace(asking, query=query))


def body(body: bytes) -> Way:
    return changed(f"the body {body[:40]!r}", lambda asking: replace(asking, body=body) if asking.body else asking)


def of(name: str, ids: Mapping[str, str]) -> Way:
    """A request with other ids in its path."""
    return changed(name, lambda asking: replace(asking, ids={**asking.ids, **ids}))


def instead(fields: Mapping[str, str]) -> Way:
    """A request with these fields as its body."""
    return body(orjson.dumps(fields))


def troubled(error: Exception, state: str, *headers: Header) -> Way:
    async def go(desk: Desk, operation: Operation) -> list[Answer]:
        asking = (await desk.asking(operation)).with_headers(*headers)
        desk.workshop.trouble(error)
        try:
            return await asking.of(desk.port(state))
        finally:
            desk.workshop.trouble(None)

    return Way(f"stores that raise {type(error).__name__}", state, go)


async def of_tomorrow(desk: Desk, operation: Operation) -> list[Answer]:
    asking = await desk.asking(operation)
    return await replace(asking, ids=await desk.from_tomorrow()).of(desk.port("plain"))


async def twice(desk: Desk, operation: Operation) -> list[Answer]:
    asking = await desk.asking(operation)
    return await asking.of(desk.port("plain")) + await asking.of(desk.port("plain"))


async def closed(desk: Desk, operation: Operation) -> list[Answer]:
    if operation.method == "GET":
        return []
    asking = await desk.asking(operation)
    await desk.command("POST", f"/api/v1/repairs/{asking.ids['repair_id']}/close", {"resolution": "New pads."})
    return await asking.of(desk.port("plain"))


async def erased(desk: Desk, operation: Operation) -> list[Answer]:
    asking = await desk.asking(operation)
    owner = {"owner_id": asking.ids["owner_id"]}
    await desk.command("DELETE", f"/api/v1/owners/{owner['owner_id']}")
    naming = asking
    if operation.kind == "command" and asking.body:
        naming = replace(asking, body=orjson.dumps(orjson.loads(asking.body) | owner))
    return await asking.of(desk.port("plain")) + await naming.of(desk.port("plain"))


async def reused(desk: Desk, operation: Operation) -> list[Answer]:
    key = b"Idempotency-Key", uuid7().encode()
    note = await desk.asking(operation)
    first = Asking("POST", f"/api/v1/repairs/{note.ids['repair_id']}/notes", {}, b'{"note": "x"}', [JSON, key])
    await first.of(desk.workshop.services["command"].ports["plain"])
    return await note.with_headers(key).of(desk.port("plain"))


async def crowded(desk: Desk, operation: Operation) -> list[Answer]:
    """A request has begun, and so many connections follow that it is the one that waits for longest."""
    asking = await desk.asking(operation)
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(talk(desk.port("hasty")))
        await connection.send(asking.head[:-2])
        for _ in range(16):
            await stack.enter_async_context(talk(desk.port("hasty")))
        answer = await connection.answer(operation.method.encode())
        return [answer] if answer else []


async def cut_short(desk: Desk, operation: Operation) -> list[Answer]:
    """Our own server lets no such body through, so the app is asked itself."""
    if operation.kind != "bulk":
        return []
    asking = await desk.asking(operation)
    headers = [("Content-Length", b"900"), ("Host", HOST), *((name.decode(), value) for name, value in asking.headers)]
    asked = await Asked(asking.method, asking.path, headers, [b"{}"]).of(desk.service.apps["plain"])
    return [Answer(asked.status, dict(asked.got), bytes(asked.content))]


async def many(desk: Desk, operation: Operation) -> list[Answer]:
    """More than are taken at once, none of which has come as a whole."""
    asking = await desk.asking(operation)
    begun = replace(asking, frames=[(b"Transfer-Encoding", b"chunked")]).head + b"1\r\n{\r\n"
    async with AsyncExitStack() as stack:
        if operation.kind == "bulk":
            for _ in range(16):
                connection = await stack.enter_async_context(talk(desk.port("plain")))
                await connection.send(begun)
        await live(desk.port("plain"))
        return await asking.of(desk.port("plain"))

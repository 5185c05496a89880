"""A service that ends while requests are only half there: what comes in time is carried out, nothing is carried out
half, and nobody new is let in."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest

from tests.engine.http.raw import Answer, Talk, live, talk
from tests.engine.http.served import Served, served
from tests.engine.workshop.application import COMMANDS, WORKSHOP
from tests.support.eventually import eventually
from twinpath.commands.app import create_app
from twinpath.http.settings import HttpSettings
from twinpath.identity.actors import Actors
from twinpath.testing import InMemorySystem

BODY = b'{"subject": "Brakes", "message": "They squeak."}'
LINE = b'{"command": "open_repair", "idempotency_key": "%d", "body": ' + BODY + b"}\n"
OPEN = b"POST /api/v1/repairs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
BULK = b"POST /api/v1/commands HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def system() -> InMemorySystem:
    return InMemorySystem(WORKSHOP)


@pytest.fixture
def seconds() -> float:
    """For which the rest of a request is waited for: longer than any test takes to send it, on a busy machine too."""
    return 30.0


@pytest.fixture
async def service(system: InMemorySystem, seconds: float) -> AsyncIterator[Served]:
    app = create_app(system.bus, COMMANDS, Actors(system.keys))
    limits = HttpSettings(http_body_seconds=seconds, http_head_seconds=seconds)
    async with system.app.router.lifespan_context(system.app), served(app, limits) as service:
        yield service


async def opened(system: InMemorySystem) -> int:
    """How many repairs the log has."""
    return sum((await system.store.heads()).values())


async def closed_to_others(service: Served) -> None:
    """Return when nobody new is let in."""

    async def nobody_is_let_in() -> bool:
        try:
            async with talk(service.port) as connection:
                return await connection.ends()
        except ConnectionError:
            return True

    service.stop()
    await eventually(nobody_is_let_in)


async def final(connection: Talk) -> Answer | None:
    answer = await connection.answer(b"POST")
    assert await connection.ends()
    return answer


@pytest.mark.parametrize("at", [0, 5, len(BODY) - 1], ids=["before", "within", "at the end of"])
async def test_a_command_whose_body_still_comes_is_carried_out_once_and_its_connection_ends(
    service: Served, system: InMemorySystem, at: int
) -> None:
    async with talk(service.port) as connection:
        await connection.send(OPEN + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY[:at])
        await live(service.port)
        await closed_to_others(service)
        assert await opened(system) == 0

        await connection.send(BODY[at:])
        answer = await final(connection)

        assert answer is not None
        assert (answer.status, answer.headers["connection"]) == (201, "close")
        assert await opened(system) == 1
    await asyncio.wait_for(service.running, 8)


@pytest.mark.parametrize("seconds", [3.0])
@pytest.mark.parametrize("sent", [OPEN[:20], OPEN, OPEN + b"Content-Length: 40\r\n\r\n" + BODY[:20]])
async def test_a_command_that_never_comes_as_a_whole_is_not_carried_out_and_does_not_hold_up_the_end(
    service: Served, system: InMemorySystem, sent: bytes
) -> None:
    async with talk(service.port) as idle, talk(service.port) as connection:
        await connection.send(sent)
        await live(service.port)
        service.stop()

        answer = await final(connection)

        assert answer is not None
        assert (answer.status, answer.problem["code"]) == (408, "request_timeout")
        assert await idle.ends()
        await asyncio.wait_for(service.running, 8)
    assert await opened(system) == 0


@pytest.mark.parametrize(("comes", "seconds"), [(True, 30.0), (False, 3.0)], ids=["comes", "is cut off"])
async def test_of_a_bulk_request_each_line_that_came_as_a_whole_is_carried_out_and_answered(
    service: Served, system: InMemorySystem, comes: bool
) -> None:
    first, second = LINE % 1, LINE % 2
    async with talk(service.port) as connection:
        begun = first + second[:30]
        await connection.send(BULK + CHUNKED + b"%x\r\n%b\r\n" % (len(begun), begun))
        await live(service.port)
        service.stop()
        if comes:
            rest = second[30:]
            await connection.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(rest), rest))
            answer = await final(connection)
            assert answer is not None
            assert [orjson.loads(line)["status"] for line in answer.body.splitlines()] == [201, 201]
        else:
            while await connection.reader.read(65536):
                pass
        await asyncio.wait_for(service.running, 8)
    assert await opened(system) == (2 if comes else 1)

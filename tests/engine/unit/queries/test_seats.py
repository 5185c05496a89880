"""Event streams are limited in all and for each caller, and who reads nothing is let go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message

from tests.engine.workshop.application import QUERIES
from tests.support.eventually import eventually
from tests.support.live_client import listening
from twinpath.errors import TooMany, Unavailable
from twinpath.identity.caller import Caller
from twinpath.queries.app import create_app
from twinpath.queries.endpoints import event_stream
from twinpath.queries.endpoints.seats import Seats
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore

PATH = "/repairs/events"


@pytest.fixture
async def app() -> AsyncIterator[FastAPI]:
    app = create_app(InMemoryViewStore(), InMemoryViewCache(), QUERIES, seats=Seats(most=5, most_of_caller=3))
    async with app.router.lifespan_context(app):
        yield app


@pytest.mark.parametrize(
    ("callers", "refused"),
    [
        ("aaa", None),
        ("aaaa", TooMany),
        ("aaabb", None),
        ("aaabbc", Unavailable),
        ("abcde", None),
        ("aaabbb", Unavailable),
    ],
)
def test_a_seat_more_than_there_are_is_refused(callers: str, refused: type[Exception] | None) -> None:
    seats = Seats(most=5, most_of_caller=3)
    with ExitStack() as stack:
        for caller in callers[:-1]:
            stack.enter_context(seats.taken({"client": (caller, 1)}))
        if refused is None:
            stack.enter_context(seats.taken({"client": (callers[-1], 1)}))
        else:
            with pytest.raises(refused):
                stack.enter_context(seats.taken({"client": (callers[-1], 1)}))
    for caller in "aaabb":  # all are given back
        with seats.taken({"client": (caller, 1)}):
            pass


def test_a_caller_who_is_known_is_counted_by_name() -> None:
    seats = Seats(most_of_caller=1)
    with seats.taken({"client": ("a", 1), "state": {"caller": Caller("keys", "ann")}}):
        with seats.taken({"client": ("a", 1), "state": {"caller": Caller("keys", "bob")}}):
            pass
        with pytest.raises(TooMany), seats.taken({"client": ("b", 1), "state": {"caller": Caller("keys", "ann")}}):
            pass


async def test_a_stream_too_many_is_told_to_come_back_and_a_closed_one_makes_room(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app, client=("", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://q") as client:
        async with AsyncExitStack() as stack:
            for _ in range(3):
                stream = await stack.enter_async_context(listening(app, PATH))
                await stream.next()
            refused = await client.get(f"/api/v1{PATH}")
            assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
            assert refused.headers["Retry-After"] == "1"
            assert (await client.get("/api/v1/repairs")).status_code == 200
        for _ in range(2):
            async with listening(app, PATH) as again:
                assert (await again.next()).name == "repairs"


async def test_a_client_that_takes_nothing_is_let_go(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "SEND_SECONDS", 0.05)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "path": f"/api/v1{PATH}",
        "raw_path": b"",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"q")],
    }

    async def no_message() -> Message:
        await asyncio.Event().wait()
        return {}

    async def taken_by_nobody(_: Message) -> None:
        await asyncio.Event().wait()

    await asyncio.wait_for(app(scope, no_message, taken_by_nobody), 10)

    async def nobody_listens() -> bool:
        return not app.state.queries.live.subscribers()

    await eventually(nobody_listens)


async def test_a_caller_holds_so_many_waits_and_no_more() -> None:
    store = InMemoryViewStore()
    waiting = Seats(most=3, most_of_caller=2, kind="waits")
    app = create_app(store, InMemoryViewCache(), QUERIES, causal_wait_seconds=0.05, waiting=waiting)
    async with app.router.lifespan_context(app), AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(name, 1)), base_url="http://workshop")
            )
            for name in "aaabb"
        ]
        later = {"Causal-Token": "repair.0:999"}
        answers = await asyncio.gather(*(client.get("/api/v1/repairs", headers=later) for client in clients))

    assert sorted((answer.status_code, answer.json()["code"]) for answer in answers) == [
        *[(202, "not_yet_visible")] * 3,
        (429, "too_many_waits"),
        (503, "too_many_waits"),
    ]

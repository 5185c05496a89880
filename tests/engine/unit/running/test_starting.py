"""A service answers for its health while it waits for its stores, begins when they are there, and ends in order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.support.eventually import eventually
from twinpath.errors import TwinpathError, Unavailable
from twinpath.http.health import health_routes
from twinpath.http.starting import RefusedUntilStarted
from twinpath.running.starting import Start


class Work:
    """Something to begin: it fails with each of `troubles` first."""

    def __init__(self, *troubles: Exception) -> None:
        self._troubles = list(troubles)
        self.seen: list[str] = []
        self.start = Start(self.working)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        if self._troubles:
            raise self._troubles.pop(0)
        self.seen.append("begun")
        yield
        self.seen.append("ended")

    async def begun(self) -> bool:
        return self.start.waits_for is None

    def client(self) -> httpx.AsyncClient:
        """An HTTP client of an app with this start."""
        routes = [*health_routes({"start": self.start.check}), Route("/thing", lambda _: PlainTextResponse("yes"))]
        app = RefusedUntilStarted(Starlette(routes=routes), self.start)
        return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_it_begins_once_the_stores_are_there_and_ends_when_it_is_left() -> None:
    work = Work(Unavailable("away"))
    async with work.start.running():
        await eventually(work.begun)
        assert work.seen == ["begun"]
    assert work.seen == ["begun", "ended"]


async def test_until_it_has_begun_only_health_is_answered() -> None:
    work = Work()
    async with work.client() as client:
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/health/ready")).json()["dependencies"]["start"]["detail"] == work.start.waits_for
        refused = await client.get("/thing")
        assert (refused.status_code, refused.json()["code"]) == (503, "starting")
        assert refused.headers["Retry-After"] == "1"
        async with work.start.running():
            await eventually(work.begun)
            assert (await client.get("/thing")).text == "yes"
            assert (await client.get("/health/ready")).status_code == 200


async def test_what_a_person_must_mend_stays_what_readiness_says() -> None:
    work = Work(TwinpathError("the layout does not fit"))

    async def said() -> bool:
        return work.start.waits_for == "the layout does not fit"

    async with work.start.running():
        await eventually(said)
    assert work.seen == []


async def test_it_can_be_ended_while_it_still_waits() -> None:
    work = Work(*[Unavailable("away")] * 1000)

    async def waits() -> bool:
        return work.start.waits_for == "away"

    async with work.start.running():
        await eventually(waits)
    assert work.seen == []

"""Causal waits: a query with a token sees its write, waits no longer than it must, and costs little while it waits."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.engine.support.query_app import QueryService, in_memory
from tests.support.eventually import eventually
from twinpath.errors import MalformedRequest, Unavailable
from twinpath.ids import new_id
from twinpath.queries.reading.causal_waits import CausalWaits
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch, CheckpointMove, Checkpoints

LOG = "repair.0"
ANY_QUERY = ["/repairs", "/repairs/counts", "/repairs/{}", "/repairs/{}/history"]


@pytest.fixture
async def service() -> AsyncIterator[QueryService]:
    async with in_memory() as service:
        yield service


@pytest.mark.parametrize("path", ANY_QUERY)
@pytest.mark.parametrize("header", ["Causal-Token", "X-Causal-Token"])
async def test_a_query_waits_for_the_write_that_it_names(service: QueryService, path: str, header: str) -> None:
    repair = await service.views.open()
    log, _, position = service.views.tokens[repair].partition(":")
    token = {header: f"{log}:{int(position) + 1}, {log}:1"}
    waiting = asyncio.create_task(service.get(path.format(repair), token))
    await eventually(lambda: _waits(service), pause=0)
    assert not waiting.done()

    await service.views.note(repair)

    assert (await waiting).status_code == 200


async def test_after_a_wait_the_cache_is_not_asked(service: QueryService) -> None:
    repair = await service.views.open()
    service.views._cache = None  # from here on the cache trails the view
    await service.views.note(repair)

    seen = await service.get(f"/repairs/{repair}", {"Causal-Token": service.views.tokens[repair]})
    trailing = await service.get(f"/repairs/{repair}")

    assert (seen.json()["version"], trailing.json()["version"]) == (2, 1)


@pytest.mark.parametrize("path", ANY_QUERY)
async def test_what_is_not_visible_in_time_is_answered_with_202(path: str) -> None:
    async with in_memory(wait=0.01) as service:
        repair = await service.views.open()
        log = service.views.tokens[repair].partition(":")[0]

        answer = await service.get(path.format(repair), {"Causal-Token": f"{log}:999"})

        assert (answer.status_code, answer.headers["Retry-After"]) == (202, "1")
        assert answer.json()["code"] == "not_yet_visible"


@pytest.mark.parametrize("path", ["/repairs/{}", "/repairs/{}/history"])
async def test_a_query_waits_for_the_version_that_it_names(service: QueryService, path: str) -> None:
    repair = await service.views.open()
    waiting = asyncio.create_task(service.get(path.format(repair), {"X-Version": "2"}))
    await eventually(lambda: _subscribed(service), pause=0)
    assert not waiting.done()

    await service.views.note(repair)

    answer = await waiting
    assert answer.status_code == 200
    assert answer.json().get("version") == 2 or len(answer.json()["items"]) == 2
    assert (await service.get(path.format(repair), {"X-Version": "1"})).status_code == 200


async def test_a_version_that_does_not_come_is_answered_with_202() -> None:
    async with in_memory(wait=0.01) as service:
        repair = await service.views.open()

        assert (await service.get(f"/repairs/{repair}", {"X-Version": "2"})).status_code == 202
        assert (await service.get(f"/repairs/{new_id('repair')}", {"X-Version": "1"})).status_code == 202


@pytest.mark.parametrize("token", ["", "repair.0", "repair.0:", "repair.0:-1", "repair.0:1;repair.1:1", ":1", "ü:1"])
async def test_a_malformed_token_is_refused(service: QueryService, token: str) -> None:
    for path in ("/repairs", "/repairs/events"):
        answer = await service.client.get(f"/api/v1{path}", headers=[(b"Causal-Token", token.encode())])

        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_causal_token")


@pytest.mark.parametrize("version", ["", "-1", "two", "1.5", "9" * 30])
async def test_a_malformed_version_is_refused(service: QueryService, version: str) -> None:
    repair = await service.views.open()

    answer = await service.get(f"/repairs/{repair}", {"X-Version": version})

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_version")


async def test_a_foreign_token_is_refused_with_its_log_named(service: QueryService) -> None:
    answer = await service.get("/repairs", {"Causal-Token": "repair.0:0,repair.77:1"})

    assert (answer.status_code, answer.json()["code"]) == (400, "foreign_causal_token")
    assert answer.json()["log"] == "repair.77"


class _Store(InMemoryViewStore):
    """A store whose watch, or which as a whole, can go away."""

    unwatchable = away = False

    async def move(self, projection: str, log: str, position: int) -> None:
        before = (await super().checkpoints()).get((projection, log), 0)
        await self.prepare([], [(projection, log)])
        await self.commit(Batch(moves=[CheckpointMove(projection, log, before, position)]))

    async def checkpoints(self) -> Checkpoints:
        if self.away:
            raise Unavailable("the views do not answer")
        return await super().checkpoints()

    async def watch_checkpoints(self) -> AsyncIterator[Checkpoints]:
        if self.away or self.unwatchable:
            raise Unavailable("the views do not answer")
        async for moved in super().watch_checkpoints():
            yield moved
            if self.away or self.unwatchable:
                raise Unavailable("the views do not answer")


@pytest.fixture
def store() -> _Store:
    return _Store()


@pytest.fixture
async def waits(store: _Store) -> AsyncIterator[CausalWaits]:
    await store.move("list", LOG, 1)
    waits = CausalWaits(store, 10)
    following = asyncio.create_task(waits.follow())
    yield waits
    following.cancel()


async def test_five_thousand_waits_are_woken_each_at_its_position(store: _Store, waits: CausalWaits) -> None:
    waiting = [asyncio.create_task(waits.reached("list", {LOG: 2 + number % 100})) for number in range(5_000)]
    await eventually(lambda: _heap(waits, 5_000), pause=0)

    await store.move("list", LOG, 51)
    await eventually(lambda: _heap(waits, 2_500), pause=0)
    await store.move("list", LOG, 101)

    assert all(await asyncio.gather(*waiting))


async def test_waits_that_gave_up_leave_nothing_behind(store: _Store, waits: CausalWaits) -> None:
    waits.seconds = 0.01
    patient = CausalWaits(store, 10)

    assert not any(await asyncio.gather(*(waits.reached("list", {LOG: 10**9}) for _ in range(100))))

    assert await _heap(waits, 0)
    assert await patient.reached("list", {LOG: 1})


async def test_a_wait_that_is_cancelled_leaves_nothing_behind(store: _Store, waits: CausalWaits) -> None:
    waiting = asyncio.create_task(waits.reached("list", {LOG: 2}))
    await eventually(lambda: _heap(waits, 1), pause=0)

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert await _heap(waits, 0)


async def test_a_token_of_several_logs_waits_for_all_that_the_view_follows(store: _Store, waits: CausalWaits) -> None:
    await store.move("list", "repair.1", 1)
    await store.move("other", "repair.2", 1)
    waiting = asyncio.create_task(waits.reached("list", {LOG: 2, "repair.1": 2, "repair.2": 999}))
    await eventually(lambda: _heap(waits, 2), pause=0)

    await store.move("list", LOG, 2)
    assert not waiting.done()
    await store.move("list", "repair.1", 2)

    assert await waiting


async def test_a_log_that_is_new_is_not_foreign(store: _Store) -> None:
    waits = CausalWaits(store, 10)  # nobody follows: only a fresh look can know
    await store.move("list", LOG, 3)

    assert await waits.reached("list", {LOG: 3})
    with pytest.raises(MalformedRequest, match=r"repair\.9"):
        await waits.reached("list", {"repair.9": 1})


async def test_before_a_projector_has_ever_run_a_token_is_waited_for(store: _Store) -> None:
    assert not await CausalWaits(store, 0.01).reached("list", {LOG: 1})
    waits = CausalWaits(store, 10)
    waiting = asyncio.create_task(waits.reached("list", {LOG: 1}))
    await eventually(lambda: _heap(waits, 1), pause=0)

    await store.move("list", LOG, 1)
    await waits._look()

    assert await waiting


async def test_waits_outlast_a_watch_that_goes_away(store: _Store, waits: CausalWaits) -> None:
    waiting = asyncio.create_task(waits.reached("list", {LOG: 5}))
    await eventually(lambda: _heap(waits, 1), pause=0)

    store.unwatchable = True
    await store.move("list", LOG, 2)  # the watch ends with this one
    await store.move("list", LOG, 5)

    assert await waiting  # by looking


async def test_waits_outlast_a_store_that_goes_away(store: _Store, waits: CausalWaits) -> None:
    waiting = asyncio.create_task(waits.reached("list", {LOG: 5}))
    await eventually(lambda: _heap(waits, 1), pause=0)

    store.away = True
    await store.move("list", LOG, 2)
    await store.move("list", LOG, 5)
    store.away = False

    assert await waiting


async def test_a_stop_ends_every_wait(store: _Store, waits: CausalWaits) -> None:
    waiting = [asyncio.create_task(waits.reached("list", {LOG: 5})) for _ in range(10)]
    await eventually(lambda: _heap(waits, 10), pause=0)

    waits.stop()

    assert not any(await asyncio.wait_for(asyncio.gather(*waiting), 1))
    assert not await asyncio.wait_for(waits.reached("list", {LOG: 5}), 1)


async def _heap(waits: CausalWaits, size: int) -> bool:
    return sum(len(queue.heap) for queue in waits._queues.values()) == size


async def _waits(service: QueryService) -> bool:
    return not await _heap(service.app.state.queries.waits, 0)


async def _subscribed(service: QueryService) -> bool:
    return bool(service.app.state.queries.live._subscriptions)

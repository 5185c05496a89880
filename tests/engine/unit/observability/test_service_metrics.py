"""What each service counts: commands by outcome, transactions, answers by source, waits for a token."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.engine.support.commanding import bus_on
from tests.engine.support.query_app import in_memory
from tests.engine.workshop.application import COMMANDS
from tests.engine.workshop.repairs import OpenRepair
from tests.support.appending import append
from tests.support.services.scraped import Scraped, scraped
from tests.support.things import LOGS, THINGS, move
from twinpath.clock import utc_now
from twinpath.commands.app import create_app
from twinpath.commands.envelope import Envelope
from twinpath.commands.metrics import CommandMetrics
from twinpath.domain.events import RecordedEvent
from twinpath.domain.views import Put
from twinpath.errors import CheckpointMoved, Unavailable
from twinpath.identity.actors import Actors
from twinpath.ids import new_id
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.log.interface import Appended
from twinpath.observability.metrics import Metrics
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.projecting.measuring import measured, timed
from twinpath.projecting.metrics import ProjectorMetrics
from twinpath.queries.metrics import QueryMetrics
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch


async def told(metrics: Metrics) -> Scraped:
    text, _ = await metrics.exposition("")
    return Scraped(text.decode())


class _Broken(InMemoryEventStore):
    async def append(self, *_: Any, **__: Any) -> Appended:
        raise KeyError("nobody thought of that")


class _Away(InMemoryEventStore):
    async def append(self, *_: Any, **__: Any) -> Appended:
        raise Unavailable("the log is away")


async def test_every_command_is_counted_by_its_type_and_what_came_of_it() -> None:
    metrics = CommandMetrics()
    bus = bus_on(InMemoryEventStore(("repair",)))
    bus.on_handled = metrics.handled
    app = create_app(bus, COMMANDS, Actors(InMemoryKeyStore()), metrics=metrics)
    good, path = {"subject": "s", "message": "m"}, "/api/v1/repairs"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://c") as client:
        for _ in range(2):
            opened = await client.post(path, json=good, headers={"Idempotency-Key": "k"})
        repair = f"{path}/{opened.json()['repair_id']}"
        await client.post(f"{repair}/close", json={"resolution": "r"}, headers={"If-Match": '"9"'})
        await client.post(f"{path}/{new_id('repair')}/notes", json={"note": "n"})
        scrape = await scraped(client)

    count = "twinpath_command_duration_seconds_count"
    assert scrape.value(count, command="open_repair", outcome="accepted") == 1
    assert scrape.value(count, command="open_repair", outcome="replayed") == 1
    assert scrape.value(count, command="close_repair", outcome="rejected") == 1
    assert scrape.value(count, command="add_repair_note", outcome="rejected") == 1
    assert scrape.value(count) == 4
    refusals = "twinpath_command_refusals_total"
    assert scrape.value(refusals, command="close_repair", code="stale_version") == 1
    assert scrape.value(refusals, command="add_repair_note", code="repair_not_found") == 1
    assert scrape.value(refusals) == 2


async def test_a_store_that_is_away_is_no_rejection_and_a_bug_is_a_failure() -> None:
    metrics = CommandMetrics()
    bus = bus_on(_Away(("repair",)))
    bus.on_handled = metrics.handled
    command = OpenRepair(repair_id=new_id("repair"), at=utc_now(), subject="s", message="m")
    with pytest.raises(Unavailable):
        await bus.handle(Envelope(command))
    broken = bus_on(_Broken(("repair",)))
    broken.on_handled = metrics.handled
    with pytest.raises(KeyError):
        await broken.handle(Envelope(command))

    scrape = await told(metrics)
    count = "twinpath_command_duration_seconds_count"
    assert scrape.value(count, outcome="unavailable") == 1
    assert scrape.value(count, outcome="failed") == 1


async def test_a_transaction_is_counted_with_its_events_and_one_that_came_too_late_is_told_apart() -> None:
    metrics, views = ProjectorMetrics(), InMemoryViewStore()
    batches = measured(views, metrics, "views")
    await batches.prepare([THINGS], [("p", LOGS[0])])
    await batches.commit(Batch([Put(THINGS.name, "a", {"status": "new"})], [move(0, 3)]))
    with pytest.raises(CheckpointMoved):
        await batches.commit(Batch(moves=[move(0, 3)]))

    scrape = await told(metrics)
    transactions = "twinpath_projector_transaction_duration_seconds_count"
    assert scrape.value(transactions, group="views", outcome="committed") == 1
    assert scrape.value(transactions, group="views", outcome="overtaken") == 1
    assert scrape.value("twinpath_projection_events_total", projection="p", log=LOGS[0]) == 3
    assert scrape.value("twinpath_projection_batches_total", projection="p", log=LOGS[0]) == 1
    assert scrape.value("twinpath_projector_batch_events_sum", group="views") == 3


async def test_a_delay_is_the_age_of_the_oldest_event_of_a_message_when_its_handler_is_through() -> None:
    metrics, store = ProjectorMetrics(), InMemoryEventStore(("repair",))
    first = await append(store)
    await append(store, first.stream, 1)
    events = await store.read_log(first.log, 0, 2)
    handled: list[str] = []

    async def handler(log: str, _: list[RecordedEvent]) -> None:
        handled.append(log)

    async def refused(*_: object) -> None:
        raise Unavailable("not now")

    later = events[0].at + timedelta(seconds=2)
    await timed(handler, metrics, "views", lambda: later)(first.log, events)
    with pytest.raises(Unavailable):
        await timed(refused, metrics, "views", lambda: later)(first.log, events)

    scrape = await told(metrics)
    assert handled == [first.log]
    assert scrape.value("twinpath_projector_delay_seconds_sum", group="views") == 2
    assert scrape.value("twinpath_projector_delay_seconds_count", group="views") == 1


async def test_documents_are_counted_by_where_they_came_from() -> None:
    async with in_memory() as service:
        repair = await service.views.open()
        await service.get(f"/repairs/{repair}")
        await service.get(f"/repairs/{new_id('repair')}")
        await service.get("/repairs")
        scrape = await scraped(service.client)

    documents = "twinpath_query_documents_total"
    assert scrape.value(documents, view="repair_details", source="redis") == 1
    assert scrape.value(documents, view="repair_details", source="mongodb") == 1
    reads = "twinpath_query_mongodb_read_duration_seconds_count"
    assert scrape.value(reads, view="repair_details", read="one") == 1
    assert scrape.value(reads, view="repair_list", read="page") == 1


async def test_a_wait_for_a_token_is_told_with_its_outcome_and_one_that_need_not_wait_is_none() -> None:
    async with in_memory(wait=0.01) as service:
        repair = await service.views.open()
        token = service.views.tokens[repair]
        log = token.partition(":")[0]
        await service.get(f"/repairs/{repair}", {"Causal-Token": token})
        await service.get(f"/repairs/{repair}", {"Causal-Token": f"{log}:99"})
        scrape = await scraped(service.client)

    waits = "twinpath_causal_wait_duration_seconds_count"
    assert scrape.value(waits, view="repair_details", outcome="timeout") == 1
    assert scrape.value(waits) == 1
    assert scrape.value("twinpath_causal_waits_open") == 0


async def test_an_open_stream_is_a_subscriber() -> None:
    async with in_memory() as service:
        async with service.live("/repairs/events") as client:
            await client.next()
            during = await scraped(service.client)
        after = await scraped(service.client)

    assert during.value("twinpath_live_subscribers", view="repair_list") == 1
    assert after.value("twinpath_live_subscribers") is None


@pytest.mark.parametrize("kind", [CommandMetrics, ProjectorMetrics, QueryMetrics])
def test_every_name_follows_the_conventions_of_prometheus(kind: type[Metrics]) -> None:
    for family in kind().families:
        assert family.name.startswith("twinpath_")
        [described] = family.describe()
        assert (described.type == "counter") == family.name.endswith("_total")
        if described.type == "histogram":
            assert family.name.endswith(("_seconds", "_commits", "_events"))
        assert family.meaning[0].isupper() or family.meaning[0].isdigit()
        assert not family.meaning.endswith(".")

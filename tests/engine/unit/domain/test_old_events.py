"""Events of an older schema are read as today's wherever they come from: the log, a message, a view."""

from typing import Any

import httpx
import orjson
import pytest

from tests.engine.support.changed_events import (
    DECIDER_NOW,
    DECIDER_THEN,
    NOW,
    THEN,
    Note,
    Noted,
    RegisteredNow,
    RegisteredThen,
)
from tests.engine.support.commanding import bus_on
from tests.engine.workshop.application import COMMANDS, EVENTS
from tests.engine.workshop.owners import RegisterOwner
from tests.support.appending import metadata
from tests.support.eventually import eventually
from twinpath.clock import utc_now
from twinpath.commands.app import create_app
from twinpath.commands.envelope import Envelope
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import SEALED, NewEvent, RecordedEvent, Upcaster, from_json, to_json
from twinpath.errors import NewerEvent, RuleViolation, UnknownEvent
from twinpath.identity.actors import Actors
from twinpath.ids import logs_of, new_id
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.log.interface import NewCommit
from twinpath.log.snapshots import InMemorySnapshotStore
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.history import HistoryProjection
from twinpath.projecting.outside_events import OutsideEventsProjection
from twinpath.queries.reading.copy_bounds import CopyBounds
from twinpath.queries.reading.fast_copy import FastCopy
from twinpath.queries.reading.history import Histories
from twinpath.queries.reading.views import ViewQueries
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore

LOGS = logs_of(NOW.categories, 4)
READ = {"name": "Ada", "email": "ada@example.org", "channel": "unknown"}
ERASED = {"name": None, "email": None, "channel": "unknown"}
ERASURE = pytest.mark.parametrize("erased", [False, True], ids=["with its key", "erased"])


class Then:
    """A log that an older version wrote: one owner, sealed, and some notes."""

    def __init__(self) -> None:
        self.store = InMemoryEventStore(THEN.categories)
        self.keys = InMemoryKeyStore()
        self.snapshots = InMemorySnapshotStore()
        self.owner = new_id("owner")

    async def write(self, notes: int = 0) -> "Then":
        deciders = {"owner": DECIDER_THEN}
        bus = bus_on(self.store, keys=self.keys, snapshots=self.snapshots, deciders=deciders, catalogue=THEN)
        register = RegisterOwner(owner_id=self.owner, at=utc_now(), name="Ada", email="ada@example.org")
        await bus.handle(Envelope(register))
        for _ in range(notes):
            await bus.handle(Envelope(Note(owner_id=self.owner, at=utc_now())))
        return self

    async def events(self) -> list[RecordedEvent]:
        return await self.store.load(self.owner)


async def projected(then: Then, projection: Any, events: list[RecordedEvent]) -> InMemoryViewStore:
    views = InMemoryViewStore()
    projector = Projector([projection], LOGS, then.store, views, Seals(then.keys, NOW), NOW)
    await projector.start()
    await projector.project(events[0].log, events)
    await projector.stop()
    return views


@ERASURE
async def test_a_command_is_decided_on_what_an_older_version_stored(erased: bool) -> None:
    then = await Then().write()
    if erased:
        await then.keys.destroy(then.owner)
    bus = bus_on(then.store, keys=then.keys, deciders={"owner": DECIDER_NOW}, catalogue=NOW)
    note = Envelope(Note(owner_id=then.owner, at=utc_now()))

    if erased:
        with pytest.raises(RuleViolation):
            await bus.handle(note)
    else:
        assert (await bus.handle(note)).version == 2


async def test_an_older_versions_snapshot_is_not_read_and_the_old_events_are() -> None:
    then = await Then().write(notes=120)
    await eventually(lambda: is_there(then.snapshots, then.owner))
    bus = bus_on(then.store, keys=then.keys, snapshots=then.snapshots, deciders={"owner": DECIDER_NOW}, catalogue=NOW)

    known = await bus.look(then.owner)

    assert known is not None
    assert (known.name, known.channel, known.notes) == ("Ada", "unknown", 120)


async def is_there(snapshots: InMemorySnapshotStore, stream: str) -> bool:
    return stream in snapshots._snapshots


@ERASURE
async def test_the_history_keeps_an_event_in_the_schema_in_which_it_was_stored(erased: bool) -> None:
    """So a fold of the log gives the same entries, whatever today's schema is."""
    then = await Then().write()
    if erased:
        await then.keys.destroy(then.owner)

    views = await projected(then, HistoryProjection(), from_json(to_json(await then.events())))

    entry = await views.get("history", f"{then.owner}@0000000001")
    assert entry is not None
    assert (entry["data"], entry["schema"]) == ({}, 1)
    assert entry["personal"] == (None if erased else {"full_name": "Ada", "email": READ["email"]})
    page = await histories(views, NOW).page(then.owner, None, 10)
    assert [entry["data"] for entry in page.documents] == [ERASED if erased else READ]


async def test_the_outside_world_is_told_todays_form_and_nothing_personal_under_any_name() -> None:
    then = await Then().write()

    views = await projected(then, OutsideEventsProjection(), await then.events())

    told = await views.get("outside_events", f"{then.owner}@1")
    assert told is not None
    assert told["data"] == {"channel": "unknown"}
    assert told["dataschema"] == "urn:twinpath:event:owner.registered:3"
    assert b"Ada" not in orjson.dumps(told)


def histories(views: InMemoryViewStore, catalogue: Catalogue) -> Histories:
    return Histories(
        ViewQueries(views, FastCopy(InMemoryViewCache(), views, CopyBounds(views.erasures))), catalogue, {}
    )


@ERASURE
async def test_a_history_that_an_older_version_wrote_is_answered_in_todays_form(erased: bool) -> None:
    then, views = await Then().write(), InMemoryViewStore()
    if erased:
        await then.keys.destroy(then.owner)
    projector = Projector([HistoryProjection()], LOGS, then.store, views, Seals(then.keys, THEN), THEN)
    await projector.start()
    [event] = await then.events()
    await projector.project(event.log, [event])
    await projector.stop()

    page = await histories(views, NOW).page(then.owner, None, 10)

    assert [entry["data"] for entry in page.documents] == [ERASED if erased else READ]


async def test_a_history_that_a_newer_version_wrote_is_answered_as_it_is() -> None:
    then = Then()
    await then.store.append(NewCommit(then.owner, [NOW.encode(RegisteredNow(**READ))], 0, "c", metadata()))
    views = await projected(then, HistoryProjection(), await then.events())

    page = await histories(views, THEN).page(then.owner, None, 10)

    assert [entry["data"] for entry in page.documents] == [READ]


def test_what_is_sealed_and_not_opened_is_none_under_todays_names() -> None:
    sealed = NewEvent("owner.registered", 1, {SEALED: {"of": "owner-1", "box": "…"}})

    assert NOW.decode(sealed) == RegisteredNow(**ERASED)


def test_an_event_of_a_later_schema_is_told_from_one_that_nobody_can_read() -> None:
    with pytest.raises(NewerEvent):
        NOW.decode(NewEvent("owner.registered", 4, READ))
    with pytest.raises(UnknownEvent) as refused:
        NOW.decode(NewEvent("owner.registered", 1, {"first_name": "Ada"}))
    assert not isinstance(refused.value, NewerEvent)


def test_a_stored_event_is_not_changed_by_reading_it() -> None:
    stored = NewEvent("owner.registered", 1, {"full_name": "Ada", "email": None})

    NOW.today(stored)

    assert stored.data == {"full_name": "Ada", "email": None}


@pytest.mark.parametrize(
    "stored",
    [
        NewEvent("owner.registered", 4, READ),
        NewEvent("owner.registered", 0, READ),
        NewEvent("owner.registered", 1, {"first_name": "Ada"}),
        NewEvent("owner.registered", 3, {**READ, "channel": "nowhere"}),
        NewEvent("voucher.issued", 1, {}),
    ],
    ids=["a newer schema", "no schema", "not what its schema says", "a wrong value", "an unknown type"],
)
def test_what_can_not_be_read_is_an_unknown_event(stored: NewEvent) -> None:
    with pytest.raises(UnknownEvent):
        NOW.decode(stored)


def test_what_an_upcaster_says_of_somebody_is_not_told() -> None:
    class Misread(RegisteredNow):
        upcasters = (Upcaster(lambda data: {**data, "channel": int(data["full_name"])}), RegisteredNow.upcasters[1])

    broken = Catalogue([Misread])

    with pytest.raises(UnknownEvent) as told:
        broken.decode(NewEvent("owner.registered", 1, {"full_name": "Ada", "email": None}))

    assert "ValueError" in told.value.detail
    assert "Ada" not in told.value.detail


def test_the_schema_follows_from_the_upcasters() -> None:
    assert (RegisteredNow.schema_version, Noted.schema_version) == (3, 1)
    with pytest.raises(TypeError, match="follows from its upcasters"):
        type("Numbered", (Noted,), {"schema_version": 2, "__module__": __name__})


def test_two_events_of_one_stored_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"both stored as owner\.registered"):
        Catalogue([RegisteredThen, RegisteredNow])


async def test_a_replica_that_meets_a_newer_schema_asks_to_come_back() -> None:
    store, repair = InMemoryEventStore(EVENTS.categories), new_id("repair")
    await store.append(NewCommit(repair, [NewEvent("repair.opened", 2, {"secret": "Ada"})], 0, "c", metadata()))
    transport = httpx.ASGITransport(create_app(bus_on(store), COMMANDS, Actors(InMemoryKeyStore())))

    async with httpx.AsyncClient(transport=transport, base_url="http://c") as client:
        answer = await client.post(f"/api/v1/repairs/{repair}/notes", json={"note": "seen"})

    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "unknown_event", "1")
    assert "Ada" not in answer.text

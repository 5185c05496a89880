"""The way of a command through the bus, on the in-memory store."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.engine.support.commanding import bus_on
from tests.engine.workshop.application import EVENTS
from tests.engine.workshop.owners import RegisterOwner, RenameOwner
from tests.engine.workshop.repairs import AddRepairNote, ChangeRepairStatus, CloseRepair, OpenRepair
from twinpath.commands.bus import CommandBus
from twinpath.commands.envelope import Envelope
from twinpath.domain.aggregate import Command
from twinpath.domain.events import Metadata, NewEvent, RecordedEvent
from twinpath.errors import CommandIdReused, NotFound, RuleViolation, StaleVersion
from twinpath.ids import new_id
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.log.interface import Appended, NewCommit
from twinpath.log.snapshots import InMemorySnapshotStore, Snapshot

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def store() -> InMemoryEventStore:
    return InMemoryEventStore(EVENTS.categories)


@pytest.fixture
def bus(store: InMemoryEventStore) -> CommandBus:
    return bus_on(store)


@pytest.fixture
def another_bus(store: InMemoryEventStore) -> CommandBus:
    """A second replica on the same log, with a cache of its own."""
    return bus_on(store)


async def opened(bus: CommandBus, key: str | None = None, subject: str = "Help") -> Appended:
    command = OpenRepair(repair_id=new_id("repair"), at=NOW, subject=subject, message="Please")
    return await bus.handle(Envelope(command, idempotency_key=key))


def note(repair: str, text: str = "noted") -> AddRepairNote:
    return AddRepairNote(repair_id=repair, at=NOW, note=text)


def status(repair: str, wanted: str) -> Command:
    return ChangeRepairStatus.model_validate({"repair_id": repair, "at": NOW, "status": wanted})


def close(repair: str) -> CloseRepair:
    return CloseRepair(repair_id=repair, at=NOW, resolution="done")


async def test_a_command_answers_with_the_version_and_position_of_its_last_event(bus: CommandBus) -> None:
    repair = await opened(bus)
    noted = await bus.handle(Envelope(note(repair.stream)))

    assert (repair.version, noted.version) == (1, 2)
    assert (noted.log, noted.position) == (repair.log, 2)


async def test_actor_and_correlation_reach_the_log(bus: CommandBus, store: InMemoryEventStore) -> None:
    repair = await opened(bus)
    await bus.handle(Envelope(note(repair.stream), actor="ann", correlation_id="c-7", traceparent="00-1-2-01"))

    event = (await store.load(repair.stream))[-1]

    assert (event.actor, event.correlation_id, event.traceparent, event.at) == ("ann", "c-7", "00-1-2-01", NOW)


async def test_a_command_that_changes_nothing_answers_with_what_stands(
    bus: CommandBus, store: InMemoryEventStore
) -> None:
    repair = await opened(bus)

    quiet = await bus.handle(Envelope(status(repair.stream, "open")))

    assert (quiet.version, quiet.position) == (1, repair.position)
    assert len(await store.load(repair.stream)) == 1


async def test_an_aggregate_that_another_replica_changed_is_read_again(
    bus: CommandBus, another_bus: CommandBus
) -> None:
    repair = await opened(bus)
    await another_bus.handle(Envelope(note(repair.stream)))

    assert (await bus.handle(Envelope(note(repair.stream)))).version == 3


async def test_a_refusal_from_a_stale_cache_is_not_believed(bus: CommandBus, another_bus: CommandBus) -> None:
    repair = await opened(bus)
    await bus.handle(Envelope(status(repair.stream, "triaged")))
    await another_bus.handle(Envelope(status(repair.stream, "open")))

    again = await bus.handle(Envelope(status(repair.stream, "triaged")))

    assert again.version == 4


async def test_a_refusal_that_only_another_replica_knows_of_is_found(bus: CommandBus, another_bus: CommandBus) -> None:
    repair = await opened(bus)
    await another_bus.handle(Envelope(close(repair.stream)))

    with pytest.raises(RuleViolation):
        await bus.handle(Envelope(status(repair.stream, "triaged")))


async def test_an_unknown_aggregate_is_not_found(bus: CommandBus) -> None:
    with pytest.raises(NotFound):
        await bus.handle(Envelope(note(new_id("repair"))))


@pytest.mark.parametrize("expected", [0, 2, 9])
async def test_if_match_refuses_any_other_version(bus: CommandBus, expected: int) -> None:
    repair = await opened(bus)

    with pytest.raises(StaleVersion) as refusal:
        await bus.handle(Envelope(note(repair.stream), expected_version=expected))

    assert refusal.value.facts == {"current_version": 1}


async def test_if_match_is_checked_against_the_log_not_the_cache(bus: CommandBus, another_bus: CommandBus) -> None:
    repair = await opened(bus)
    await another_bus.handle(Envelope(note(repair.stream)))

    assert (await bus.handle(Envelope(note(repair.stream), expected_version=2))).version == 3


@pytest.mark.parametrize("command", [note, close, lambda repair: status(repair, "triaged")])
async def test_a_repeated_key_gets_the_first_answer_also_where_the_command_would_now_be_refused(
    bus: CommandBus, another_bus: CommandBus, store: InMemoryEventStore, command: object
) -> None:
    repair = await opened(bus)
    envelope = Envelope(command(repair.stream), idempotency_key="k", expected_version=1)  # type: ignore[operator]
    first = await bus.handle(envelope)

    again = [await bus.handle(envelope), await another_bus.handle(envelope)]

    assert [(answer.version, answer.position, answer.duplicate) for answer in again] == [(2, first.position, True)] * 2
    assert len(await store.load(repair.stream)) == 2


async def test_a_repeated_create_gets_the_first_id(bus: CommandBus) -> None:
    first, again = await opened(bus, key="k"), await opened(bus, key="k")

    assert again.stream == first.stream


async def test_a_key_for_another_command_is_refused(bus: CommandBus) -> None:
    await opened(bus, key="k")

    with pytest.raises(CommandIdReused):
        await opened(bus, key="k", subject="Something else")


async def test_a_key_belongs_to_its_caller(bus: CommandBus) -> None:
    repair = await opened(bus)
    for actor in ("ann", "bob"):
        await bus.handle(Envelope(note(repair.stream), actor=actor, idempotency_key="k"))

    assert (await bus.handle(Envelope(note(repair.stream)))).version == 4


@pytest.mark.parametrize(("actor", "key"), [("a/b", "c"), ("a%2Fb", "c"), ("a", "b/c"), ("a%2Fb/c", "d")])
async def test_a_key_belongs_to_its_caller_also_where_names_and_keys_have_slashes(
    bus: CommandBus, actor: str, key: str
) -> None:
    """Every two of these four are different callers' commands, and each is one when it comes again."""
    repair = await opened(bus)
    for other in (("a/b", "c"), ("a%2Fb", "c"), ("a", "b/c"), ("a%2Fb/c", "d")):
        await bus.handle(Envelope(note(repair.stream), actor=other[0], idempotency_key=other[1]))

    again = await bus.handle(Envelope(note(repair.stream), actor=actor, idempotency_key=key))

    assert again.duplicate
    assert (await bus.handle(Envelope(note(repair.stream)))).version == 6


async def test_a_key_that_was_used_with_the_first_version_is_known_to_its_caller_alone(
    bus: CommandBus, store: InMemoryEventStore
) -> None:
    repair = await opened(bus)
    envelope = Envelope(note(repair.stream), actor="a/b", idempotency_key="c")
    fingerprint = hashlib.blake2b(envelope.command.content(), digest_size=16).hexdigest()
    event = NewEvent("repair.note_added", 1, {"note": "noted"})
    by = Metadata(at=NOW, actor="a/b", correlation_id="")
    await store.append(NewCommit(repair.stream, [event], 1, "a/b/c", by, fingerprint))
    await store.append(NewCommit(repair.stream, [event], 2, "%/x/y", replace(by, actor="%"), fingerprint))

    assert (await bus.handle(envelope)).duplicate
    other = await bus.handle(replace(envelope, actor="%/x", idempotency_key="y"))

    assert (other.duplicate, other.version) == (False, 4)


async def test_many_commands_to_one_aggregate_from_two_replicas_all_take_effect(
    bus: CommandBus, another_bus: CommandBus, store: InMemoryEventStore
) -> None:
    repair = await opened(bus)

    await asyncio.gather(*(b.handle(Envelope(note(repair.stream))) for b in (bus, another_bus) for _ in range(50)))

    assert len(await store.load(repair.stream)) == 101


async def test_a_full_cache_forgets_the_least_recently_used(store: InMemoryEventStore) -> None:
    small = bus_on(store, cached_aggregates=2)
    repairs = [await opened(small) for _ in range(5)]

    for repair in repairs:
        assert (await small.handle(Envelope(note(repair.stream)))).version == 2


class CountingStore(InMemoryEventStore):
    """Remembers after which version each load began."""

    def __init__(self) -> None:
        super().__init__(EVENTS.categories)
        self.loads: list[int] = []

    async def load(self, stream: str, after_version: int = 0) -> list[RecordedEvent]:
        self.loads.append(after_version)
        return await super().load(stream, after_version)


async def test_a_long_stream_is_folded_on_from_its_snapshot() -> None:
    store, snapshots = CountingStore(), InMemorySnapshotStore()
    first = bus_on(store, snapshots=snapshots)
    repair = (await opened(first)).stream
    for number in range(269):
        await first.handle(Envelope(note(repair, f"n{number}")))
    await first.handle(Envelope(close(repair)))
    await first._snapshots.written()
    store.loads.clear()

    with pytest.raises(RuleViolation) as refused:
        await bus_on(store, snapshots=snapshots).handle(Envelope(close(repair)))

    assert refused.value.code == "repair_closed"
    assert store.loads == [250]


async def test_a_snapshot_that_other_code_wrote_is_not_read(store: InMemoryEventStore) -> None:
    snapshots = InMemorySnapshotStore()
    first = bus_on(store, snapshots=snapshots)
    repair = (await opened(first)).stream
    await snapshots.keep(Snapshot(repair, 1, "repair.0", 1, "0-other", {"status": "closed"}))

    assert (await bus_on(store, snapshots=snapshots).handle(Envelope(close(repair)))).version == 2


async def test_what_is_personal_gets_into_no_snapshot(store: InMemoryEventStore) -> None:
    snapshots = InMemorySnapshotStore()
    bus, owner = bus_on(store, snapshots=snapshots), new_id("owner")
    await bus.handle(Envelope(RegisterOwner(owner_id=owner, at=NOW, name="Ada", email="a@example.org")))
    for number in range(150):
        await bus.handle(Envelope(RenameOwner(owner_id=owner, at=NOW, name=f"Ada {number}")))

    assert snapshots._snapshots == {}

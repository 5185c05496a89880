"""Claims through the command bus: taken, moved and released, by two replicas on one log in memory."""

import asyncio
from collections.abc import Collection

import pytest

from tests.engine.seats import EVENTS, REPAIR, TakeSeat
from tests.engine.support.commanding import bus_on
from twinpath.clock import utc_now
from twinpath.commands.bus import CommandBus
from twinpath.commands.envelope import Envelope
from twinpath.errors import RuleViolation, Unavailable
from twinpath.ids import new_id
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.log.interface import Appended


class ForgetfulStore(InMemoryEventStore):
    """Its releases are lost while it `forgets`, as when a process dies before them."""

    def __init__(self) -> None:
        super().__init__(("repair",))
        self.forgets = False

    async def release(self, stream: str, version: int, keys: Collection[str]) -> None:
        """See EventStore.release."""
        if self.forgets:
            raise Unavailable("away")
        await super().release(stream, version, keys)


@pytest.fixture
def store() -> ForgetfulStore:
    return ForgetfulStore()


def replica(store: ForgetfulStore) -> CommandBus:
    return bus_on(store, deciders={"repair": REPAIR}, catalogue=EVENTS)


@pytest.fixture
def bus(store: ForgetfulStore) -> CommandBus:
    return replica(store)


@pytest.fixture
def another_bus(store: ForgetfulStore) -> CommandBus:
    return replica(store)


async def seat(bus: CommandBus, repair: str, wanted: str | None, key: str | None = None) -> Appended:
    return await bus.handle(Envelope(TakeSeat(repair_id=repair, seat=wanted, at=utc_now()), idempotency_key=key))


async def refused(bus: CommandBus, repair: str, wanted: str) -> None:
    with pytest.raises(RuleViolation) as refusal:
        await seat(bus, repair, wanted)
    assert refusal.value.code == "seat_taken"


async def test_of_fifty_takers_on_two_replicas_one_wins(
    bus: CommandBus, another_bus: CommandBus, store: ForgetfulStore
) -> None:
    calls = [seat(one, new_id("repair"), "window") for one in (bus, another_bus) for _ in range(25)]

    answers = await asyncio.gather(*calls, return_exceptions=True)

    assert sum(isinstance(answer, Appended) for answer in answers) == 1
    assert {answer.code for answer in answers if isinstance(answer, RuleViolation)} == {"seat_taken"}
    assert sum((await store.heads()).values()) == 1


@pytest.mark.parametrize("moved_to", ["aisle", None])
@pytest.mark.parametrize("forgets", [False, True])
async def test_a_claim_that_is_moved_or_released_can_be_taken_also_when_its_release_was_lost(
    bus: CommandBus, another_bus: CommandBus, store: ForgetfulStore, moved_to: str | None, forgets: bool
) -> None:
    first, second = new_id("repair"), new_id("repair")
    await seat(bus, first, "window")
    await refused(another_bus, second, "window")
    store.forgets = forgets
    await seat(bus, first, moved_to)
    store.forgets = False
    assert ('["seat","window"]' in store._holders) == forgets

    await seat(another_bus, second, "window")

    await refused(bus, first, "window")
    assert len(store._holders) == (1 if moved_to is None else 2)


async def test_a_stream_takes_again_what_it_had_left_behind(bus: CommandBus, store: ForgetfulStore) -> None:
    repair = new_id("repair")
    await seat(bus, repair, "window")
    store.forgets = True
    await seat(bus, repair, None)
    store.forgets = False

    await seat(bus, repair, "window")

    assert list(store._holders.values()) == [(repair, 3)]


async def test_while_a_leftover_can_not_be_freed_the_taker_is_told_to_come_again(
    bus: CommandBus, store: ForgetfulStore
) -> None:
    repair = new_id("repair")
    await seat(bus, repair, "window")
    store.forgets = True
    await seat(bus, repair, None)

    with pytest.raises(Unavailable):
        await seat(bus, new_id("repair"), "window")


async def test_a_repetition_gets_the_first_answer_whoever_has_the_claim_now(
    bus: CommandBus, another_bus: CommandBus
) -> None:
    repair = new_id("repair")
    first = await seat(bus, repair, "window", "k")
    await seat(bus, repair, None)
    await seat(another_bus, new_id("repair"), "window")

    again = await seat(another_bus, repair, "window", "k")

    assert (again.version, again.duplicate) == (first.version, True)


async def test_a_command_that_leaves_the_claim_alone_takes_nothing(bus: CommandBus, store: ForgetfulStore) -> None:
    repair = new_id("repair")
    await seat(bus, repair, "window")
    await seat(bus, repair, "window")

    assert list(store._holders.values()) == [(repair, 1)]

"""Erasure is the engine's: an application without a process of its own has its crashed erasures ended."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.engine.workshop.owners import OWNER, EraseOwner
from tests.engine.workshop.repairs import REPAIR
from tests.support.process_world import EVENTS, World
from twinpath.clock import utc_now
from twinpath.commands.processes.erasure import Erasure
from twinpath.commands.processes.means import Means, derived_id
from twinpath.domain.aggregate import AnyAggregate
from twinpath.ids import new_id


@pytest.fixture
def world() -> World:
    world = World()
    world.now = datetime.now(UTC)  # as the store of the keys has it
    return world


async def test_an_erasure_that_a_crash_cut_short_is_ended_after_a_minute(world: World) -> None:
    owner = await world.owner()
    await world.keys.destroy(owner)

    assert await world.passes(timedelta(seconds=30)) == 0
    assert await world.passes(timedelta(minutes=1)) == 1

    assert await world.happened(owner) == ["registered", "erased"]
    erased = (await world.store.load(owner))[-1]
    erase = EraseOwner(owner_id=owner, at=world.now)
    assert erased.actor == "erasure"
    assert await world.store.commit_of(derived_id(owner, erase)) is not None
    assert await world.passes(timedelta(minutes=5)) == 0


async def test_a_key_without_an_owner_is_confirmed_and_a_key_of_nothing_known_holds_nobody_up(world: World) -> None:
    for stranger in ("voucher-1", new_id("owner")):
        await world.keys.destroy(stranger)

    assert await world.passes(timedelta(minutes=2)) == 1
    assert await world.keys.unconfirmed(world.now) == ["voucher-1"]


async def test_an_erasure_in_the_log_destroys_and_confirms_the_key(world: World) -> None:
    owner = await world.owner()
    await world.send(EraseOwner(owner_id=owner, at=world.now))
    world.keys._keys[owner] = b"restored from a backup"

    await world.delivered()

    assert await world.keys.keys([owner]) == {}
    assert await world.keys.unconfirmed(utc_now() + timedelta(minutes=5)) == []


def test_an_aggregate_that_can_be_erased_must_say_by_which_command(world: World) -> None:
    deciders: dict[str, AnyAggregate] = {"owner": replace(OWNER, erase=None), "repair": REPAIR}
    with pytest.raises(ValueError, match="need `erase`: owner"):
        Erasure(Means(world.bus, world.store, world.timers, EVENTS, deciders), world.keys)

"""A view built anew beside the one in service, on in-memory stores, while events go on coming."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest

from tests.engine.support.rebuilding import LIST, LOGS, QUICK, SEALS, Shouting, World, is_outdated
from tests.engine.workshop.application import EVENTS
from tests.engine.workshop.views import RepairListProjection
from tests.support.eventually import eventually
from twinpath.clock import utc_now
from twinpath.domain.events import DomainEvent, RecordedEvent
from twinpath.domain.views import Cached, Change, ViewChange
from twinpath.errors import CheckpointMoved
from twinpath.ids import log_of
from twinpath.projecting.history import HistoryProjection
from twinpath.projecting.rebuilding.building import Building, CantBeBuilt, begin
from twinpath.projecting.rebuilding.filling import Filling
from twinpath.projecting.rebuilding.retiring import Retiring
from twinpath.projecting.rebuilding.switching import compare, newly_parked, switch
from twinpath.views.generations import Plan
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.interface import Batch
from twinpath.views.naming import Generation


@pytest.fixture
async def world() -> World:
    world = World()
    await world.write(60)
    return world


async def test_a_view_is_built_compared_and_switched_while_events_come(world: World) -> None:
    async with world.projected() as projector:
        writing = asyncio.create_task(world.write(300))
        building = await world.building()
        await Filling([building]).fill()
        comparison = await compare(building)
        assert comparison.exact
        assert comparison.equal
        assert comparison.built > 0

        await switch(building)
        await writing
        await eventually(world.is_projected, pause=0.001)

        assert world.views.generation(LIST) == Generation(2, 1)
        assert await world.shown() == await world.folded()
        assert {status.state for status in projector.status().values()} == {"live"}


async def test_several_views_are_filled_in_one_pass_wherever_each_of_them_is(world: World) -> None:
    async with world.projected():
        writing = asyncio.create_task(world.write(200))
        both = [await world.building(), await world.building(HistoryProjection())]
        await both[1].reach({await world.fullest_log(): 5})
        await Filling(both).fill()
        assert [(await compare(building)).equal for building in both] == [True, True]
        for building in both:
            await switch(building)
        await writing
        await eventually(world.is_projected, pause=0.001)

        assert await world.shown() == await world.folded()
        assert world.views.generation("history") == Generation(2, 2)


async def test_a_rebuild_that_was_stopped_goes_on_from_there(world: World) -> None:
    async with world.projected():
        first = await world.building()
        await first.reach({await world.fullest_log(): 3})

        plan, goes_on = await begin(RepairListProjection(), LOGS, world.views)
        assert goes_on
        assert plan == first.plan
        second = Building(RepairListProjection(), plan, world.store, world.views, SEALS, EVENTS, pace=QUICK)
        assert (await second.progress())[0] == 3
        await Filling([second]).fill()
        assert (await compare(second)).equal
        await switch(second)

        assert await world.shown() == await world.folded()


async def test_afresh_what_was_built_is_thrown_away(world: World) -> None:
    async with world.projected():
        await Filling([await world.building()]).fill()

        building = await world.building(afresh=True)

        assert (await building.progress())[0] == 0


async def test_a_rebuild_whose_generation_somebody_throws_away_ends(world: World) -> None:
    async with world.projected():
        first = await world.building()
        await first.reach({await world.fullest_log(): 3})
        await world.views.discard(first.plan)

        with pytest.raises(CantBeBuilt, match="somebody else"):
            await Filling([first]).fill()


async def test_two_rebuilds_of_a_view_at_once_hurt_nothing(world: World) -> None:
    async with world.projected():
        both = [await world.building() for _ in range(2)]
        await asyncio.gather(*(Filling([building]).fill() for building in both))
        outcomes = await asyncio.gather(*map(switch, both), return_exceptions=True)

        assert {type(outcome) for outcome in outcomes} == {type(None), CheckpointMoved}
        assert await world.shown() == await world.folded()


async def test_what_differs_is_told_with_its_fields(world: World) -> None:
    async with world.projected(RepairListProjection()):
        building = await world.building()
        await Filling([building]).fill()
        changed, gone = world.repairs[0], world.repairs[1]
        await world.views.commit(Batch([Change(LIST, changed, set={"subject": "spoilt"})]))
        world.views._of(LIST).pop(gone)
        comparison = await compare(building)

        assert comparison.exact
        assert not comparison.equal
        assert (comparison.differ, comparison.extra, comparison.missing) == (1, 1, 0)
        assert [one.equal for one in comparison.ranges] == [False]
        assert {(one.id, one.field, one.in_service, one.built) for one in comparison.sample if one.field} == {
            (changed, "subject", "spoilt", "s0")
        }
        assert [one.id for one in comparison.sample if not one.field] == [gone]


async def test_another_version_is_built_while_the_old_one_stands_still_in_service(world: World) -> None:
    async with world.projected(RepairListProjection()):
        pass
    before = await world.shown()
    async with world.projected(Shouting()) as projector:
        await world.write(30)
        assert {tuple(one.outdated) for log, one in projector.status().items() if log.startswith("repair")} == {(LIST,)}
        assert await world.shown() == before

        building = await world.building(Shouting())
        assert not building.same_version
        await Filling([building]).fill()
        assert not (await compare(building)).equal
        await switch(building)
        await world.write(30)
        await eventually(world.is_projected, pause=0.001)

        assert not any(one.outdated for one in projector.status().values())
        assert await world.shown() == await world.folded(Shouting())


async def test_old_code_leaves_what_newer_code_built_alone(world: World) -> None:
    async with world.projected() as old:
        building = await world.building(Shouting())
        await Filling([building]).fill()
        await switch(building)
        shown = await world.shown()
        await world.write(30)
        await eventually(lambda: is_outdated(old), pause=0.001)

        assert await world.shown() == shown
        others = [key for key in await world.views.checkpoints() if key[0] == "repair_details"]
        heads = await world.store.heads()
        await eventually(lambda: at_heads(world, others, heads), pause=0.001)


async def at_heads(world: World, keys: list[tuple[str, str]], heads: Mapping[str, int]) -> bool:
    checkpoints = await world.views.checkpoints()
    return all(checkpoints[key] == heads[key[1]] for key in keys)


class Failing(Shouting):
    """It can't apply the notes of one repair."""

    def __init__(self, repair: str) -> None:
        self._repair = repair

    def changes(self, event: DomainEvent, recorded: RecordedEvent) -> list[ViewChange]:
        if recorded.stream == self._repair and recorded.type == "repair.note_added":
            raise ValueError("planted")
        return super().changes(event, recorded)


async def test_what_a_rebuild_parks_is_told_and_goes_into_service_with_it(world: World) -> None:
    async with world.projected():
        building = await world.building(Failing(world.repairs[0]))
        await Filling([building]).fill()
        assert await newly_parked(building) == 1
        await switch(building)

    assert {key for key, _ in (await world.views.parked.counts()).items() if key[0] == LIST} == {
        (LIST, log_of(world.repairs[0], 4))
    }


async def test_a_view_that_is_not_in_service_is_not_built(world: World) -> None:
    with pytest.raises(CantBeBuilt, match="not in service"):
        await begin(RepairListProjection(), LOGS, world.views)


class Twofold(RepairListProjection):
    """Writes two views."""

    views = (*RepairListProjection.views, *RepairListProjection.views)  # type: ignore[assignment]


async def test_a_projection_of_several_views_is_refused(world: World) -> None:
    async with world.projected():
        with pytest.raises(CantBeBuilt, match="just one view"):
            await begin(Twofold(), LOGS, world.views)


async def test_what_was_replaced_is_dropped_after_its_time_with_its_copy(world: World) -> None:
    cache, later = InMemoryViewCache(), utc_now() + timedelta(seconds=61)
    await cache.write(LIST, {"repair.0": (0, 1)}, [Cached("a", 1, '"1"', b"{}")], [])
    async with world.projected():
        building = await world.building()
        await Filling([building]).fill()
        await switch(building)

        await Retiring(world.views, [cache], timedelta(seconds=60)).look()
        assert await cache.get(LIST, "a") is not None
        await Retiring(world.views, [cache], timedelta(seconds=60), lambda: later).look()

        assert await cache.get(LIST, "a") is None
        assert await cache.positions(LIST) == {}
        async with world.views.frozen() as frozen:
            assert await frozen.page(LIST, None, 1) == []
            assert await frozen.page(Plan(LIST, 1, 2, 1, ()).name, None, 1) != []

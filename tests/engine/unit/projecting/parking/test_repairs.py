"""Parked streams are tried again in order, as often as one likes, and skipped for a reason."""

import asyncio
import random
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.support.commanding import seals_of
from tests.engine.support.poisoning import AlsoSeen, Notes, Seen, in_one_log, mixed, shown
from tests.engine.workshop.application import EVENTS
from tests.support.clocks import Ticking
from twinpath.errors import NotFound, RuleViolation, Unavailable
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.projecting.applying.applier import Applier
from twinpath.projecting.parking.repairs import Repairs
from twinpath.projecting.parking.retry_steps import STEP_EVENTS
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch

FIRST, SECOND, THIRD = STREAMS = in_one_log(3)
KEYS = InMemoryKeyStore()
later = Ticking()


def on(notes: Notes, *projections: Seen, views: InMemoryViewStore | None = None) -> Repairs:
    """What an operator has in hand."""
    views = views or notes.views
    known = {projection.name: (projection, views) for projection in projections}
    return Repairs(known, views, notes.store, seals_of(KEYS), EVENTS, later)


async def retried(parked: Repairs, stream: str | None = None, limit: int = 1000) -> list[tuple[str, int, bool]]:
    """A retry's steps: the stream, how many events it applied, whether it failed."""
    return [(step.before.id, step.applied, step.failed) async for step in parked.retry(None, stream, limit)]


@pytest.fixture
async def notes() -> Notes:
    return await mixed(STREAMS, 4)


@pytest.mark.parametrize("kind", ["poison", "misfits"])
async def test_a_mended_stream_is_applied_in_order_and_is_free(notes: Notes, kind: str) -> None:
    await notes.project(Seen(**{kind: [f"{SECOND}@2"]}), AlsoSeen())
    seen = Seen()

    assert await retried(on(notes, seen)) == [(f"seen/{SECOND}", 3, False)]

    assert await shown(notes.views, seen) == await notes.all()
    assert await notes.views.parked.counts() == {}
    await notes.add(SECOND)
    await notes.project(seen)
    assert await shown(notes.views, seen) == await notes.all()


@pytest.mark.parametrize("kind", ["poison", "misfits"])
async def test_what_fails_again_parks_again_with_its_new_reason(notes: Notes, kind: str) -> None:
    await notes.project(Seen(**{kind: [f"{SECOND}@1"]}))
    seen = Seen(**{kind: [f"{SECOND}@3"]})
    parked = on(notes, seen)

    assert (await retried(parked))[-1][2]
    once = await parked.stream("seen", SECOND)
    assert (await retried(parked)) == [(f"seen/{SECOND}", 0, True)]
    twice = await parked.stream("seen", SECOND)

    assert await shown(notes.views, seen) == await notes.all() | {SECOND: [1, 2], "all": [10]}
    assert (once.version, once.position, once.last, once.attempts) == (3, 8, 4, 1)
    assert (twice.version, twice.attempts, twice.parked_at) == (3, 2, once.parked_at)
    assert once.parked_at <= once.tried_at <= twice.tried_at
    assert once.reason


async def test_a_retry_is_bounded_and_says_before_what_it_will_do(notes: Notes) -> None:
    await notes.project(Seen(poison=[f"{stream}@2" for stream in STREAMS]), AlsoSeen(poison=[f"{FIRST}@1"]))
    seen = Seen()
    parked = on(notes, seen, AlsoSeen())

    everything = await parked.plan(None, None, 1000)
    assert (len(everything.streams), everything.events) == (4, 13)
    plan = await parked.plan("seen", None, 4)
    assert [(one.stream, one.events) for one in plan.streams] == [(FIRST, 3), (SECOND, 3)]
    assert (plan.events, plan.total_streams, plan.total_events) == (4, 3, 9)
    one = await parked.plan(None, FIRST, 1000)
    assert ([stream.id for stream in one.streams], one.events) == ([f"seen/{FIRST}", f"also_seen/{FIRST}"], 7)

    steps = [step async for step in parked.retry("seen", None, 4)]

    assert [(step.before.stream, step.applied) for step in steps] == [(FIRST, 3), (SECOND, 1)]
    assert await shown(notes.views, seen) == {FIRST: [1, 2, 3, 4], SECOND: [1, 2], THIRD: [1], "all": [7]}
    waits = await parked.stream("seen", SECOND)
    assert (waits.version, waits.reason, waits.attempts) == (3, None, 0)


async def test_what_fails_always_does_not_keep_the_others_from_their_turn(notes: Notes) -> None:
    """A bounded retry goes on where the last one ended."""
    await notes.project(Seen(poison=[f"{stream}@1" for stream in STREAMS]))
    seen = Seen(poison=[f"{FIRST}@1", f"{SECOND}@1"])
    parked = on(notes, seen)

    tried = []
    for _ in range(3):
        tried += [step async for step in parked.retry("seen", None, 1)]

    assert [step.before.stream for step in tried] == [FIRST, SECOND, THIRD]


async def test_long_streams_are_applied_in_pieces() -> None:
    notes = Notes()
    await notes.add(FIRST, 2 * STEP_EVENTS + 7)
    await notes.project(Seen(poison=[f"{FIRST}@1"]))
    seen = Seen()

    steps = await retried(on(notes, seen))

    assert [applied for _, applied, _ in steps] == [STEP_EVENTS, STEP_EVENTS, 7]
    assert await shown(notes.views, seen) == await notes.all()


async def test_a_retry_can_be_interrupted_and_taken_up_again() -> None:
    notes = Notes()
    await notes.add(FIRST, 2 * STEP_EVENTS + 7)
    await notes.project(Seen(poison=[f"{FIRST}@1"]))
    seen = Seen()
    steps = on(notes, seen).retry(None, None, 10_000)
    await anext(steps)
    await steps.aclose()

    waits = await on(notes, seen).stream("seen", FIRST)
    assert (waits.version, waits.last) == (STEP_EVENTS + 1, 2 * STEP_EVENTS + 7)
    assert await shown(notes.views, seen) == {FIRST: list(range(1, STEP_EVENTS + 1)), "all": [STEP_EVENTS]}
    await retried(on(notes, seen))
    assert await shown(notes.views, seen) == await notes.all()


async def test_what_is_not_parked_or_not_known_is_said(notes: Notes) -> None:
    await notes.project(Seen(poison=[f"{FIRST}@1"]))
    parked = on(notes, AlsoSeen())

    with pytest.raises(NotFound, match="no projection seen here"):
        await parked.plan("seen", None, 10)
    with pytest.raises(NotFound, match="is not parked"):
        await retried(parked, SECOND)
    with pytest.raises(NotFound, match="is not parked for also_seen"):
        await parked.stream("also_seen", FIRST)
    assert await retried(parked) == []


async def test_an_event_is_explained_by_the_code_of_today(notes: Notes) -> None:
    await notes.project(Seen(poison=[f"{FIRST}@2"]))
    found = await on(notes, Seen()).stream("seen", FIRST)

    assert await on(notes, Seen(poison=[f"{FIRST}@2"])).explain(found) == f"ValueError: can't take {FIRST}@2"
    assert await on(notes, Seen()).explain(found) is None
    assert [event.version for event in await on(notes, Seen()).events(found, 0, 2)] == [2, 3]
    assert [event.version for event in await on(notes, Seen()).events(found, 3, 9)] == [4]


async def test_a_skipped_event_is_never_applied_and_stays_findable(notes: Notes) -> None:
    await notes.project(Seen(poison=[f"{SECOND}@2"]))
    seen = Seen(poison=[f"{SECOND}@2"])
    parked = on(notes, seen)
    before = await parked.stream("seen", SECOND)

    after = await parked.skip("seen", SECOND, 2, "ann", "an old bug")
    await retried(parked)

    assert after is not None
    assert (after.version, after.position, after.last, after.reason, after.attempts) == (3, 8, 4, None, 0)
    assert await shown(notes.views, seen) == await notes.all() | {SECOND: [1, 3, 4], "all": [11]}
    [skipped] = await parked.parked.skipped(None, None, 10)
    assert (skipped.stream, skipped.version, skipped.position) == (SECOND, 2, 5)
    assert (skipped.skipped_by, skipped.why, skipped.reason) == ("ann", "an old bug", before.reason)
    assert (skipped.attempts, skipped.parked_at) == (1, before.parked_at)
    assert await parked.parked.counts() == {}


async def test_only_the_event_that_a_stream_waits_for_can_be_skipped(notes: Notes) -> None:
    await notes.project(Seen(poison=[f"{SECOND}@4"]))
    parked = on(notes, Seen())

    with pytest.raises(RuleViolation, match="waits for version 4, not 3"):
        await parked.skip("seen", SECOND, 3, "ann", "wrong one")
    with pytest.raises(NotFound):
        await parked.skip("seen", FIRST, 1, "ann", "wrong one")
    assert await parked.skip("seen", SECOND, 4, "ann", "the last one") is None
    with pytest.raises(NotFound):
        await parked.skip("seen", SECOND, 4, "ann", "once more")


class Unsteady(InMemoryViewStore):
    """Commits take a while, and now and then the store is away: half of these commits stand all the same."""

    def __init__(self, chance: random.Random, failures: float) -> None:
        super().__init__()
        self._chance = chance
        self.failures = failures

    async def commit(self, batch: Batch) -> None:
        """See ViewWriter.commit."""
        for _ in range(self._chance.randrange(4)):
            await asyncio.sleep(0)
        fails, stands = self._chance.random() < self.failures, self._chance.random() < 0.5
        if stands or not fails:
            await super().commit(batch)
        if fails:
            raise Unavailable("away, whether it stands or not")


class World:
    """A log, two projections that can't take some events, and all that may happen to them at once."""

    def __init__(self, seed: int, failures: float) -> None:
        self.chance = random.Random(seed)
        self.notes = Notes()
        self.notes.views = Unsteady(self.chance, failures)
        self.projections = [Seen(), AlsoSeen()]
        self._tried: dict[str, int] = {}

    async def happen(self) -> None:
        for _ in range(self.chance.randint(1, 12)):
            await self.notes.add(self.chance.choice(STREAMS))
        for projection in self.projections:
            ids = [f"{stream}@{version}" for stream in STREAMS for version in range(1, 30)]
            projection.poison = set(self.chance.sample(ids, self.chance.randrange(6)))
            projection.misfits = set(self.chance.sample(ids, self.chance.randrange(6)))
        work = [self.consume(), self.consume(), self.retry(), self.retry()]
        await asyncio.gather(*self.chance.sample(work, len(work)))
        await self.check()

    async def consume(self) -> None:
        """A consumer that has just started, and dies after some batches."""
        for _ in range(self.chance.randrange(4)):
            with suppress(Unavailable):
                await self.project(self.chance.randint(1, 5))

    async def project(self, by: int) -> None:
        views = [view for projection in self.projections for view in projection.views]
        await self.notes.views.prepare(views, [(projection.name, "repair.0") for projection in self.projections])
        applier = Applier("repair.0", self.notes.views, EVENTS, seals_of(KEYS), lambda applied: None)
        await applier.load(self.projections)
        while events := await self.notes.store.read_log("repair.0", min(applier.positions.values()), by):
            await applier.apply(self.projections, events)
            await applier.load(self.projections)

    async def retry(self) -> None:
        parked = on(self.notes, *self.projections)
        with suppress(Unavailable):
            async for _ in parked.retry(None, None, self.chance.randint(1, 8)):
                if self.chance.random() < 0.1:
                    break

    async def check(self) -> None:
        """A stream shows a beginning of its events, and what it lacks is parked or not read yet."""
        checkpoints = await self.notes.views.checkpoints()
        for projection in self.projections:
            seen = await shown(self.notes.views, projection)
            total = seen.pop("all", [0])[0]
            assert total == sum(map(len, seen.values()))
            at = checkpoints.get((projection.name, "repair.0"), 0)
            for stream in STREAMS:
                passed = [e.version for e in await self.notes.store.read_log("repair.0", 0, at) if e.stream == stream]
                versions = seen.get(stream, [])
                assert versions == passed[: len(versions)], "in order, none left out, none twice"
                found = await self.notes.views.parked.get(projection.name, stream)
                waits = [] if found is None else list(range(found.version, found.last + 1))
                assert versions + waits == passed


@settings(max_examples=3 * settings().max_examples // 2)
@given(seed=st.integers(0, 2**32), rounds=st.integers(1, 4), failures=st.sampled_from([0.0, 0.2, 0.5]))
def test_whatever_is_poison_and_dies_in_the_end_the_views_have_everything_once(
    seed: int, rounds: int, failures: float
) -> None:
    async def check() -> None:
        world = World(seed, failures)
        for _ in range(rounds):
            await world.happen()
        world.notes.views.failures = 0  # type: ignore[attr-defined]
        for projection in world.projections:
            projection.poison = projection.misfits = set()
        await world.project(3)
        while await retried(on(world.notes, *world.projections)):
            pass
        for projection in world.projections:
            assert await shown(world.notes.views, projection) == await world.notes.all()
        assert await world.notes.views.parked.counts() == {}
        assert await world.notes.views.parked.page(None, None, 10) == []

    asyncio.run(check())

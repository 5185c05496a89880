"""What several logs have ready at once is one transaction, and nobody suffers for another's fault."""

import asyncio

import pytest

from tests.support.eventually import eventually
from twinpath.domain.views import Change, Put, ViewChange
from twinpath.errors import CheckpointMoved, Unavailable
from twinpath.projecting.applying.joint_commits import LARGE, joint
from twinpath.views.in_memory.stores import InMemoryViewStore
from twinpath.views.interface import Batch, CheckpointMove

VIEW = "things"
LOGS = ("thing.0", "thing.1", "thing.2")


class Held(InMemoryViewStore):
    """Each commit waits until it may go on; `begun` are the logs of each."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[list[str]] = []
        self.go_on = asyncio.Event()
        self.away = False

    async def commit(self, batch: Batch) -> None:
        """See ViewWriter.commit."""
        self.begun.append([move.log for move in batch.moves])
        await self.go_on.wait()
        if self.away:
            raise Unavailable("the store is away")
        await super().commit(batch)


class Joint:
    """Three logs of one projection, and the commits of their first events."""

    def __init__(self) -> None:
        self.store = Held()
        self.commits = joint(self.store)

    async def prepared(self) -> "Joint":
        await self.commits.prepare([], [(VIEW, log) for log in LOGS])
        return self

    def commit(self, log: str, *changes: ViewChange, expected: int = 0) -> asyncio.Task[None]:
        made = changes or (Put(VIEW, f"{log}-document", {"n": 1}),)
        return asyncio.create_task(
            self.commits.commit(Batch(made, [CheckpointMove(VIEW, log, expected, expected + 1)]))
        )

    async def first_begun(self) -> asyncio.Task[None]:
        first = self.commit(LOGS[0])
        await self.begun(1)
        return first

    async def begun(self, count: int) -> None:
        async def are_begun() -> bool:
            return len(self.store.begun) == count

        await eventually(are_begun, pause=0.001)

    async def outcomes(self, *commits: asyncio.Task[None]) -> list[type[BaseException] | None]:
        """What each came to: None where it is committed."""
        self.store.go_on.set()
        found = await asyncio.gather(*commits, return_exceptions=True)
        return [None if error is None else type(error) for error in found]


COMMITTED = None


async def test_what_comes_while_one_is_under_way_goes_together() -> None:
    joint = await Joint().prepared()
    first = await joint.first_begun()
    others = [joint.commit(log) for log in LOGS[1:]]

    assert await joint.outcomes(first, *others) == [COMMITTED] * 3
    assert joint.store.begun == [["thing.0"], ["thing.1", "thing.2"]]
    assert await joint.store.checkpoints() == {(VIEW, log): 1 for log in LOGS}
    assert len(await joint.store.documents(VIEW, [f"{log}-document" for log in LOGS])) == 3


async def test_who_has_more_at_once_comes_with_the_next() -> None:
    joint = await Joint().prepared()

    async def twice() -> None:
        for expected in range(2):
            await joint.commits.commit(Batch(moves=[CheckpointMove(VIEW, LOGS[0], expected, expected + 1)]))

    both = asyncio.create_task(twice())
    await joint.begun(1)
    other = joint.commit(LOGS[1])

    assert await joint.outcomes(both, other) == [COMMITTED] * 2
    assert joint.store.begun == [["thing.0"], ["thing.1", "thing.0"]]


async def test_what_is_large_does_not_wait() -> None:
    joint = await Joint().prepared()
    first = await joint.first_begun()
    large = joint.commit(LOGS[1], *(Put(VIEW, str(n), {}) for n in range(LARGE)))
    await joint.begun(2)

    assert await joint.outcomes(first, large) == [COMMITTED] * 2


@pytest.mark.parametrize(
    ("changes", "expected", "outcome"),
    [((), 7, CheckpointMoved), ((Change(VIEW, "missing", set={"n": 1}),), 0, KeyError)],
)
async def test_a_fault_of_one_is_told_to_that_one_alone(
    changes: tuple[ViewChange, ...], expected: int, outcome: type[Exception]
) -> None:
    joint = await Joint().prepared()
    first = await joint.first_begun()
    faulty, good = joint.commit(LOGS[1], *changes, expected=expected), joint.commit(LOGS[2])

    assert await joint.outcomes(first, faulty, good) == [COMMITTED, outcome, COMMITTED]
    assert await joint.store.checkpoints() == {(VIEW, "thing.0"): 1, (VIEW, "thing.1"): 0, (VIEW, "thing.2"): 1}


async def test_a_store_that_is_away_is_told_to_all() -> None:
    joint = await Joint().prepared()
    first = await joint.first_begun()
    others = [joint.commit(log) for log in LOGS[1:]]
    joint.store.away = True

    assert await joint.outcomes(first, *others) == [Unavailable] * 3
    assert len(joint.store.begun) == 2


async def test_nothing_is_committed_for_who_is_gone() -> None:
    joint = await Joint().prepared()
    first = await joint.first_begun()
    gone, stays = joint.commit(LOGS[1]), joint.commit(LOGS[2])
    await asyncio.sleep(0)
    gone.cancel()

    assert await joint.outcomes(first, gone, stays) == [COMMITTED, asyncio.CancelledError, COMMITTED]
    assert (await joint.store.checkpoints())[VIEW, "thing.1"] == 0

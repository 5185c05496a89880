"""Builds a table of facts anew: filled from the log beside the one in service, then put in its place at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal

from twinpath.domain.facts import Facts
from twinpath.facts.in_memory import sums_of
from twinpath.facts.interface import MOST_ROWS, Sums
from twinpath.facts.keeping import FactsKeeper, FactsMeans
from twinpath.facts.making import Making
from twinpath.facts.tables import Table, table_of

_LOOK_SECONDS = 0.5
_ROWS = 25_000
"""In an insert, as nobody waits for them: ClickHouse takes half as long for each as in inserts of MOST_ROWS, as it
merges fewer parts. With more of them in hand Python loses what ClickHouse gains, since they outgrow the caches."""


def _beside(facts: Facts) -> Table:
    return table_of(facts).beside


async def filled_beside(facts: Facts, logs: Sequence[str], means: FactsMeans) -> None:
    """Bring what these logs have now into the table beside the one in service. Raises Unavailable."""
    keeper = FactsKeeper([facts], logs, means, tables=_beside, seconds=None, most=_ROWS)
    try:
        await keeper.caught_up()
    finally:
        await keeper.stop(seconds=0)


async def _nothing(logs: Sequence[str]) -> None:
    """The default of `fill`."""


async def rebuilt(
    facts: Facts,
    logs: Sequence[str],
    means: FactsMeans,
    reached: Callable[[int, int], None] = lambda done, size: None,
    fill: Callable[[Sequence[str]], Awaitable[None]] = _nothing,
) -> int:
    """Build the table anew and exchange it; how many events it has then. `reached` takes the progress in events.

    `fill` may bring the most of these logs into the table beside, by `filled_beside` in several processes.

    What is begun and not ended leaves the table in service as it is. What is appended meanwhile the projector puts into
    the new table, since it sees that another table is in the place of the one that it knew. Raises Unavailable.
    """
    await means.store.empty(table_of(facts).beside)
    await fill([log for log in logs if facts.follows(log)])
    keeper = FactsKeeper([facts], logs, means, tables=_beside, seconds=None, most=_ROWS)
    try:
        for _ in range(2):  # the second time only what came while the first took its time
            heads = await means.source.heads()
            size = sum(heads.get(log, 0) for log in keeper.logs)
            filling = asyncio.create_task(keeper.caught_up())
            while not filling.done():
                reached(keeper.done, size)
                await asyncio.wait([filling], timeout=_LOOK_SECONDS)
            await filling
            reached(keeper.done, size)
        await means.store.digest(_beside(facts), least=1)
        await means.store.exchange(table_of(facts))
    finally:
        await keeper.stop(seconds=0)
    return keeper.done


async def folded(
    facts: Facts, log: str, upto: int, means: FactsMeans, advance: Callable[[int], None] = lambda events: None
) -> Sums:
    """What a log up to a position gives a table: counts and sums, from the events themselves. Raises Unavailable."""
    table = table_of(facts)
    making = Making(facts, table, means.source, means.seals, means.catalogue)
    whole, position = Sums(sums=dict.fromkeys(table.summed, Decimal())), 0
    while position < upto:
        events = await means.source.read_log(log, position, min(MOST_ROWS, upto - position))
        if not events:
            break
        part = sums_of(table, await making.rows(events))[log]
        sums = {name: whole.sums[name] + part.sums[name] for name in table.summed}
        whole = Sums(whole.events + part.events, whole.rows + part.rows, sums)
        position = events[-1].position
        advance(len(events))
    return whole

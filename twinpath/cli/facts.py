"""The tables of facts of a running system, for the commands that build or verify them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from twinpath.cli.application import find_application
from twinpath.cli.connection import Connection, connected
from twinpath.cli.output import Output
from twinpath.cli.progress import Reached, bar
from twinpath.cli.rebuilding.processes import done_side_by_side, shares_of
from twinpath.cli.settings import Settings
from twinpath.domain.facts import Facts
from twinpath.errors import Unavailable
from twinpath.facts.clickhouse.connection import Connection as ClickHouse
from twinpath.facts.clickhouse.store import ClickHouseFacts
from twinpath.facts.keeping import FactsMeans
from twinpath.facts.rebuilding import filled_beside, rebuilt
from twinpath.facts.tables import table_of
from twinpath.running.garbage import IN_BULK, collect_seldom

_SECONDS = 600.0
_LOOK_SECONDS = 2.0
"""To look how far the others are, ClickHouse reads the positions of all rows."""


@asynccontextmanager
async def facts_means(connection: Connection) -> AsyncIterator[FactsMeans]:
    """What rows are made of and where they go. Raises Unavailable where no ClickHouse is set."""
    settings = connection.settings
    if not settings.clickhouse_url:
        raise Unavailable("analytics are off: set TWINPATH_CLICKHOUSE_URL", code="analytics_off")
    clickhouse = ClickHouse(settings.clickhouse_url, _SECONDS)
    store = ClickHouseFacts(clickhouse, settings.facts_database)
    try:
        yield FactsMeans(connection.log, store, connection.seals, connection.events)
    finally:
        await clickhouse.close()


async def rebuild_facts(connection: Connection, chosen: Sequence[Facts], processes: int, out: Output) -> None:
    """Build these tables anew, each in its turn. Raises Unavailable, FillingEnded."""
    collect_seldom(IN_BULK)
    for facts in chosen:
        with bar(f"{facts.name}: fill", "events") as reached:
            events = await facts_rebuilt(connection, facts, processes, reached)
        text = f"{facts.name}: the table of {events:,} events is in service"
        out.tell(text, facts=facts.name, events=events, switched=True)


async def facts_rebuilt(connection: Connection, facts: Facts, processes: int, reached: Reached) -> int:
    """Build a table anew, most of it by several processes, each with logs of its own; how many events it has then.

    Raises Unavailable, FillingEnded: the table in service stays as it is.
    """
    async with facts_means(connection) as means:

        async def fill(logs: Sequence[str]) -> None:
            heads = await means.source.heads()
            size = sum(heads[log] for log in logs)
            shares = shares_of(logs, size, processes)
            if len(shares) == 1:
                return
            own, *others = shares  # to start a process takes seconds, which this one has behind it
            arguments = [(connection.settings, facts.name, share) for share in others]
            both = filled_beside(facts, own, means), done_side_by_side(_fill, arguments)
            tasks = [asyncio.create_task(work) for work in both]
            filling = asyncio.gather(*tasks)
            try:
                while not filling.done():
                    held = await means.store.highest(table_of(facts).beside)
                    reached(sum(held.values()), size)
                    await asyncio.wait([filling], timeout=_LOOK_SECONDS)
                await filling
            finally:  # where one of them failed, the other still works
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

        return await rebuilt(facts, connection.logs, means, reached, fill)


async def _fill(settings: Settings, name: str, logs: Sequence[str]) -> None:
    """Fill the table beside the one in service from these logs, in a process of its own."""
    async with connected(settings, find_application()) as connection, facts_means(connection) as means:
        facts = next(facts for facts in connection.application.facts if facts.name == name)
        await filled_beside(facts, logs, means)

"""The tables of facts of a running system, for the commands that build or verify them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from twinpath.cli.connection import Connection
from twinpath.cli.output import Output
from twinpath.cli.progress import bar
from twinpath.domain.facts import Facts
from twinpath.errors import Unavailable
from twinpath.facts.clickhouse.connection import Connection as ClickHouse
from twinpath.facts.clickhouse.store import ClickHouseFacts
from twinpath.facts.keeping import FactsMeans
from twinpath.facts.rebuilding import rebuilt
from twinpath.running.garbage import collect_seldom

_SECONDS = 600.0


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


async def rebuild_facts(connection: Connection, chosen: Sequence[Facts], out: Output) -> None:
    """Build these tables anew, each in its turn. Raises Unavailable."""
    collect_seldom()
    async with facts_means(connection) as means:
        for facts in chosen:
            with bar(f"{facts.name}: fill", "events") as reached:
                events = await rebuilt(facts, connection.logs, means, reached)
            text = f"{facts.name}: the table of {events:,} events is in service"
            out.tell(text, facts=facts.name, events=events, switched=True)

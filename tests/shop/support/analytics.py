"""The shop's facts in a real ClickHouse, filled from a log in memory, and its reports over them."""

from typing import Any
from uuid import uuid4

import httpx

from deploy.shop import SHOP
from twinpath.domain import Facts
from twinpath.facts.clickhouse.connection import Connection
from twinpath.facts.clickhouse.store import ClickHouseFacts, ClickHouseReader
from twinpath.facts.keeping import FactsKeeper, FactsMeans
from twinpath.ids import logs_of
from twinpath.queries.app import create_app
from twinpath.testing import InMemorySystem
from twinpath.testing.in_memory import PARTITIONS
from twinpath.views.in_memory.cache import InMemoryViewCache


class Analytics:
    """Of a system in memory: `fill` brings its facts into a database of their own."""

    def __init__(self, url: str, system: InMemorySystem) -> None:
        self.system = system
        self.connection = Connection(url)
        self.database = f"t{uuid4().hex[:10]}"
        self.store = ClickHouseFacts(self.connection, self.database)
        logs = logs_of(SHOP.events.categories, PARTITIONS)
        means = FactsMeans(system.store, self.store, system.seals, SHOP.events)
        self.keeper = FactsKeeper(SHOP.facts, logs, means, seconds=0)
        reader = ClickHouseReader(self.connection, self.database)
        self.app = create_app(system.views, InMemoryViewCache(), SHOP, facts=reader)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://shop/api/v1")

    async def fill(self) -> None:
        """Return when everything so far is in the tables."""
        await self.keeper.caught_up()

    async def report(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of a report."""
        answer = await self.client.get(f"/analytics/{name}", params=parameters)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a statement gives, which names tables as `{facts}.order_lines`."""
        return [tuple(row) for row in await self.connection.rows(sql.replace("{facts}", self.database))]

    async def close(self) -> None:
        """End, and leave nothing."""
        await self.keeper.stop()
        await self.client.aclose()
        await self.connection.command(f"DROP DATABASE IF EXISTS {self.database}")
        await self.connection.close()


def facts_named(name: str) -> Facts:
    """A table of the shop's facts."""
    return next(facts for facts in SHOP.facts if facts.name == name)

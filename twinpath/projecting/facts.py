"""The projector's third group of queues: it fills the tables of facts, where analytics are switched on."""

from collections.abc import Mapping, Sequence
from typing import Any

from twinpath.domain.application import Application
from twinpath.errors import Unavailable
from twinpath.facts.clickhouse.connection import Connection
from twinpath.facts.clickhouse.store import ClickHouseFacts
from twinpath.facts.keeping import FactsKeeper, FactsMeans
from twinpath.feed.rabbit_feed import RabbitFeed
from twinpath.log.interface import EventLog
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.groups import FACTS
from twinpath.projecting.measuring import timed
from twinpath.projecting.metrics import ProjectorMetrics
from twinpath.projecting.settings import Settings
from twinpath.projecting.traced import TracedGroup


class KeptFacts:
    """The tables of an application in ClickHouse, filled through queues of their own. Raises UnfitFacts."""

    def __init__(
        self,
        settings: Settings,
        application: Application,
        logs: Sequence[str],
        source: EventLog,
        seals: Seals,
        metrics: ProjectorMetrics,
        traced: TracedGroup,
    ) -> None:
        self._connection = Connection(settings.clickhouse_url)
        store = ClickHouseFacts(self._connection, settings.facts_database)
        means = FactsMeans(traced.source(source), store, seals, application.events)
        self.keeper = FactsKeeper(application.facts, logs, means, on_insert=metrics.inserted)
        self.feed = RabbitFeed(settings.rabbitmq_url, FACTS, self.keeper.logs, service="projector")
        self._handler = timed(traced.handler(self.keeper.deliver), metrics, FACTS)
        metrics.follow_facts(self.keeper, self.feed, source)

    async def start(self) -> None:
        """Begin, without waiting for ClickHouse or the broker."""
        await self.keeper.start()
        await self.feed.start(self._handler, self.keeper)

    async def stop(self) -> None:
        """Finish what is in hand, and end."""
        await self.keeper.stop(seconds=4.0)
        await self.feed.stop()
        await self._connection.close()

    async def check(self) -> Mapping[str, Any]:
        """A Check for readiness. Raises Unavailable: a log does not go on, or a queue delivers nothing."""
        if stuck := self.feed.stuck():
            raise Unavailable("no messages of a log come; its events are read from the log", stuck=stuck)
        return await self.keeper.health()

"""The projector's metrics: how far each projection is, its transactions, what is parked, who consumes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from twinpath.facts.keeping import FactsKeeper
from twinpath.feed.interface import EventFeed
from twinpath.log.interface import EventLog
from twinpath.observability.lags import LagGauges
from twinpath.observability.metrics import SIZES, Labels, Metrics
from twinpath.projecting.copying.copy_keeper import CacheSync
from twinpath.projecting.following.projector import Projector
from twinpath.projecting.groups import FACTS
from twinpath.searching.interface import SearchIndex
from twinpath.views.interface import BatchWriter, ViewWriter
from twinpath.views.naming import generation_name


class ProjectorMetrics(Metrics):
    """Every metric of the projector; `follow` binds those that are told by its parts."""

    def __init__(self) -> None:
        super().__init__()
        self._feeds: dict[str, EventFeed] = {}
        self._add_work()
        self._add_state()

    def _add_work(self) -> None:
        self.transactions = self.histogram(
            "twinpath_projector_transaction_duration_seconds",
            "Transactions of views with their checkpoints, or publications to the outside world: committed, overtaken "
            "(another replica was first), unavailable or failed",
            "group",
            "outcome",
        )
        self.batches = self.histogram(
            "twinpath_projector_batch_events", "Events of a log in one transaction", "group", bounds=SIZES
        )
        self.events = self.counter(
            "twinpath_projection_events_total", "Events that a projection has applied here", "projection", "log"
        )
        self.applied = self.counter(
            "twinpath_projection_batches_total", "Batches in which it has applied them", "projection", "log"
        )
        self.delays = self.histogram(
            "twinpath_projector_delay_seconds",
            "From a command to its views, or to the outside world: how old each message's oldest event is then",
            "group",
        )

    def _add_state(self) -> None:
        self.lags = LagGauges(
            self.gauge(
                "twinpath_projection_lag_events", "Events that a projection has not applied yet", "projection", "log"
            ),
            self.gauge(
                "twinpath_projection_lag_seconds", "Age of the oldest event not applied yet", "projection", "log"
            ),
        )
        self.parked = self.gauge(
            "twinpath_projection_parked_streams",
            "Streams that a projection has put aside, because it can't apply an event of them",
            "projection",
            "log",
        )
        self.logs = self.gauge(
            "twinpath_projector_logs",
            "Logs by how their projections do: live, starting, or waiting for what fails to work again",
            "group",
            "state",
        )
        self.consumers = self.feed_consumers()
        self.stuck = self.stuck_queues()
        self.remedies = self.queue_remedies()
        self.unreadable = self.unreadable_messages()
        self.dead_letters = self.gauge(
            "twinpath_dead_letters", "Messages in the queue twinpath.dead-letters, until they are requeued or discarded"
        )
        self.search_kept = self.gauge(
            "twinpath_search_kept", "1 while the search index is kept, 0 while that is not possible"
        )
        self.search_lag = self.gauge(
            "twinpath_search_lag_events", "Events of a view that its search index does not have yet", "view", "log"
        )
        self._facts_rows = self.counter(
            "twinpath_facts_rows_total", "Rows that this replica has put into a table of facts, marks too", "table"
        )
        self.facts_lags = LagGauges(
            self.gauge("twinpath_facts_lag_events", "Events that a table of facts does not have yet", "table", "log"),
            self.gauge("twinpath_facts_lag_seconds", "Age of the oldest event not in it yet", "table", "log"),
        )
        self.copy_kept = self.gauge(
            "twinpath_copy_kept", "1 while the copy in Redis is kept, 0 while that is not possible"
        )

    def inserted(self, table: str, rows: int) -> None:
        """Rows were put into a table of facts."""
        self._facts_rows.count((table,), rows)

    def follow_facts(self, keeper: FactsKeeper, feed: EventFeed, log: EventLog) -> None:
        """Tell of the tables of facts from now on, and of their queues."""
        self._feeds[FACTS] = feed

        async def look_at_facts() -> None:
            await self.facts_lags.look(log, await keeper.highest())

        self.before_scrape(look_at_facts, self.facts_lags.events, self.facts_lags.seconds)

    def follow(
        self,
        followers: Mapping[str, tuple[Projector, EventFeed]],
        log: EventLog,
        writer: BatchWriter,
        cache: CacheSync,
        count_dead_letters: Callable[[], Awaitable[int]],
    ) -> None:
        """Tell of these parts from now on; `followers` by the group of their queues.

        Lags and what is parked are asked of the stores themselves, so that a projector that hangs can't hide its own.
        """
        self._feeds.update({group: feed for group, (_, feed) in followers.items()})
        self._follow_feeds(self._feeds)
        self._follow_stores([projector for projector, _ in followers.values()], log, writer)

        def states() -> dict[Labels, float]:
            counts: dict[Labels, float] = {(group, state): 0 for group in followers for state in _STATES}
            for group, (projector, _) in followers.items():
                for status in projector.status().values():
                    counts[group, status.state] += 1
            return counts

        async def look_at_dead_letters() -> None:
            self.dead_letters.values = {(): float(await count_dead_letters())}

        self.logs.read = states
        self.copy_kept.read = lambda: {(): float(cache.trouble is None)}
        self.before_scrape(look_at_dead_letters, self.dead_letters)

    def _follow_feeds(self, feeds: Mapping[str, EventFeed]) -> None:
        def consumers() -> dict[Labels, float]:
            return {
                (group, consumer_group): float(registered)
                for group, feed in feeds.items()
                for consumer_group, registered in feed.consumers().items()
            }

        self.consumers.read = consumers
        self.stuck.read = lambda: {
            (group, log): float(log in feed.stuck()) for group, feed in feeds.items() for log in feed.consumers()
        }
        self.remedies.read = lambda: {
            (group, remedy): often for group, feed in feeds.items() for remedy, often in feed.remedies().items()
        }
        self.unreadable.read = lambda: {(group,): feed.unreadable for group, feed in feeds.items()}

    def _follow_stores(self, projectors: Sequence[Projector], log: EventLog, writer: BatchWriter) -> None:
        async def look_at_stores() -> None:
            names = {projection.name for projector in projectors for projection in projector.projections}
            checkpoints, parked = await writer.checkpoints(), await writer.parked.counts()
            ours: dict[Labels, int] = {labels: at for labels, at in checkpoints.items() if labels[0] in names}
            self.parked.values = {labels: parked.get(labels, 0) for labels in checkpoints if labels[0] in names}
            await self.lags.look(log, ours)

        self.before_scrape(look_at_stores, self.lags.events, self.lags.seconds, self.parked)

    def follow_search(self, keeper: CacheSync, index: SearchIndex, writer: ViewWriter) -> None:
        """Tell of the search index from now on."""

        async def look_at_index() -> None:
            lags: dict[Labels, float] = {}
            checkpoints = await writer.checkpoints()
            for view in keeper.views:
                reached = await index.positions(generation_name(view, writer.generation(view).number))
                lags |= {
                    (v, log): max(0, at - reached.get(log, 0)) for (v, log), at in checkpoints.items() if v == view
                }
            self.search_lag.values = lags

        self.search_kept.read = lambda: {(): float(keeper.trouble is None)}
        self.before_scrape(look_at_index, self.search_lag)


_STATES = ("starting", "live", "waiting")

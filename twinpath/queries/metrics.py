"""The query service's metrics: where answers come from, how long readers wait for their writes, who listens."""

from collections.abc import Mapping

from twinpath.observability.metrics import Labels, Metrics
from twinpath.queries.reading.causal_waits import CausalWaits
from twinpath.queries.reading.fast_copy import FastCopy
from twinpath.queries.reading.live import LiveViews
from twinpath.queries.reading.views import ViewQueries


class QueryMetrics(Metrics):
    """Every metric of the query service; `follow` binds those that are read from its parts."""

    def __init__(self) -> None:
        super().__init__()
        self.requests = self.http_requests()
        self.documents = self.counter(
            "twinpath_query_documents_total",
            "Documents by id, by where they came from: redis, or mongodb because the copy lacked them or was bypassed",
            "view",
            "source",
        )
        self.bypassed = self.gauge(
            "twinpath_copy_bypassed",
            "1 while the copy of a view is not used here, because it trails the view or can't be checked, else 0",
            "view",
        )
        self.reads = self.histogram(
            "twinpath_query_mongodb_read_duration_seconds",
            "Reads of views in MongoDB: one document, several by id, or a page of a list",
            "view",
            "read",
        )
        self.waits = self.histogram(
            "twinpath_causal_wait_duration_seconds",
            "Waits for a causal token that a view had not reached yet: reached, or timeout (answered with 202)",
            "view",
            "outcome",
        )
        self.open_waits = self.gauge("twinpath_causal_waits_open", "Waits for a causal token just now")
        self.subscribers = self.gauge("twinpath_live_subscribers", "Who listens to changes just now", "view")

    def follow(self, views: ViewQueries, copy: FastCopy, waits: CausalWaits, live: LiveViews) -> None:
        """Tell of these parts from now on."""

        def documents() -> Mapping[Labels, int]:
            counts: dict[Labels, int] = {}
            for view, wanted in copy.wanted.items():
                counts[view, "redis"] = copy.had[view]
                counts[view, "mongodb"] = wanted - copy.had[view]
            return counts

        async def look_at_copies() -> None:
            bypassed = await copy.bypassed()
            self.bypassed.values = {(view,): float(view in bypassed) for view in list(copy.wanted)}

        def waited(projection: str, reached: bool, seconds: float) -> None:
            self.waits.observe((projection, "reached" if reached else "timeout"), seconds)

        self.documents.read = documents
        views.on_read = lambda view, read, seconds: self.reads.observe((view, read), seconds)
        self.open_waits.read = lambda: {(): waits.open}
        self.subscribers.read = lambda: {(view,): count for view, count in live.subscribers().items()}
        waits.on_waited = waited
        self.before_scrape(look_at_copies, self.bypassed)

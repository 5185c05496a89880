"""The query service's metrics: where answers come from, how long readers wait for their writes, who listens."""

from collections.abc import AsyncIterator, Mapping, Sequence
from time import perf_counter
from typing import Any

from twinpath.domain.views import BY_ID, NOTHING, Document, Order, Place, Range
from twinpath.observability.metrics import Labels, Metrics
from twinpath.queries.reading.causal_waits import CausalWaits
from twinpath.queries.reading.fast_copy import FastCopy
from twinpath.queries.reading.live import LiveViews
from twinpath.views.interface import Checkpoints, ViewReader
from twinpath.views.naming import Generation


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

    def follow(self, copy: FastCopy, waits: CausalWaits, live: LiveViews) -> None:
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
        self.open_waits.read = lambda: {(): waits.open}
        self.subscribers.read = lambda: {(view,): count for view, count in live.subscribers().items()}
        waits.on_waited = waited
        self.before_scrape(look_at_copies, self.bypassed)


class MeasuredReader:
    """A ViewReader that notes how long its reads take."""

    def __init__(self, reader: ViewReader, metrics: QueryMetrics) -> None:
        self._reader = reader
        self._observe = metrics.reads.observe

    def generation(self, projection: str) -> Generation:
        """See ViewReader.generation."""
        return self._reader.generation(projection)

    def erasures(self, projection: str) -> Mapping[str, int]:
        """See ViewReader.erasures."""
        return self._reader.erasures(projection)

    async def get(self, view: str, document_id: str) -> Document | None:
        """See ViewReader.get."""
        began = perf_counter()
        found = await self._reader.get(view, document_id)
        self._observe((view, "one"), perf_counter() - began)
        return found

    async def documents(self, view: str, ids: Sequence[str]) -> list[Document]:
        """See ViewReader.documents."""
        began = perf_counter()
        found = await self._reader.documents(view, ids)
        self._observe((view, "several"), perf_counter() - began)
        return found

    async def page(
        self,
        view: str,
        where: Mapping[str, Any],
        after: Place | None,
        limit: int,
        order: Order = BY_ID,
        ranges: Mapping[str, Range] = NOTHING,
    ) -> list[Document]:
        """See ViewReader.page."""
        began = perf_counter()
        found = await self._reader.page(view, where, after, limit, order, ranges)
        self._observe((view, "page"), perf_counter() - began)
        return found

    async def checkpoints(self) -> Checkpoints:
        """See ViewReader.checkpoints."""
        return await self._reader.checkpoints()

    def watch_checkpoints(self) -> AsyncIterator[Checkpoints]:
        """See ViewReader.watch_checkpoints."""
        return self._reader.watch_checkpoints()

    def watch_documents(self, views: Sequence[str]) -> AsyncIterator[tuple[str, str]]:
        """See ViewReader.watch_documents."""
        return self._reader.watch_documents(views)

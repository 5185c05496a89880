"""The adapters of one group of followers with spans around them; without tracing they are handed back as they are."""

from opentelemetry.trace import SpanKind

from twinpath.feed.interface import BatchHandler
from twinpath.log.interface import EventLog
from twinpath.observability.recorded_events import RecordedEvents
from twinpath.observability.traced_log import noting_log, traced_handler
from twinpath.observability.traced_views import traced_batches, traced_cache
from twinpath.observability.tracing import Tracing
from twinpath.views.interface import BatchWriter, ViewCache


class TracedGroup:
    """What one group has in hand leads from its events' traces to its spans."""

    def __init__(self, group: str, tracing: Tracing | None) -> None:
        self._group = group
        self._tracing = tracing
        self._recorded = RecordedEvents()

    def source(self, log: EventLog) -> EventLog:
        """The log that it reads from."""
        return noting_log(log, self._recorded) if self._tracing else log

    def handler(self, handler: BatchHandler) -> BatchHandler:
        """What takes its batches."""
        return traced_handler(handler, self._group, self._tracing, self._recorded) if self._tracing else handler

    def writer(self, writer: BatchWriter, database: str) -> BatchWriter:
        """The writer of views: each commit is a transaction."""
        attributes = {"db.system.name": "mongodb", "db.namespace": database, "db.operation.name": "transaction"}
        return self._traced(writer, f"transaction {database}", SpanKind.CLIENT, attributes)

    def publisher(self, writer: BatchWriter, exchange: str) -> BatchWriter:
        """A writer whose commits publish."""
        attributes = {
            "messaging.system": "rabbitmq",
            "messaging.operation.name": "publish",
            "messaging.operation.type": "send",
            "messaging.destination.name": exchange,
        }
        return self._traced(writer, f"publish {exchange}", SpanKind.PRODUCER, attributes)

    def cache(self, cache: ViewCache) -> ViewCache:
        """The copy that it writes."""
        return traced_cache(cache, self._tracing, self._recorded) if self._tracing else cache

    def _traced(self, writer: BatchWriter, name: str, kind: SpanKind, attributes: dict[str, str]) -> BatchWriter:
        if self._tracing is None:
            return writer
        return traced_batches(writer, self._tracing, self._recorded, name, kind, attributes)

"""Spans around the log and its way through the broker: the append, the publishing, the handling of a batch."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace

from opentelemetry import trace
from opentelemetry.trace import SpanKind

from twinpath.domain.events import Metadata, NewEvent, RecordedEvent
from twinpath.feed.interface import EXCHANGE, BatchHandler, EventPublisher
from twinpath.log.interface import Appended, Commit, EventLog, EventStore, OnAppend
from twinpath.observability.recorded_events import RecordedEvents
from twinpath.observability.tracing import Attributes, Tracing, recorded_context, traceparent_of


class TracedEventStore:
    """An EventStore; what follows from a commit continues the span of its append, which the commit names."""

    def __init__(self, inner: EventStore, tracing: Tracing) -> None:
        self._inner = inner
        self._tracing = tracing
        self._attributes = {
            "db.system.name": "mongodb",
            "db.collection.name": "commits",
            "db.operation.name": "insert",
        }

    async def append(
        self,
        stream: str,
        events: Sequence[NewEvent],
        expected_version: int,
        command_id: str,
        metadata: Metadata,
        fingerprint: str = "",
        claims: Collection[str] = (),
    ) -> Appended:
        """See EventStore.append."""
        if not trace.get_current_span().is_recording():
            return await self._inner.append(stream, events, expected_version, command_id, metadata, fingerprint, claims)
        with self._tracing.step("insert commits", SpanKind.CLIENT, self._attributes) as span:
            assert span is not None, "the one around it is recorded"
            metadata = replace(metadata, traceparent=traceparent_of(span))
            appended = await self._inner.append(
                stream, events, expected_version, command_id, metadata, fingerprint, claims
            )
            span.set_attributes(
                {
                    "twinpath.stream": stream,
                    "twinpath.version": appended.version,
                    "twinpath.log": appended.log,
                    "twinpath.position": appended.position,
                    "twinpath.events": len(events),
                    "twinpath.duplicate": appended.duplicate,
                }
            )
            return appended

    async def release(self, stream: str, version: int, keys: Collection[str]) -> None:
        """See EventStore.release."""
        await self._inner.release(stream, version, keys)

    async def load(self, stream: str, after_version: int = 0) -> list[RecordedEvent]:
        """See EventStore.load."""
        return await self._inner.load(stream, after_version)

    async def commit_of(self, command_id: str) -> Commit | None:
        """See EventStore.commit_of."""
        return await self._inner.commit_of(command_id)

    async def read_log(self, log: str, after_position: int, limit: int) -> list[RecordedEvent]:
        """See EventLog.read_log."""
        return await self._inner.read_log(log, after_position, limit)

    async def read_stream(self, log: str, stream: str, after_version: int, limit: int) -> list[RecordedEvent]:
        """See EventLog.read_stream."""
        return await self._inner.read_stream(log, stream, after_version, limit)

    async def heads(self) -> dict[str, int]:
        """See EventLog.heads."""
        return await self._inner.heads()

    async def published(self) -> dict[str, int]:
        """See EventLog.published."""
        return await self._inner.published()

    def on_append(self, listener: OnAppend) -> None:
        """See EventStore.on_append."""
        self._inner.on_append(listener)

    def appends_of_others(self) -> AsyncIterator[str]:
        """See EventStore.appends_of_others."""
        return self._inner.appends_of_others()


class TracedEventLog:
    """An EventLog that notes which of the events it reads belong to a recorded trace."""

    def __init__(self, inner: EventLog, recorded: RecordedEvents) -> None:
        self._inner = inner
        self._recorded = recorded

    async def read_log(self, log: str, after_position: int, limit: int) -> list[RecordedEvent]:
        """See EventLog.read_log."""
        events = await self._inner.read_log(log, after_position, limit)
        self._recorded.note(events)
        return events

    async def read_stream(self, log: str, stream: str, after_version: int, limit: int) -> list[RecordedEvent]:
        """See EventLog.read_stream."""
        return await self._inner.read_stream(log, stream, after_version, limit)

    async def heads(self) -> dict[str, int]:
        """See EventLog.heads."""
        return await self._inner.heads()

    async def published(self) -> dict[str, int]:
        """See EventLog.published."""
        return await self._inner.published()


class TracedPublisher:
    """An EventPublisher whose every batch is a span in each of its events' traces."""

    def __init__(self, inner: EventPublisher, tracing: Tracing) -> None:
        self._inner = inner
        self._tracing = tracing

    async def publish(self, log: str, events: list[RecordedEvent]) -> None:
        """See EventPublisher.publish."""
        spans = [span for event in events if (span := recorded_context(event.traceparent)) is not None]
        with self._tracing.continued(
            spans, f"publish {EXCHANGE}", SpanKind.PRODUCER, _messaging("publish", log, events)
        ):
            await self._inner.publish(log, events)


def traced_handler(handler: BatchHandler, group: str, tracing: Tracing, recorded: RecordedEvents) -> BatchHandler:
    """A BatchHandler whose every batch is a span in each of its events' traces."""

    async def handle(log: str, events: list[RecordedEvent]) -> None:
        queue = f"twinpath.{group}.{log}"
        attributes = {
            **_messaging("process", log, events),
            "messaging.destination.name": f"{EXCHANGE}:{log}:{queue}",
            "messaging.consumer.group.name": group,
        }
        with tracing.continued(recorded.note(events), f"process {queue}", SpanKind.CONSUMER, attributes) as spans:
            recorded.continue_in(events, spans)
            await handler(log, events)

    return handle


def _messaging(operation: str, log: str, events: Sequence[RecordedEvent]) -> Attributes:
    return {
        "messaging.system": "rabbitmq",
        "messaging.operation.name": operation,
        "messaging.operation.type": "send" if operation == "publish" else operation,
        "messaging.destination.name": f"{EXCHANGE}:{log}",
        "messaging.rabbitmq.destination.routing_key": log,
        "twinpath.log": log,
        "twinpath.events": len(events),
        "twinpath.position": events[-1].position,
    }

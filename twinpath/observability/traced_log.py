"""Spans around the log and its way through the broker: the append, the publishing, the handling of a batch."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from opentelemetry import trace
from opentelemetry.trace import SpanKind

from twinpath.around import around
from twinpath.domain.events import RecordedEvent
from twinpath.feed.interface import EXCHANGE, BatchHandler, EventPublisher
from twinpath.log.interface import Appended, EventLog, EventStore, NewCommit
from twinpath.observability.recorded_events import RecordedEvents
from twinpath.observability.tracing import Attributes, Tracing, recorded_context, traceparent_of


def traced_store(store: EventStore, tracing: Tracing) -> EventStore:
    """An EventStore; what follows from a commit continues the span of its append, which the commit names."""
    attributes = {"db.system.name": "mongodb", "db.collection.name": "commits", "db.operation.name": "insert"}

    async def append(commit: NewCommit) -> Appended:
        if not trace.get_current_span().is_recording():
            return await store.append(commit)
        with tracing.step("insert commits", SpanKind.CLIENT, attributes) as span:
            assert span is not None, "the one around it is recorded"
            metadata = replace(commit.metadata, traceparent=traceparent_of(span))
            appended = await store.append(replace(commit, metadata=metadata))
            span.set_attributes(
                {
                    "twinpath.stream": commit.stream,
                    "twinpath.version": appended.version,
                    "twinpath.log": appended.log,
                    "twinpath.position": appended.position,
                    "twinpath.events": len(commit.events),
                    "twinpath.duplicate": appended.duplicate,
                }
            )
            return appended

    return around(store, append=append)


def noting_log(log: EventLog, recorded: RecordedEvents) -> EventLog:
    """An EventLog that notes which of the events it reads belong to a recorded trace."""

    async def read_log(
        name: str, after_position: int, limit: int, types: Collection[str] | None = None
    ) -> list[RecordedEvent]:
        events = await log.read_log(name, after_position, limit, types)
        recorded.note(events)
        return events

    return around(log, read_log=read_log)


def traced_publisher(publisher: EventPublisher, tracing: Tracing) -> EventPublisher:
    """An EventPublisher whose every batch is a span in each of its events' traces."""

    async def publish(log: str, events: list[RecordedEvent]) -> None:
        spans = [span for event in events if (span := recorded_context(event.traceparent)) is not None]
        attributes = _messaging("publish", log, events)
        with tracing.continued(spans, f"publish {EXCHANGE}", SpanKind.PRODUCER, attributes):
            await publisher.publish(log, events)

    return around(publisher, publish=publish)


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

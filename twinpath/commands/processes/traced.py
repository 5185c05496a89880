"""Spans around what a process does of an event."""

from opentelemetry.trace import SpanKind

from twinpath.around import around
from twinpath.commands.processes.following import Handling
from twinpath.domain.events import RecordedEvent
from twinpath.feed.interface import EXCHANGE
from twinpath.observability.tracing import Attributes, Tracing, recorded_context


def traced_handling(tracing: Tracing, handling: Handling) -> Handling:
    """A Handling whose commands continue the trace of the event that causes them."""

    async def handle(recorded: RecordedEvent) -> None:
        parent = recorded_context(recorded.traceparent)
        attributes: Attributes = {
            "messaging.system": "rabbitmq",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": f"{EXCHANGE}:{recorded.log}:twinpath.{handling.name}.{recorded.log}",
            "messaging.consumer.group.name": handling.name,
            "twinpath.event": recorded.type,
            "twinpath.stream": recorded.stream,
            "twinpath.log": recorded.log,
            "twinpath.position": recorded.position,
        }
        name = f"process {recorded.type}"
        with tracing.continued([parent] if parent else [], name, SpanKind.CONSUMER, attributes):
            await handling.handle(recorded)

    return around(handling, handle=handle)

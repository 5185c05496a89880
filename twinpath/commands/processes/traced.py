"""Spans around what a process does of an event."""

from opentelemetry.trace import SpanKind

from twinpath.commands.processes.following import Handling
from twinpath.domain.events import RecordedEvent
from twinpath.feed.interface import EXCHANGE
from twinpath.observability.tracing import Attributes, Tracing, recorded_context


class TracedHandling:
    """A Handling whose commands continue the trace of the event that causes them."""

    def __init__(self, tracing: Tracing, inner: Handling) -> None:
        self._inner = inner
        self._tracing = tracing
        self.name = inner.name
        self.since = inner.since
        self.categories = inner.categories
        self.takes = inner.takes
        self.carry_out_due = inner.carry_out_due
        self.parked_timers = inner.parked_timers

    async def handle(self, recorded: RecordedEvent) -> None:
        """See Handling.handle."""
        parent = recorded_context(recorded.traceparent)
        attributes: Attributes = {
            "messaging.system": "rabbitmq",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": f"{EXCHANGE}:{recorded.log}:twinpath.{self.name}.{recorded.log}",
            "messaging.consumer.group.name": self.name,
            "twinpath.event": recorded.type,
            "twinpath.stream": recorded.stream,
            "twinpath.log": recorded.log,
            "twinpath.position": recorded.position,
        }
        name = f"process {recorded.type}"
        with self._tracing.continued([parent] if parent else [], name, SpanKind.CONSUMER, attributes):
            await self._inner.handle(recorded)

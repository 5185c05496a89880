"""Spans around a command and around what a process manager does of an event."""

from typing import Any

from opentelemetry import trace
from opentelemetry.trace import SpanKind

from twinpath.commands.bus import CommandBus, Envelope
from twinpath.commands.processes.process import ProcessManager
from twinpath.domain.events import RecordedEvent
from twinpath.feed.interface import EXCHANGE
from twinpath.log.interface import Appended
from twinpath.observability.tracing import Attributes, Tracing, recorded_context


class TracedCommandBus(CommandBus):
    """A CommandBus whose every command within a recorded span is a span."""

    def __init__(self, tracing: Tracing, *inner: Any) -> None:
        """`inner` is what CommandBus takes."""
        super().__init__(*inner)
        self._tracing = tracing

    async def handle(self, envelope: Envelope) -> Appended:
        """See CommandBus.handle."""
        if not trace.get_current_span().is_recording():
            return await super().handle(envelope)
        command = type(envelope.command).__name__
        attributes = {"twinpath.command": command, "twinpath.stream": envelope.command.stream}
        with self._tracing.step(command, attributes=attributes):
            return await super().handle(envelope)


class TracedProcessManager:
    """A ProcessManager whose commands continue the trace of the event that causes them."""

    def __init__(self, name: str, inner: ProcessManager, tracing: Tracing) -> None:
        self._name = name
        self._inner = inner
        self._tracing = tracing

    def takes(self, recorded: RecordedEvent) -> bool:
        """See ProcessManager.takes."""
        return self._inner.takes(recorded)

    async def handle(self, recorded: RecordedEvent) -> None:
        """See ProcessManager.handle."""
        parent = recorded_context(recorded.traceparent)
        attributes: Attributes = {
            "messaging.system": "rabbitmq",
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": f"{EXCHANGE}:{recorded.log}:twinpath.{self._name}.{recorded.log}",
            "messaging.consumer.group.name": self._name,
            "twinpath.event": recorded.type,
            "twinpath.stream": recorded.stream,
            "twinpath.log": recorded.log,
            "twinpath.position": recorded.position,
        }
        name = f"process {recorded.type}"
        with self._tracing.continued([parent] if parent else [], name, SpanKind.CONSUMER, attributes):
            await self._inner.handle(recorded)

    async def carry_out_due(self) -> int:
        """See ProcessManager.carry_out_due."""
        return await self._inner.carry_out_due()

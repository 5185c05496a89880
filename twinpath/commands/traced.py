"""Spans around commands."""

from typing import Any

from opentelemetry import trace

from twinpath.commands.bus import CommandBus
from twinpath.commands.envelope import Envelope
from twinpath.log.interface import Appended
from twinpath.observability.tracing import Tracing


class TracedCommandBus(CommandBus):
    """A CommandBus whose every command within a recorded span is a span."""

    def __init__(self, tracing: Tracing, *inner: Any) -> None:
        """`inner` is what CommandBus takes."""
        super().__init__(*inner)
        self._tracing = tracing

    async def handle(self, envelope: Envelope) -> Appended:
        if not trace.get_current_span().is_recording():
            return await super().handle(envelope)
        command = envelope.command.type
        attributes = {"twinpath.command": command, "twinpath.stream": envelope.command.stream}
        with self._tracing.step(command, attributes=attributes):
            return await super().handle(envelope)

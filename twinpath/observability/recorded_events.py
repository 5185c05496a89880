"""Which events in hand belong to a recorded trace, so that a step which merges many can name its traces.

A transaction or a write to Redis knows its log and its positions, not its events; so the positions lead to the traces.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from opentelemetry.trace import SpanContext

from twinpath.clock import Clock, utc_now
from twinpath.domain.events import RecordedEvent
from twinpath.observability.tracing import recorded_context

MOST_POSITIONS = 4_000
"""Kept a log: twice what one transaction of the projector may hold."""


MOST_AGE = 24 * 60 * 60.0
"""In seconds. Who reads older events fills a view anew, and does nothing for the requests that brought them about."""


class RecordedEvents:
    """Log -> position -> the span that this event's next step continues."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._spans: dict[str, OrderedDict[int, SpanContext]] = {}

    def note(self, events: Sequence[RecordedEvent]) -> list[SpanContext]:
        """Learn of events that came or were read; the spans that their commits name, if they are of the last day."""
        spans, oldest = [], self._clock().timestamp() - MOST_AGE
        for event in events:
            span = recorded_context(event.traceparent)
            if span is not None and event.at.timestamp() > oldest:
                spans.append(span)
                self._keep(event, span)
        return spans

    def continue_in(self, events: Sequence[RecordedEvent], spans: Mapping[int, SpanContext]) -> None:
        """The steps that follow these events continue these spans, by trace id."""
        for event in events:
            spans_of_log = self._spans.get(event.log)
            span = spans_of_log.get(event.position) if spans_of_log else None
            if span is not None and span.trace_id in spans:
                self._keep(event, spans[span.trace_id])

    def between(self, log: str, after: int, upto: int) -> list[SpanContext]:
        """The spans of the events with a position above `after`, up to `upto`."""
        spans = self._spans.get(log)
        if not spans:
            return []
        if upto - after < len(spans):
            return [spans[position] for position in range(after + 1, upto + 1) if position in spans]
        return [span for position, span in sorted(spans.items()) if after < position <= upto]

    def _keep(self, event: RecordedEvent, span: SpanContext) -> None:
        spans = self._spans.setdefault(event.log, OrderedDict())
        spans[event.position] = span
        spans.move_to_end(event.position)
        if len(spans) > MOST_POSITIONS:
            spans.popitem(last=False)

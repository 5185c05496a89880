"""Spans with OpenTelemetry: how the steps of a service, and batches that merge the traces of many, become spans.

Whether a trace is recorded is decided where it begins. Everything after that asks whether the span it continues is
recorded, and does nothing where it isn't. What an exception says may hold what a customer wrote, so a span tells only
its kind.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.util.types import AttributeValue

from twinpath.errors import ConcurrencyConflict, TwinpathError, Unavailable
from twinpath.observability.traceparent import is_sampled, readable

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.id_generator import IdGenerator
else:
    IdGenerator = object  # the SDK is loaded only where it is used

Attributes = Mapping[str, AttributeValue]

MOST_TRACES = 128
"""Of so many traces in one batch each gets a span of its own; the rest is linked as far as a span takes links."""

_STOP_SECONDS = 2.0
_NOTHING: Attributes = {}
_EMPTY = contexts.Context()


class Tracing:
    """Makes the spans of one service."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._provider = provider
        self._ids = _GivenIds(provider.id_generator)
        provider.id_generator = self._ids  # type: ignore[assignment]  # the SDK's annotation names one kind of them
        self.tracer = provider.get_tracer("twinpath", version("twinpath"))

    def stop(self) -> None:
        """Send what waits, if that is possible within two seconds: no receiver may hold up a service's end."""
        sending = threading.Thread(target=self._provider.shutdown, name="last spans", daemon=True)
        sending.start()
        sending.join(_STOP_SECONDS)

    def begin(self, name: str, around: contexts.Context | None, attributes: Attributes) -> Span | None:
        """The first span of a request, of the trace that `around` names, if any; None where it is not recorded.

        Most traces are not; the sampler is asked before a span is made, which costs five times as much.
        """
        if around is None:
            trace_id = self._ids.generate_trace_id()
            asked = self._provider.sampler.should_sample(None, trace_id, name, SpanKind.SERVER, attributes)
            if not asked.decision.is_recording():  # type: ignore[no-untyped-call]
                return None
            self._ids.given = trace_id
        span = self.tracer.start_span(name, around or _EMPTY, SpanKind.SERVER, attributes)
        return span if span.is_recording() else None

    @contextmanager
    def step(
        self, name: str, kind: SpanKind = SpanKind.INTERNAL, attributes: Attributes = _NOTHING
    ) -> Iterator[Span | None]:
        """A span within the current one; nothing, and None, where that one is not recorded."""
        if not trace.get_current_span().is_recording():
            yield None
            return
        span = self.tracer.start_span(name, kind=kind, attributes=attributes)
        with _running(span, [span]):
            yield span

    @contextmanager
    def continued(
        self, parents: Sequence[SpanContext], name: str, kind: SpanKind, attributes: Attributes = _NOTHING
    ) -> Iterator[Mapping[int, SpanContext]]:
        """One piece of work for several traces: a span in each of them, by trace id; nothing where there is none.

        The first span is the current one in here, so that what it calls shows in its trace; it and the others link
        to each other, as a trace can't have two parents.
        """
        of_trace: dict[int, list[SpanContext]] = {}
        for parent in parents:
            of_trace.setdefault(parent.trace_id, []).append(parent)
        if not of_trace:
            yield {}
            return
        first, *others = of_trace.values()
        links = [Link(parent) for parent in (*first[1:], *(of_other[0] for of_other in others))]
        carrier = self._child(first[0], name, kind, attributes, links)
        spans = [carrier]
        for of_other in others[: MOST_TRACES - 1]:
            links = [Link(carrier.get_span_context()), *map(Link, of_other[1:])]
            spans.append(self._child(of_other[0], name, kind, attributes, links))
        with _running(carrier, spans):
            yield {span.get_span_context().trace_id: span.get_span_context() for span in spans}

    def _child(
        self, parent: SpanContext, name: str, kind: SpanKind, attributes: Attributes, links: Sequence[Link]
    ) -> Span:
        around = trace.set_span_in_context(trace.NonRecordingSpan(parent))
        return self.tracer.start_span(name, around, kind, attributes, links)


class _GivenIds(IdGenerator):
    """Makes ids as `inner` does, except for a trace id that was asked for before: that one once more."""

    def __init__(self, inner: IdGenerator) -> None:
        self._inner = inner
        self.given: int | None = None

    def generate_span_id(self) -> int:
        return self._inner.generate_span_id()

    def generate_trace_id(self) -> int:
        given, self.given = self.given, None
        return self._inner.generate_trace_id() if given is None else given

    def is_trace_id_random(self) -> bool:
        return self._inner.is_trace_id_random()


@contextmanager
def _running(current: Span, spans: Sequence[Span]) -> Iterator[None]:
    """Makes the first current while these spans last, and tells them how it ended."""
    token = contexts.attach(trace.set_span_in_context(current))
    try:
        yield
    except Exception as error:
        for span in spans:
            mark_failed(span, error)
        raise
    finally:
        contexts.detach(token)
        for span in spans:
            span.end()


def mark_failed(span: Span, error: Exception) -> None:
    """Say that it failed and how, unless the refusal is an answer like any other: a rule, a missing aggregate."""
    if isinstance(error, TwinpathError):
        span.set_attribute("twinpath.refusal", error.code)
        if not isinstance(error, (Unavailable, ConcurrencyConflict)):
            return
    kind = error.code if isinstance(error, TwinpathError) else type(error).__qualname__
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))


def traceparent_of(span: Span) -> str:
    """The span's name for those who continue its trace."""
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def recorded_context(traceparent: str | None) -> SpanContext | None:
    """The span that a traceparent names, if its trace is recorded."""
    if not is_sampled(traceparent) or readable(traceparent) is None:
        return None
    assert traceparent is not None, "it is sampled"
    _, trace_id, span_id, flags = traceparent.split("-")
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))

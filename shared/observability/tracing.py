"""Traces with OpenTelemetry, switched on and set by its standard variables; without an address nothing is loaded.

Whether a trace is recorded is decided where it begins. Everything after that asks whether the span it continues is
recorded, and does nothing where it isn't. What an exception says may hold what a customer wrote, so a span tells only
its kind.
"""

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.util.types import AttributeValue

from shared.errors import ConcurrencyConflict, TwinpathError, Unavailable
from shared.ids import uuid7
from shared.traceparent import is_sampled, readable

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

Attributes = Mapping[str, AttributeValue]

MOST_TRACES = 128
"""Of so many traces in one batch each gets a span of its own; the rest is linked as far as a span takes links."""

_ADDRESSES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_STOP_SECONDS = 2.0
_NOTHING: Attributes = {}


class BadTracingSetting(ValueError):
    """A variable of OpenTelemetry that we can't work with; the message names it."""


def tracing_of(service: str) -> "Tracing | None":
    """Tracing as the environment asks for it, or None; `service` is `command`, `projector` or `query`.

    Raises:
        BadTracingSetting: an address or a protocol that can't be used.
    """
    given = next((name for name in _ADDRESSES if os.environ.get(name)), None)
    is_off = (
        os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    )
    if given is None or is_off:
        return None
    address = urlsplit(os.environ[given])
    if address.scheme not in ("http", "https") or not address.netloc:
        raise BadTracingSetting(f"{given} takes the URL of an OTLP/HTTP receiver, such as http://collector:4318")
    for name in ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"):
        if os.environ.get(name, "http/protobuf") != "http/protobuf":
            raise BadTracingSetting(f"{name} can only be http/protobuf here")

    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    ours = Resource({SERVICE_NAME: f"twinpath-{service}", "service.instance.id": uuid7()})
    named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    told = Resource.create()
    provider = TracerProvider(resource=ours.merge(told) if named else told.merge(ours), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)


class Tracing:
    """Makes the spans of one service."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._provider = provider
        self.tracer = provider.get_tracer("twinpath", version("twinpath"))

    def stop(self) -> None:
        """Send what waits, if that is possible within two seconds: no receiver may hold up a service's end."""
        sending = threading.Thread(target=self._provider.shutdown, name="last spans", daemon=True)
        sending.start()
        sending.join(_STOP_SECONDS)

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
        links = [Link(parent) for parent in (*first[1:], *(one[0] for one in others))]
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
    its = span.get_span_context()
    return f"00-{its.trace_id:032x}-{its.span_id:016x}-{its.trace_flags:02x}"


def recorded_context(traceparent: str | None) -> SpanContext | None:
    """The span that a traceparent names, if its trace is recorded."""
    if not is_sampled(traceparent) or readable(traceparent) is None:
        return None
    assert traceparent is not None, "it is sampled"
    _, trace_id, span_id, flags = traceparent.split("-")
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))

"""Spans that are kept in memory, for tests."""

from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import DEFAULT_ON, Sampler

from twinpath.observability.tracing import Tracing


class Spans:
    """What was exported."""

    def __init__(self, sampler: Sampler = DEFAULT_ON) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(sampler, shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracing = Tracing(provider)

    @property
    def all(self) -> Sequence[ReadableSpan]:
        """Every span that has ended."""
        return self._exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        """Those whose name begins so, oldest first."""
        return [span for span in self.all if span.name.startswith(name)]

    def one(self, name: str) -> ReadableSpan:
        """The only one whose name begins so."""
        (span,) = self.named(name)
        return span

    def clear(self) -> None:
        """Forget them."""
        self._exporter.clear()

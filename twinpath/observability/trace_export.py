"""Sending traces, switched on and set by OpenTelemetry's standard variables; without an address nothing is loaded."""

import os
from urllib.parse import urlsplit

from twinpath.ids import uuid7
from twinpath.observability.tracing import Tracing

_ADDRESSES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


class BadTracingSetting(ValueError):
    """A variable of OpenTelemetry that we can't work with; the message names it."""


def tracing_of(service: str) -> Tracing | None:
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
    environment = Resource.create()
    provider = TracerProvider(
        resource=ours.merge(environment) if named else environment.merge(ours), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)

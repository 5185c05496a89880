"""A span for each request to an API, continuing the caller's trace where it names one."""

import re
from collections.abc import Iterable

from fastapi import FastAPI
from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Span, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twinpath.ids import UUID_PATTERN
from twinpath.observability.tracing import Tracing, mark_failed

_ID = re.compile(f"/([a-z]+)-{UUID_PATTERN}(?=/|$)")
_PROPAGATOR = TraceContextTextMapPropagator()
_PREFIX = "/api/"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


def trace_requests(app: FastAPI, tracing: Tracing) -> None:
    """Put a span around every request to the endpoints of this app; call it when all middleware is in place."""
    app.add_middleware(_TracedRequests, tracing=tracing, routes=frozenset(app.openapi()["paths"]))


class _TracedRequests:
    """ASGI middleware. A path is told only when it is one of `routes`: any other is whatever somebody typed."""

    def __init__(self, app: ASGIApp, tracing: Tracing, routes: frozenset[str]) -> None:
        self._app = app
        self._tracing = tracing
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith(_PREFIX):
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        attributes = {"http.request.method": method, "url.scheme": scope["scheme"]}
        span = self._tracing.begin(method, _caller(scope["headers"]), attributes)
        if span is None:
            await self._app(scope, receive, send)
        else:
            self._name(span, method, scope["path"])
            await self._serve(span, scope, receive, send)

    async def _serve(self, span: Span, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = message["status"]
                span.set_attribute("http.response.status_code", status)
                if status >= 500:
                    span.set_attribute("error.type", str(status))
                    span.set_status(Status(StatusCode.ERROR))
                if (b"content-type", b"text/event-stream") in _short(message):
                    span.end()  # what follows lasts as long as somebody listens
            await send(message)

        token = contexts.attach(trace.set_span_in_context(span))
        try:
            await self._app(scope, receive, send_and_note)
        except Exception as error:
            mark_failed(span, error)
            raise
        finally:
            contexts.detach(token)
            if span.is_recording():
                span.end()

    def _name(self, span: Span, method: str, path: str) -> None:
        route = _ID.sub(r"/{\1_id}", path)
        if route in self._routes:
            span.update_name(f"{method} {route}")
            span.set_attributes({"http.route": route, "url.path": path})


def _caller(headers: Iterable[tuple[bytes, bytes]]) -> contexts.Context | None:
    """The trace that the caller names; None where it names none that can be read."""
    for name, _ in headers:
        if name == b"traceparent":
            given = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
            around = _PROPAGATOR.extract(given, contexts.Context())
            return around if trace.get_current_span(around).get_span_context().is_valid else None
    return None


def _short(message: Message) -> list[tuple[bytes, bytes]]:
    return [(name, value.partition(b";")[0]) for name, value in message.get("headers", ())]

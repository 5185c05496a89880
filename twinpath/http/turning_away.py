"""Refuses requests that are too many before anything is done for them, at a tenth of what an answer costs.

A service that is asked for three times what it can do must not spend its time on saying no. So this sits below ASGI, in
uvicorn's protocol: the request is read off its connection, and 503 written, with no task and no middleware.
"""

import asyncio
from functools import partial
from typing import Protocol

import orjson
from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from twinpath.http.correlation import usable_id
from twinpath.http.problem_details import problem

_DETAIL = "More is asked of this service than it can do just now; nothing was done. Come back later."
_HEAD = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\n"
    b"content-length: %d\r\nx-correlation-id: %s\r\n"
)
_BEFORE_PATH, _AFTER_PATH = bytes(problem("<path>", 503, "overloaded", _DETAIL).body).split(b'"<path>"')
_READS = (b"GET", b"HEAD", b"OPTIONS")


class Gate(Protocol):
    """Says who is let in, and is told who is through."""

    def guards(self, path: str) -> bool:
        """Whether a request that is no read may be refused here."""
        ...

    @property
    def is_full(self) -> bool:
        """Whether one more would be one too many."""
        ...

    def enter(self) -> float:
        """One is let in; the answer is for `leave`."""
        ...

    def leave(self, entered: float) -> None:
        """It has its answer."""
        ...

    def refuse(self) -> None:
        """One is refused."""
        ...


def gated(gate: Gate) -> type[asyncio.Protocol]:
    """The protocol that uvicorn shall speak, with this gate."""
    return type("GatedHttp", (_GatedHttp,), {"gate": gate})


class _GatedHttp(HttpToolsProtocol):
    gate: Gate
    _refused = False

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._refused = False

    def on_headers_complete(self) -> None:
        answering = self.cycle is not None and not self.cycle.response_complete
        self._refused = not answering and self._is_guarded() and self.gate.is_full
        if not self._refused:
            super().on_headers_complete()
        elif self.expect_100_continue:  # the body is not sent before it is asked for
            self._refuse(keep_alive=False)

    def on_body(self, body: bytes) -> None:
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._refused:
            super().on_message_complete()
        elif not self.expect_100_continue:
            self._refuse(self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive())

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if self._is_guarded():
            app = partial(_leaving, app, self.gate, self.gate.enter())
        super()._start_asgi_task(cycle, app)

    def _is_guarded(self) -> bool:
        if self.parser.get_method() in _READS:
            return False
        return self.gate.guards(self.url.partition(b"?")[0].decode("latin-1"))

    def _refuse(self, keep_alive: bool) -> None:
        self.gate.refuse()
        body = _BEFORE_PATH + orjson.dumps(self.url.partition(b"?")[0].decode("latin-1")) + _AFTER_PATH
        given = next((value for name, value in self.headers if name == b"x-correlation-id"), b"")
        lines = [_HEAD % (len(body), usable_id(given))]
        lines += [b"%s: %s\r\n" % header for header in self.server_state.default_headers]
        lines.append(b"\r\n" if keep_alive else b"connection: close\r\n\r\n")
        self.transport.write(b"".join((*lines, body)))
        if keep_alive:
            self.on_response_complete()
        else:
            self.transport.close()


async def _leaving(
    app: ASGI3Application,
    gate: Gate,
    entered: float,
    scope: Scope,
    receive: ASGIReceiveCallable,
    send: ASGISendCallable,
) -> None:
    try:
        await app(scope, receive, send)
    finally:
        gate.leave(entered)

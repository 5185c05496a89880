"""A client's connection: gathers each request, and hands it to uvicorn's protocol once it is sound and there.

Of the protocol inside only asyncio.Protocol's methods are used, and the `shutdown` that uvicorn's server calls. It sees
a single request at a time: those that a client sends ahead wait here. So does a body that is read as a whole, and a
request that is not there yet is neither counted nor begun; a streamed body is handed on as it comes.
"""

import asyncio
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from twinpath.http.edge.flow import MOST_UNTAKEN, Flow, Phase
from twinpath.http.edge.framing import Framing, Piece
from twinpath.http.edge.outlet import Outlet
from twinpath.http.edge.patience import Patience
from twinpath.http.edge.refusal import Refusal, overloaded, too_slow
from twinpath.http.edge.request_head import Head, origin_of
from twinpath.http.edge.rules import Rules

CONNECTION = "twinpath.connection"
"""Where a request's scope has its connection, within the state."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_NO_CONTENT = b"HTTP/1.1 204 No Content\r\nallow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n\r\n"


class Connection(asyncio.Protocol):
    """One connection, as uvicorn makes it; `rules` are those of its service."""

    rules: Rules

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        loop = _loop or asyncio.get_running_loop()
        state = {**app_state, CONNECTION: self}
        self._inner: HttpToolsProtocol | None = HttpToolsProtocol(config, server_state, state, loop)
        self._server_state = server_state
        self._connections = cast(set[asyncio.Protocol], server_state.connections)
        self._framing = Framing(self.rules.limits, self.rules.streamed)
        self._patience = Patience(loop, self.rules.limits, self._end, self._give_up, self._cut)
        self.phase: Phase = "waiting"
        self._entered: float | None = None
        self._in_hand = 0  # bytes of the request that is being answered
        self._ends_next = False

    # As asyncio and uvicorn's server call it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.BaseProtocol.connection_made."""
        assert self._inner is not None
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(MOST_UNTAKEN)
        self._flow = Flow(self, self._transport, self._patience, self.rules)
        self.outlet = Outlet(self._transport, self._end, self._flow.want)
        self._inner.connection_made(self.outlet)
        self._connections.discard(self._inner)
        self._connections.add(self)
        self._patience.await_request(self.rules.limits.http_head_seconds)
        self.rules.in_hand.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.BaseProtocol.connection_lost."""
        self._over()
        self._connections.discard(self)
        self.rules.in_hand.closed(self)
        self._patience.end()
        self._detach(exc)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol.data_received."""
        if self.phase != "over":
            self._framing.add(data)
            self._patience.came(len(data))
            self._advance()

    def pause_writing(self) -> None:
        """See asyncio.BaseProtocol.pause_writing."""
        self._flow.stall()

    def resume_writing(self) -> None:
        """See asyncio.BaseProtocol.resume_writing."""
        self._flow.taken()
        if self._inner is not None:
            self._inner.resume_writing()
        self._flow.look()

    def shutdown(self) -> None:
        """Called by uvicorn's server when it stops: what has been begun is finished, and the connection closed."""
        if self.phase == "waiting" and self._framing.has_begun:
            self._ends_next = True
        elif self._inner is not None:
            self._inner.shutdown()

    # As the application's middleware calls it

    @property
    def streams(self) -> bool:
        """Whether the body of the request in hand still comes."""
        return self.phase == "streaming"

    def answered(self) -> None:
        """The application is through with the request in hand."""
        self._leave()
        if self.phase == "answering":
            self._wait()
            if self._framing.has_begun or self._flow.is_counted:
                self._advance()
        elif self.phase == "streaming":
            self._linger()

    def failed(self) -> None:
        """The application ended with an error, after which uvicorn closes the connection."""
        self._leave()

    # As the flow between both sides, and others' claims, ask of it

    @property
    def received(self) -> int:
        """See Sides.received."""
        return self._framing.kept + self._in_hand

    @property
    def ahead(self) -> int:
        """See Sides.ahead."""
        return self._framing.kept

    def let_wait(self) -> bool:
        """See Sides.let_wait."""
        if self._inner is not None:
            self._inner.pause_writing()
        return self._inner is not None

    @property
    def waits_since(self) -> float | None:
        """See Holder.waits_since."""
        return self._patience.since

    def give_way(self) -> None:
        """See Holder.give_way."""
        if self.phase != "waiting":
            self._cut()
        elif self._framing.has_begun:
            self._refuse(overloaded())
        else:
            self._end()

    # The requests

    def _wait(self) -> None:
        self.phase = "waiting"
        self._patience.await_request(self.rules.limits.http_keep_alive_seconds)

    def _advance(self) -> None:
        """Hand on what is there."""
        try:
            while self.phase in ("waiting", "streaming") and (piece := self._framing.next()):
                self._take(piece)
            if self.phase == "waiting" and self._framing.has_begun:
                self._expect_the_rest()
        except Refusal as refusal:
            self._refuse(refusal)
        self._flow.look_if_worth()

    def _take(self, piece: Piece) -> None:
        head = piece.head
        if head is not None:
            if head.target == b"*":
                self._answer_at_once(head, _NO_CONTENT)
                return
            guarded = self.rules.guards(head)
            if guarded and piece.ends and self._is_full():
                self._answer_at_once(head, self._worded(overloaded(), head))
                return
            if guarded:
                self._entered = self.rules.gate.enter()
            self._begin(head, piece)
        if piece.ends:
            self.phase = "answering"
            self._patience.await_nothing()
        self._feed(head.raw + piece.body if head else piece.body)

    def _begin(self, head: Head, piece: Piece) -> None:
        if self._ends_next:
            head.with_close()
        self.outlet.begun = False
        self._in_hand = len(piece.body)
        if not piece.ends:
            self.phase = "streaming"
            self._patience.await_body()

    def _feed(self, data: bytes) -> None:
        assert self._inner is not None
        self.outlet.feeding = True
        try:
            self._inner.data_received(data)
        finally:
            self.outlet.feeding = False

    def _expect_the_rest(self) -> None:
        head = self._framing.head
        if head is None:
            self._patience.await_head()
            return
        self._patience.await_body()
        if self._framing.to_be_asked():
            if self.rules.guards(head) and self._is_full():
                raise overloaded()
            self._transport.write(_CONTINUE)

    def _is_full(self) -> bool:
        full = self.rules.gate.is_full
        if full:
            self.rules.gate.refuse()
        return full

    def _answer_at_once(self, head: Head, answer: bytes) -> None:
        """Answer a request that is there as a whole, so that its connection goes on."""
        self._transport.write(answer)
        self._wait()
        if self._ends_next or not head.keeps_alive:
            self._end()

    def _refuse(self, refusal: Refusal) -> None:
        if self.phase == "streaming" and self.outlet.begun:
            self._cut()  # nothing can be said within an answer
            return
        self._leave()
        self._transport.write(self._worded(refusal, self._framing.head, closes=True))
        self._linger()
        self._detach(None)

    def _worded(self, refusal: Refusal, head: Head | None, closes: bool = False) -> bytes:
        path = head.path if head else self._framing.path
        correlation_id = head.correlation_id if head else b""
        shared = self.rules.shared.headers(origin_of(head.raw if head else self._framing.beginning))
        return refusal.answer(path, correlation_id, [*self._server_state.default_headers, *shared], closes)

    def _leave(self) -> None:
        self._in_hand = 0
        if self._entered is not None:
            self.rules.gate.leave(self._entered)
            self._entered = None

    # The end

    def _over(self) -> None:
        self.phase = "over"
        self.outlet.over = True

    def _give_up(self) -> None:
        self._refuse(too_slow())

    def _cut(self) -> None:
        self._transport.abort()

    def _end(self) -> None:
        """Close when all is written; a client that does not take it is cut off."""
        if self.phase == "streaming" or self._framing.has_begun:
            self._linger()
            return
        self._over()
        self._patience.await_nothing()
        self._patience.await_taking(self.outlet)
        self._transport.close()

    def _linger(self) -> None:
        """Close after the client had time to read: bytes that it sends to a closed connection would undo the answer."""
        self._over()
        self._framing = Framing(self.rules.limits, self.rules.streamed)
        self._flow.look()
        if not self._transport.is_closing():
            self._transport.write_eof()
            self._patience.await_end()

    def _detach(self, exc: Exception | None) -> None:
        """The protocol inside hears of the end, once."""
        inner, self._inner = self._inner, None
        if inner is not None:
            inner.connection_lost(exc)

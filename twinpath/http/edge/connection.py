"""A client's connection: gathers each request, and hands it to uvicorn's protocol once it is sound and there.

Of the protocol inside only asyncio.Protocol's methods are used, and the `shutdown` that uvicorn's server calls. It sees
a single request at a time: those that a client sends ahead wait here. So does a body that is read as a whole, and a
request that is not there yet is neither counted nor begun; a streamed body is handed on as it comes.
"""

import asyncio
from typing import Any, Literal, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from twinpath.http.edge.framing import Framing, Piece
from twinpath.http.edge.outlet import Outlet
from twinpath.http.edge.patience import Patience
from twinpath.http.edge.refusal import Refusal, overloaded, too_slow
from twinpath.http.edge.request_head import Head
from twinpath.http.edge.rules import Rules

CONNECTION = "twinpath.connection"
"""Where a request's scope has its connection, within the state."""

_HIGH_WATER = 16 * 1024
"""Bytes that are written and not taken; beyond them the application waits, and they are counted."""

_MOST_AHEAD = 64 * 1024
"""Bytes that a client may send ahead of its answers; the others stay in the network."""

_WORTH_COUNTING = 4096
"""Bytes; a request that keeps less is not counted among what all clients together make the service keep."""

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
        self._phase: Literal["waiting", "streaming", "answering", "over"] = "waiting"
        """For a request, while the body of the request in hand still comes, with all of it in hand, and at the end."""

        self._entered: float | None = None
        self._in_hand = 0  # bytes of the request that is being answered
        self._ends_next = False
        self._wanted, self._reads = True, True
        self._stalls, self._waits_for_taking, self._counted = False, False, False

    # As asyncio and uvicorn's server call it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.BaseProtocol.connection_made."""
        assert self._inner is not None
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(_HIGH_WATER)
        self._outlet = Outlet(self._transport, self._end, self._want)
        self._inner.connection_made(self._outlet)
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
        if self._phase != "over":
            self._framing.add(data)
            self._patience.came(len(data))
            self._advance()

    def pause_writing(self) -> None:
        """See asyncio.BaseProtocol.pause_writing."""
        self._stalls = True
        self._look_at_what_waits()

    def resume_writing(self) -> None:
        """See asyncio.BaseProtocol.resume_writing."""
        self._stalls, self._waits_for_taking = False, False
        self._patience.taken()
        if self._inner is not None:
            self._inner.resume_writing()
        self._look_at_what_waits()

    def shutdown(self) -> None:
        """Called by uvicorn's server when it stops: what has been begun is finished, and the connection closed."""
        if self._phase == "waiting" and self._framing.has_begun:
            self._ends_next = True
        elif self._inner is not None:
            self._inner.shutdown()

    # As the application's middleware calls it

    @property
    def streams(self) -> bool:
        """Whether the body of the request in hand still comes."""
        return self._phase == "streaming"

    def answered(self) -> None:
        """The application is through with the request in hand."""
        self._leave()
        if self._phase == "answering":
            self._wait()
            if self._framing.has_begun or self._counted:
                self._advance()
        elif self._phase == "streaming":
            self._linger()

    def failed(self) -> None:
        """The application ended with an error, after which uvicorn closes the connection."""
        self._leave()

    # As it gives way to others

    @property
    def waits_since(self) -> float | None:
        """See Holder.waits_since."""
        return self._patience.since

    def give_way(self) -> None:
        """See Holder.give_way."""
        if self._phase != "waiting":
            self._cut()
        elif self._framing.has_begun:
            self._refuse(overloaded())
        else:
            self._end()

    # The requests

    def _wait(self) -> None:
        self._phase = "waiting"
        self._patience.await_request(self.rules.limits.http_keep_alive_seconds)

    def _advance(self) -> None:
        """Hand on what is there."""
        try:
            while self._phase in ("waiting", "streaming") and (piece := self._framing.next()):
                self._take(piece)
            if self._phase == "waiting" and self._framing.has_begun:
                self._expect_the_rest()
        except Refusal as refusal:
            self._refuse(refusal)
        if self._stalls or self._counted or self._framing.kept + self._in_hand >= _WORTH_COUNTING:
            self._look_at_what_waits()

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
            self._phase = "answering"
            self._patience.await_nothing()
        self._feed(head.raw + piece.body if head else piece.body)

    def _begin(self, head: Head, piece: Piece) -> None:
        if self._ends_next:
            head.with_close()
        self._outlet.begun = False
        self._in_hand = len(piece.body)
        if not piece.ends:
            self._phase = "streaming"
            self._patience.await_body()

    def _feed(self, data: bytes) -> None:
        assert self._inner is not None
        self._outlet.feeding = True
        try:
            self._inner.data_received(data)
        finally:
            self._outlet.feeding = False

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
        if self._phase == "streaming" and self._outlet.begun:
            self._cut()  # nothing can be said within an answer
            return
        self._leave()
        self._transport.write(self._worded(refusal, self._framing.head, closes=True))
        self._linger()
        self._detach(None)

    def _worded(self, refusal: Refusal, head: Head | None, closes: bool = False) -> bytes:
        path = head.path if head else self._framing.path
        correlation_id = head.correlation_id if head else b""
        return refusal.answer(path, correlation_id, self._server_state.default_headers, closes)

    def _leave(self) -> None:
        self._in_hand = 0
        if self._entered is not None:
            self.rules.gate.leave(self._entered)
            self._entered = None

    # What waits on either side

    def _want(self, wanted: bool) -> None:
        """The protocol inside wants more of a body, or has enough just now."""
        self._wanted = wanted
        if not wanted:
            self._patience.hold_up()
        self._read_or_pause()

    def _look_at_what_waits(self) -> None:
        """Let the application wait for a client that does not take its answer. A client that still sends may be one
        that reads only when it has sent all, so its body is read on, as long as what waits for it is little.
        """
        unsent = self._outlet.unsent if self._stalls else 0
        reads_on = self.streams and unsent < self.rules.limits.http_unsent_bytes
        if self._stalls and not self._waits_for_taking and not reads_on and self._inner is not None:
            self._waits_for_taking = True
            self._patience.await_taking(self._outlet)
            self._inner.pause_writing()
        kept = self._framing.kept + self._in_hand + unsent
        counts = kept >= _WORTH_COUNTING
        if counts or self._counted:
            self._counted = counts
            self.rules.in_hand.keeps(self, kept if counts else 0)
        self._read_or_pause()

    def _read_or_pause(self) -> None:
        enough = self._phase == "answering" and self._framing.kept > _MOST_AHEAD
        reads = self._phase == "over" or (self._wanted and not enough)
        if reads is not self._reads and not self._transport.is_closing():
            self._reads = reads
            if reads:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    # The end

    def _over(self) -> None:
        self._phase = "over"
        self._outlet.over = True

    def _give_up(self) -> None:
        self._refuse(too_slow())

    def _cut(self) -> None:
        self._transport.abort()

    def _end(self) -> None:
        """Close when all is written; a client that does not take it is cut off."""
        if self._phase == "streaming" or self._framing.has_begun:
            self._linger()
            return
        self._over()
        self._patience.await_nothing()
        self._patience.await_taking(self._outlet)
        self._transport.close()

    def _linger(self) -> None:
        """Close after the client had time to read: bytes that it sends to a closed connection would undo the answer."""
        self._over()
        self._framing = Framing(self.rules.limits, self.rules.streamed)
        self._look_at_what_waits()
        if not self._transport.is_closing():
            self._transport.write_eof()
            self._patience.await_end()

    def _detach(self, exc: Exception | None) -> None:
        """The protocol inside hears of the end, once."""
        inner, self._inner = self._inner, None
        if inner is not None:
            inner.connection_lost(exc)

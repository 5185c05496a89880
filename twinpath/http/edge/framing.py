"""Cuts what a client sends into requests, with no input or output of its own."""

from dataclasses import dataclass

from twinpath.http.edge.chunks import Chunks, chunk
from twinpath.http.edge.refusal import Refusal
from twinpath.http.edge.request_head import Head, check_beginning, path_of, read_head
from twinpath.http.settings import HttpSettings


@dataclass(slots=True)
class Piece:
    """A whole request, or a part of one whose body is read as it comes; `head` is there where a request begins."""

    head: Head | None
    body: bytes
    ends: bool


class Framing:
    """What is received on one connection. A body is gathered, unless its path is one of those that are `streamed` and
    it may be longer than what is read as a whole.
    """

    def __init__(self, limits: HttpSettings, streamed: frozenset[str]) -> None:
        self._limits = limits
        self._streamed = streamed
        self._received: bytes | bytearray = b""
        self._body = bytearray()
        self._head: Head | None = None
        self._chunks: Chunks | None = None
        self._left = 0
        self._streams, self._begun = False, False

    @property
    def kept(self) -> int:
        """How many bytes wait here."""
        return len(self._received) + len(self._body)

    @property
    def has_begun(self) -> bool:
        """Whether a part of a request is here."""
        return self._head is not None or bool(self._received)

    @property
    def head(self) -> Head | None:
        """The head whose body is read at present."""
        return self._head

    @property
    def path(self) -> str:
        """The path of the request that is read at present, as far as there is one."""
        return self._head.path if self._head else path_of(self.beginning)

    @property
    def beginning(self) -> bytes:
        """What has come of a request whose head is not read yet."""
        return bytes(self._received)

    def add(self, data: bytes) -> None:
        """More has come."""
        if not self._received:
            self._received = data
        elif isinstance(self._received, bytearray):
            self._received += data
        else:
            self._received = bytearray(self._received + data)

    def next(self) -> Piece | None:
        """What can be handed on, or None where more must come first. Raises Refusal."""
        if self._head is None:
            self._head = self._take_head()
        if self._head is None:
            return None
        return self._take_piece(self._head) if self._streams else self._take_whole(self._head)

    def to_be_asked(self) -> bool:
        """Whether the client waits to be asked for the body (RFC 9110 §10.1.1); true once."""
        head = self._head
        if head is None or self._streams or not head.expects_continue or self.kept:
            return False
        head.expects_continue = False
        return True

    def _take_head(self) -> Head | None:
        while self._received.startswith(b"\r\n"):  # an empty line before a request is to be ignored (RFC 9112 §2.2)
            self._cut(2)
        received, limits = self._received, self._limits
        if not received:
            return None
        end = received.find(b"\r\n\r\n") + 4
        length = end if end >= 4 else len(received)
        if length > limits.http_head_bytes:
            check_beginning(bytes(received[:length]), limits)
            raise Refusal("headers_too_large", f"A request's head may have {limits.http_head_bytes} bytes.")
        if end < 4:
            if len(received) > 1:
                check_beginning(bytes(received), limits)
            return None
        head = read_head(bytes(received[:end]), limits)
        self._begin(head)
        self._cut(end)
        return head

    def _begin(self, head: Head) -> None:
        most = self._limits.http_body_bytes
        self._chunks = Chunks() if head.length is None else None
        self._left = head.length or 0
        self._streams = head.path in self._streamed and (self._chunks is not None or self._left > most)
        self._begun = False
        if not self._streams:
            head.without_expectation()
            if self._left > most:
                raise _too_large(most)

    def _take_whole(self, head: Head) -> Piece | None:
        if self._chunks is None:
            if len(self._received) < self._left:
                return None
            body = self._cut(self._left) if self._left else b""
        else:
            self._body += self._read_chunks(self._chunks)
            if len(self._body) > self._limits.http_body_bytes:
                raise _too_large(self._limits.http_body_bytes)
            if not self._chunks.ended:
                return None
            body = bytes(self._body)
            self._body.clear()
            head.with_length(len(body))
        self._head = None
        return Piece(head, body, ends=True)

    def _take_piece(self, head: Head) -> Piece | None:
        if self._chunks is None:
            body = self._cut(self._left)
            self._left -= len(body)
            ends = not self._left
        else:
            data = self._read_chunks(self._chunks)
            ends = self._chunks.ended
            body = (chunk(data) if data else b"") + (chunk(b"") if ends else b"")
        begins, self._begun = not self._begun, True
        if not body and not begins:
            return None
        if ends:
            self._head = None
        return Piece(head if begins else None, body, ends)

    def _cut(self, count: int) -> bytes:
        """Take so many bytes of what was received; mostly it is all, which costs no copy."""
        received = self._received
        if count >= len(received):
            self._received = b""
            return bytes(received)
        piece = bytes(received[:count])
        if isinstance(received, bytearray):
            del received[:count]
        else:
            self._received = bytearray(received[count:])
        return piece

    def _read_chunks(self, chunks: Chunks) -> bytes:
        received = bytearray(self._received)
        data = chunks.read(received)
        self._received = received
        return data


def _too_large(most: int) -> Refusal:
    return Refusal("body_too_large", f"A body may hold {most} bytes.")

"""The operations of a document, and requests for them in bytes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import h11
import orjson

from tests.engine.http.bodies import example_of
from tests.engine.http.raw import Answer, talk
from tests.support.required import required_query

HOST = b"service.test"
ORIGIN = b"https://shop.test"
"""The site whose pages may ask, and do ask for all of this."""

Header = tuple[bytes, bytes]


@dataclass(frozen=True)
class Asking:
    """A request for an operation, to be changed into another: `path` has its parameters by name."""

    method: str
    path: str
    ids: Mapping[str, str]
    body: bytes = b""
    headers: Sequence[Header] = ()
    query: str = ""
    host: bytes = HOST
    version: bytes = b"HTTP/1.1"
    token: bytes = b""
    frames: Sequence[Header] | None = None
    """What says how long the body is, instead of its length."""

    def with_headers(self, *headers: Header) -> "Asking":
        """The same with these headers too, or in place of its own of their names."""
        names = {name for name, _ in headers}
        return replace(self, headers=[*(pair for pair in self.headers if pair[0] not in names), *headers])

    def with_body(self, **fields: Any) -> "Asking":
        """The same with these values of the fields that its body has."""
        if not self.body.startswith(b"{") or (b"Content-Type", b"application/json") not in self.headers:
            return self
        body = orjson.loads(self.body)
        return replace(self, body=orjson.dumps(body | {name: fields[name] for name in fields.keys() & body.keys()}))

    @property
    def head(self) -> bytes:
        """The request without its body."""
        path = re.sub(r"{(\w+)}", lambda name: self.ids[name[1]], self.path)
        line = f"{self.method} {path}{f'?{self.query}' if self.query else ''} ".encode() + self.version
        frames = [(b"Content-Length", b"%d" % len(self.body))] if self.frames is None else self.frames
        authorised = [(b"Authorization", self.token)] if self.token else []
        own = [] if any(name == b"Origin" for name, _ in self.headers) else [(b"Origin", ORIGIN)]
        headers = [(b"Host", self.host), *own, *authorised, *self.headers, *frames]
        return line + b"".join(b"\r\n%b: %b" % header for header in headers) + b"\r\n\r\n"

    async def of(self, port: int) -> list[Answer]:
        """The answer of the server at this port; none where an answer that had begun is cut off."""
        async with talk(port) as connection:
            await connection.send(self.head + self.body)
            try:
                answer = await connection.answer(self.method.encode())
            except h11.RemoteProtocolError:
                return []
            assert answer is not None, f"{self.head!r} has no answer"
            return [answer]


@dataclass(frozen=True)
class Operation:
    """An operation of a service as its document has it."""

    method: str
    path: str
    described: Mapping[str, Any]
    document: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """Its id."""
        return str(self.described["operationId"])

    @property
    def kind(self) -> str:
        """`health`, `administration`, `bulk`, `command`, `stream` or `query`: operations alike in what they answer."""
        contents = self.described["responses"].get("200", {}).get("content", {})
        if "application/x-ndjson" in contents:
            return "bulk"
        if self.path.startswith("/health"):
            return "health"
        if self.path.startswith("/admin"):
            return "administration"
        return "command" if self.method != "GET" else "stream" if "text/event-stream" in contents else "query"

    def asking(self, ids: Mapping[str, str], token: bytes = b"") -> Asking:
        """A request with the examples of its document as its body, and as the query that it can't do without."""
        headers, body = [], b""
        for media_type, content in self.described.get("requestBody", {}).get("content", {}).items():
            headers = [(b"Content-Type", media_type.encode())]
            body = example_of(content, dict(self.document))
        query = required_query(self.described).removeprefix("?")
        return Asking(self.method, self.path, ids, body, headers, query, token=token)

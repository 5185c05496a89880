"""What clients send, and what the right answer is: tables for RFC 9110, 9112 and 6585, the same for every service.

A case asks for a path that every service has. A body goes to it too, and is answered with 405 or 415 once it is there,
which shows where the server takes it to end: the same connection must answer the next request.
"""

from collections.abc import Iterator
from dataclasses import dataclass

LIVE = b"/health/live"
GET = b"GET /health/live HTTP/1.1\r\n"
POST = b"POST /health/live HTTP/1.1\r\n"
HOST = b"Host: x\r\n"
END = b"\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
TAKEN = (405, 415)
"""The body was read, and is nothing that this path takes."""

H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
WEBSOCKET = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@dataclass(frozen=True)
class Case:
    """Packets, one after the other, and the status of the answer. A connection ends with a refusal, or because the
    client wants it to, and goes on else.
    """

    name: str
    packets: tuple[bytes, ...]
    status: tuple[int, ...]
    closes: bool = False
    method: bytes = b"GET"
    asked: int = 0
    """How often the server asks for the body."""


def get(name: str, headers: bytes = b"", status: int = 200, *, line: bytes = GET, host: bytes = HOST) -> Case:
    """A request without a body."""
    return Case(name, (line + host + headers + END,), (status,), closes=status >= 400)


def post(name: str, headers: bytes, *packets: bytes, status: tuple[int, ...] = TAKEN) -> Case:
    """A request whose body begins with its head's packet."""
    first, *others = packets or (b"",)
    return Case(name, (POST + HOST + headers + END + first, *others), status, status is not TAKEN, b"POST")


def taken() -> Iterator[Case]:
    """Requests that are sound, whatever they look like."""
    yield get("plain")
    yield get("header names in small letters", line=GET, host=b"host: x\r\n")
    yield get("no space after the colon", b"X-A:b\r\n")
    yield get("spaces around a value", b"X-A: \t b \t \r\n")
    yield get("an empty value", b"X-A:\r\n")
    yield get("bytes beyond ASCII in a value", b"X-A: Gr\xc3\xbc\xdfe\r\n")
    yield get("every sign that a name may have", b"!#$%&'*+-.^_`|~09azAZ: b\r\n")
    yield get("eight KiB in a value", b"X-A: " + b"a" * 8192 + END)
    yield get("ninety headers", b"".join(b"X-%d: a\r\n" % number for number in range(90)))
    yield get("Host with port", host=b"Host: x.example.org:8080\r\n")
    yield get("Host with colon", host=b"Host: x:\r\n")
    yield get("Host is an address", host=b"Host: 127.0.0.1:80\r\n")
    yield get("Host is an IPv6 address", host=b"Host: [::1]:80\r\n")
    yield get("a whole URI", line=b"GET http://x/health/live HTTP/1.1\r\n")
    yield get("a whole URI of another Host", line=b"GET http://y:81/health/live?a=b HTTP/1.1\r\n")
    yield get("a whole URI with capital letters", line=b"GET HTTP://X/health/live HTTP/1.1\r\n")
    yield get("a percent encoding of a letter", line=b"GET /health/%6Cive HTTP/1.1\r\n")
    yield get("a query", line=b'GET /health/live?a=%00&b=%zz&c[]={}|"<>^`\\ HTTP/1.1\r\n'.replace(b"\\ ", b" "))
    yield get("a query that is a URI", line=b"GET /health/live?http://y/?a=/../%2f HTTP/1.1\r\n")
    yield get("an empty query", line=b"GET /health/live? HTTP/1.1\r\n")
    yield get("four KiB of query", line=b"GET /health/live?" + b"a" * 4096 + b" HTTP/1.1\r\n")
    yield Case("an empty line before", (END + GET + HOST + END,), (200,))
    yield Case("two empty lines before", (END * 2, GET + HOST + END), (200,))
    yield Case("a head in pieces", (GET[:5], GET[5:] + HOST[:3], HOST[3:] + END[:1], END[1:]), (200,))
    yield Case("a head with its end in pieces", (GET + HOST[:-2], b"\r", b"\n", b"\r", b"\n"), (200,))
    yield Case("HTTP/1.0", (b"GET /health/live HTTP/1.0\r\n\r\n",), (200,), closes=True)
    yield Case("HTTP/1.0 with Host", (b"GET /health/live HTTP/1.0\r\nHost: x\r\n\r\n",), (200,), closes=True)
    yield Case("Connection: close", (GET + HOST + b"Connection: close\r\n\r\n",), (200,), closes=True)
    yield Case("Connection: a, Close", (GET + HOST + b"Connection: a, Close\r\n\r\n",), (200,), closes=True)
    yield get("Connection: keep-alive", b"Connection: keep-alive\r\n")
    yield get("TE", b"TE: trailers, deflate;q=0.5\r\nConnection: TE\r\n")
    yield get("h2c", H2C)
    yield get("websocket", WEBSOCKET)
    yield get("Upgrade: TLS/1.0", b"Connection: upgrade\r\nUpgrade: TLS/1.0\r\n")
    yield get("Upgrade without Connection", b"Upgrade: h2c\r\n")
    yield get("Connection: upgrade without Upgrade", b"Connection: upgrade\r\n")
    yield get("Upgrade with every protocol", b"Connection: upgrade\r\nUpgrade: h2c, websocket, x/1\r\nUpgrade: y\r\n")
    yield Case("OPTIONS *", (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",), (204,), method=b"OPTIONS")
    yield Case("OPTIONS", (b"OPTIONS /health/live HTTP/1.1\r\nHost: x\r\n\r\n",), (200, 204, 405), method=b"OPTIONS")
    yield Case("HEAD", (b"HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n",), (200,), method=b"HEAD")
    yield Case("HEAD of nothing", (b"HEAD /nothing HTTP/1.1\r\nHost: x\r\n\r\n",), (404,), method=b"HEAD")
    for path in (
        b"/nothing",
        b"//health/live",
        b"/health/%2e%2e/live",
        b"/%00",
        b"/%ff",
        b"/%",
        b"/.",
    ):
        yield Case(f"nothing at {path!r}", (b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path,), (404,))


def bodies() -> Iterator[Case]:
    """Bodies that end where their head says."""
    five = b"Content-Length: 5\r\n"
    yield post("a length", five, b"hello")
    yield post("a length in two packets", five, b"", b"hello")
    yield post("a length in five packets", five, b"h", b"e", b"l", b"l", b"o")
    yield post("a length with zeros before", b"Content-Length: 005\r\n", b"hello")
    yield post("a length with spaces around", b"Content-Length: \t5 \r\n", b"hello")
    yield post("no length, no body", b"")
    yield post("length 0", b"Content-Length: 0\r\n")
    yield post("a body that looks like a request", b"Content-Length: %d\r\n" % len(SMUGGLED), SMUGGLED)
    yield post("100 KB", b"Content-Length: 100000\r\n", b"a" * 100_000)
    yield post("100 KB in two packets", b"Content-Length: 100000\r\n", b"a" * 99_999, b"a")
    yield post("chunks", CHUNKED, b"5\r\nhello\r\n0\r\n\r\n")
    yield post("chunks with capital letters", b"transfer-encoding: Chunked\r\n", b"A\r\n0123456789\r\n0\r\n\r\n")
    yield post("chunks with zeros before", CHUNKED, b"00000005\r\nhello\r\n0000\r\n\r\n")
    yield post("no chunk", CHUNKED, b"0\r\n\r\n")
    yield post("many small chunks", CHUNKED, b"1\r\na\r\n" * 1000 + b"0\r\n\r\n")
    pieces = [b"5\r\nhello\r\n1;a=b\r\n!\r\n0\r\nX-A: b\r\n\r\n"[at : at + 1] for at in range(38)]
    yield post("chunks byte by byte", CHUNKED, *filter(None, pieces))
    yield post("chunk extensions", CHUNKED, b'5;a;b=c;d="e f"\r\nhello\r\n0;x\r\n\r\n')
    yield post("a chunk extension with a space before", CHUNKED, b"5 ;a\r\nhello\r\n0\r\n\r\n")
    yield post("trailers", CHUNKED + b"Trailer: X-A\r\n", b"5\r\nhello\r\n0\r\nX-A: b\r\nX-B:\r\n\r\n")
    trailers = b"Content-Length: 50\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\nHost: y\r\n"
    yield post("trailers that would be headers", CHUNKED, b"5\r\nhello\r\n0\r\n" + trailers + b"\r\n")
    for name, headers in (("h2c", H2C), ("websocket", WEBSOCKET), ("other", b"Connection: upgrade\r\nUpgrade: x\r\n")):
        yield post(f"{name} with a body", headers + five, b"hello")
        yield post(f"{name} with a body in a second packet", headers + five, b"", b"hello")
        yield post(f"{name} with chunks", headers + CHUNKED, b"5\r\nhello\r\n0\r\n\r\n")
        yield post(f"{name} with chunks in a second packet", headers + CHUNKED, b"", b"5\r\nhello\r\n0\r\n\r\n")
        length = b"Content-Length: %d\r\n" % len(SMUGGLED)
        yield post(f"{name} with a request as its body", headers + length, SMUGGLED)
        yield post(f"{name} with a request as its body in a second packet", headers + length, b"", SMUGGLED)
    expect = b"Expect: 100-continue\r\n"
    head = POST + HOST + expect
    yield Case("100-continue", (head + five + END, b"hello"), TAKEN, method=b"POST", asked=1)
    capitals = (POST + (HOST + expect + five).upper() + END, b"hello")
    yield Case("100-continue in capitals", capitals, TAKEN, method=b"POST", asked=1)
    yield Case("100-continue, chunks", (head + CHUNKED + END, b"1\r\na\r\n0\r\n\r\n"), TAKEN, method=b"POST", asked=1)
    yield Case("100-continue, not waited for", (head + five + END + b"hello",), TAKEN, method=b"POST")
    yield Case("100-continue without a body", (head + END,), TAKEN, method=b"POST")
    old = (b"POST /health/live HTTP/1.0\r\n" + expect + five + END, b"hello")
    yield Case("100-continue, HTTP/1.0", old, TAKEN, closes=True, method=b"POST")
    yield Case("a length, HTTP/1.0", (b"POST /health/live HTTP/1.0\r\n" + five + END, b"hello"), TAKEN, True, b"POST")
    yield Case("GET with a body", (GET + HOST + five + END, b"hello"), (200,))
    yield Case("GET with chunks", (GET + HOST + CHUNKED + END + b"5\r\nhello\r\n0\r\n\r\n",), (200,))

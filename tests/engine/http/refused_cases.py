"""What must be refused: what is no HTTP, what two readers could read in two ways, and what is too much."""

from collections.abc import Iterator

from tests.engine.http.cases import CHUNKED, END, GET, H2C, HOST, POST, SMUGGLED, Case, get, post

_NO_TOKEN = bytes(range(0x21)) + b'"(),/:;<=>?@[\\]{}\x7f' + bytes(range(0x80, 0x100, 0x11))
_NO_VALUE = bytes(byte for byte in range(0x20) if byte not in b"\t\r\n") + b"\x7f"
FIVE = b"Content-Length: 5\r\n"


def lines() -> Iterator[Case]:
    """Request lines."""
    for name, line in {
        "no version": b"GET /health/live\r\n",
        "HTTP/0.9": b"GET /\r\n",
        "two spaces": b"GET  /health/live HTTP/1.1\r\n",
        "two spaces before the version": b"GET /health/live  HTTP/1.1\r\n",
        "a tab": b"GET\t/health/live HTTP/1.1\r\n",
        "a space at the end": b"GET /health/live HTTP/1.1 \r\n",
        "a space at the beginning": b" GET /health/live HTTP/1.1\r\n",
        "a space in the target": b"GET /health/live /x HTTP/1.1\r\n",
        "no target": b"GET HTTP/1.1\r\n",
        "http in small letters": b"GET /health/live http/1.1\r\n",
        "another protocol": b"GET /health/live HTTPS/1.1\r\n",
        "version 1": b"GET /health/live HTTP/1\r\n",
        "version 1.10": b"GET /health/live HTTP/1.10\r\n",
        "version +1.1": b"GET /health/live HTTP/+1.1\r\n",
        "a target without slash": b"GET health/live HTTP/1.1\r\n",
        "* with GET": b"GET * HTTP/1.1\r\n",
        "a fragment": b"GET /health/live#a HTTP/1.1\r\n",
        "an authority as target": b"GET x:80 HTTP/1.1\r\n",
        "another scheme": b"GET ftp://x/health/live HTTP/1.1\r\n",
        "a URI without a host": b"GET http:///health/live HTTP/1.1\r\n",
        "a URI with a user": b"GET http://a@b@c/health/live HTTP/1.1\r\n",
        "a URI with a port that is none": b"GET http://x:port/health/live HTTP/1.1\r\n",
        "bytes beyond ASCII in the target": b"GET /health/\xc3\xbc HTTP/1.1\r\n",
        "bytes beyond ASCII in the query": b"GET /health/live?\xff HTTP/1.1\r\n",
        "a bare CR": b"GET /health/live HTTP/1.1\r",
        "a bare CR in the line": b"GET /health/live\r HTTP/1.1\r\n",
    }.items():
        yield get(name, line=line, status=400)
    for byte in (*range(0x20), 0x7F):
        if byte not in b"\n":
            yield get(f"byte {byte:02x} in the target", line=b"GET /health%clive HTTP/1.1\r\n" % byte, status=400)
        yield get(f"byte {byte:02x} in the method", line=b"G%cET /health/live HTTP/1.1\r\n" % byte, status=400)
    for version in (b"0.9", b"1.2", b"1.9", b"2.0", b"3.0", b"9.9"):
        yield get(f"version {version!r}", line=b"GET /health/live HTTP/%b\r\n" % version, status=505)
    for method in (b"TRACE", b"CONNECT", b"get", b"Get", b"GETT", b"PROPFIND", b"PURGE", b"PRI", b"SOURCE", b"X" * 99):
        yield get(f"method {method!r}", line=b"%b /health/live HTTP/1.1\r\n" % method, status=501)
    yield get("CONNECT an authority", line=b"CONNECT x:80 HTTP/1.1\r\n", status=501)


def other_protocols() -> Iterator[Case]:
    """What is no HTTP/1.1 from its first bytes."""
    hello = bytes.fromhex("160301020001000001fc0303") + bytes(range(256)) * 2
    yield Case("a TLS hello", (hello,), (400,), True)
    yield Case("a TLS hello's first bytes", (hello[:6],), (400,), True)
    yield Case("HTTP/2 with prior knowledge", (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),), (505,), True)
    yield Case("SSH", (b"SSH-2.0-OpenSSH_9.6\r\n",), (400,), True)
    yield Case("SMTP", (b"EHLO example.org\r\n",), (400,), True)
    yield Case("a PROXY line", (b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + GET + HOST + END,), (400,), True)
    yield Case("zeros", (bytes(100),), (400,), True)
    yield Case("JSON", (b'{"a": 1}\n',), (400,), True)
    yield Case("an answer", (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",), (400,), True)
    yield Case("line feeds alone", (b"GET /health/live HTTP/1.1\nHost: x\n\n",), (400,), True)
    yield Case("one line feed alone", (b"GET /health/live HTTP/1.1\r\nHost: x\n\r\n",), (400,), True)
    yield Case("a line feed at the end", (GET + HOST + b"\n",), (400,), True)
    yield Case("a line feed before", (b"\n" + GET + HOST + END,), (400,), True)


def headers() -> Iterator[Case]:
    """Header lines."""
    for name, lines_ in {
        "a space before the colon": b"X-A : b\r\n",
        "a tab before the colon": b"X-A\t: b\r\n",
        "a folded line": b"X-A: b\r\n c\r\n",
        "a folded line with a tab": b"X-A: b\r\n\tc\r\n",
        "a line that is folded at once": b" X-A: b\r\n",
        "no colon": b"X-A\r\n",
        "no name": b": b\r\n",
        "a bare CR in a value": b"X-A: b\rc\r\n",
        "a bare CR before a line": b"\rX-A: b\r\n",
        "a bare line feed between": b"X-A: b\nX-B: c\r\n",
        "two CR": b"X-A: b\r\r\n",
        "an empty header name in a line of spaces": b"   \r\n",
    }.items():
        yield get(name, lines_, 400)
    for byte in _NO_TOKEN:
        if byte not in b":\r\n":
            yield get(f"byte {byte:02x} in a name", b"X%cA: b\r\n" % byte, 400)
    for byte in _NO_VALUE:
        yield get(f"byte {byte:02x} in a value", b"X-A: b%cc\r\n" % byte, 400)
    for name, host in {
        "no Host": b"",
        "two Hosts": HOST * 2,
        "two different Hosts": HOST + b"Host: y\r\n",
        "an empty Host": b"Host:\r\n",
        "a Host of spaces": b"Host:   \r\n",
        "a Host with a space": b"Host: x y\r\n",
        "a list of Hosts": b"Host: x, y z\r\n",
        "a Host with a path": b"Host: x/y\r\n",
        "a Host with a user": b"Host: a@x\r\n",
        "a Host with a query": b"Host: x?y\r\n",
        "a Host with a word for a port": b"Host: x:port\r\n",
        "a Host with a huge port": b"Host: x:1234567\r\n",
        "a Host with an open bracket": b"Host: [::1\r\n",
        "a Host that is a URI": b"Host: http://x\r\n",
        "a Host beyond ASCII": b"Host: \xc3\xbc\r\n",
    }.items():
        yield get(name, host=host, status=400)
    yield Case("two Hosts, HTTP/1.0", (b"GET /health/live HTTP/1.0\r\n" + HOST * 2 + END,), (400,), True)
    for value in (b"200-ok", b"100-continue, x", b"100", b"", b"100-continue=1"):
        yield get(f"Expect: {value!r}", b"Expect: %b\r\n" % value, 417)
        yield post(f"Expect: {value!r} with a body", b"Expect: %b\r\n" % value + FIVE, b"hello", status=(417,))
    yield get("two expectations", b"Expect: 100-continue\r\nExpect: x\r\n", 417)


def lengths() -> Iterator[Case]:
    """Bodies whose end could be taken to be elsewhere."""
    for value in (
        b"",
        b"-1",
        b"+5",
        b"5,5",
        b"5, 6",
        b"0x5",
        b"5.0",
        b"5e0",
        b"five",
        b"5 5",
        b"5;a",
        b"\xd9\xa5",
        b"9" * 30,
        b"1_0",
        b"18446744073709551621",
        b'"5"',
        b"\x0b5",
        b"5\x00",
    ):
        yield post(f"Content-Length: {value!r}", b"Content-Length: %b\r\n" % value, b"hello", status=(400,))
    yield post("two lengths", b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello!", status=(400,))
    yield post("a length twice", FIVE * 2, b"hello", status=(400,))
    for value in (
        b"identity",
        b"xchunked",
        b"chunked, chunked",
        b"chunked, gzip",
        b"chunked, identity",
        b"",
        b'"chunked"',
        b"chunked;a=b",
        b"chunked\x00",
        b"\x0bchunked",
        b"chunked,",
    ):
        yield post(f"Transfer-Encoding: {value!r}", b"Transfer-Encoding: %b\r\n" % value, b"0\r\n\r\n", status=(400,))
    for value in (b"gzip, chunked", b"identity, chunked", b"deflate,chunked", b"x , chunked"):
        yield post(f"Transfer-Encoding: {value!r}", b"Transfer-Encoding: %b\r\n" % value, b"0\r\n\r\n", status=(501,))
    yield post("chunked in two lines", CHUNKED * 2, b"0\r\n\r\n", status=(400,))
    yield post("gzip and chunked in two lines", b"Transfer-Encoding: gzip\r\n" + CHUNKED, b"0\r\n\r\n", status=(501,))
    yield post("chunked and identity in two lines", CHUNKED + b"Transfer-Encoding: x\r\n", b"0\r\n\r\n", status=(400,))
    for name, both in {
        "length first": FIVE + CHUNKED,
        "chunked first": CHUNKED + FIVE,
        "length 0": CHUNKED + b"Content-Length: 0\r\n",
        "a space before the colon": FIVE + b"Transfer-Encoding : chunked\r\n",
        "folded": FIVE + b"Transfer-Encoding:\r\n chunked\r\n",
        "h2c": H2C + FIVE + CHUNKED,
    }.items():
        yield post(f"length and chunked: {name}", both, b"0\r\n\r\n" + SMUGGLED, status=(400,))
    old = b"POST /health/live HTTP/1.0\r\nHost: x\r\n"
    yield Case("chunked, HTTP/1.0", (old + CHUNKED + END + b"0\r\n\r\n",), (400,), True, b"POST")
    yield Case("length and chunked, HTTP/1.0", (old + FIVE + CHUNKED + END + b"0\r\n\r\n",), (400,), True, b"POST")
    yield Case("chunked with GET and a length", (GET + HOST + FIVE + CHUNKED + END + b"0\r\n\r\n",), (400,), True)


def chunks() -> Iterator[Case]:
    """Chunks."""
    for size in (
        b"",
        b"-1",
        b"+5",
        b"0x5",
        b"g",
        b"5 ",
        b" 5",
        b"5\t",
        b"5,",
        b"5 5",
        b"5\x00",
        b"123456789",
        b"f" * 16,
        b"1" + b"0" * 16,
        b"5;\x00",
        b"5;a\x7f",
        b";a",
        b"5\r",
    ):
        yield post(f"chunk size {size!r}", CHUNKED, size + b"\r\nhello\r\n0\r\n\r\n", status=(400,))
    for name, body in {
        "longer than its size": b"5\r\nhello!\r\n0\r\n\r\n",
        "shorter than its size": b"6\r\nhello\r\n0\r\n\r\n",
        "a bare LF after the size": b"5\nhello\r\n0\r\n\r\n",
        "a bare LF after the data": b"5\r\nhello\n0\r\n\r\n",
        "a bare CR after the data": b"5\r\nhello\rX0\r\n\r\n",
        "a bare LF at the end": b"5\r\nhello\r\n0\r\n\n",
        "a bare LF in an extension": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
        "a trailer without a colon": b"0\r\nX-A\r\n\r\n",
        "a folded trailer": b"0\r\nX-A: b\r\n c\r\n\r\n",
        "a trailer with a space before its colon": b"0\r\nX-A : b\r\n\r\n",
        "a trailer with a NUL": b"0\r\nX-A: \x00\r\n\r\n",
        "a request in place of a chunk": SMUGGLED,
        "an endless extension": b"5;" + b"a" * 5000,
    }.items():
        yield post(f"a chunk: {name}", CHUNKED, body, status=(400,))
        yield post(f"a chunk in a second packet: {name}", CHUNKED, b"", body, status=(400,))
    trailers = b"".join(b"X-%d: %b\r\n" % (number, b"a" * 80) for number in range(200))
    yield post("endless trailers", CHUNKED, b"0\r\n" + trailers, status=(431,))


def too_much() -> Iterator[Case]:
    """What is too long, with the defaults' 32 KiB of head, 8 KiB of target and 1 MiB of body."""
    yield get("a long header", b"X-A: " + b"a" * 40_000 + END, 431)
    long = b"X-A: " + b"a" * 40_000 + b"\r\nContent-Length: 2\r\n"
    yield post("a long header before lines", long, b"\n\n", status=(431,))
    yield get("many long headers", b"".join(b"X-%d: %b\r\n" % (number, b"a" * 1000) for number in range(50)), 431)
    yield get("many short headers", b"X: a\r\n" * 500, 431)
    yield get("a hundred and one headers", b"X: a\r\n" * 101, 431)
    yield get("a long header name", b"X" * 40_000 + b": a\r\n", 431)
    yield Case("an endless header", (GET + HOST + b"X-A: " + b"a" * 3_000_000,), (431,), True)
    yield Case("endless headers", (GET + HOST + b"X-A: a\r\n" * 300_000,), (431,), True)
    yield Case("endless headers in packets", (GET + HOST, *[b"X-A: %b\r\n" % (b"a" * 9000)] * 5), (431,), True)
    yield Case("an endless target", (b"GET /" + b"a" * 3_000_000,), (414,), True)
    yield Case("an endless method", (b"A" * 3_000_000,), (414, 431), True)
    yield get("a long target", line=b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n", status=414)
    yield get("a long query", line=b"GET /health/live?" + b"a" * 30_000 + b" HTTP/1.1\r\n", status=414)
    yield post("a length beyond the limit", b"Content-Length: 1048577\r\n", status=(413,))
    yield post("a body beyond the limit", b"Content-Length: 3000000\r\n", b"a" * 3_000_000, status=(413,))
    yield post("a length beyond 64 bits", b"Content-Length: 99999999999999\r\n", status=(413,))
    expect = b"Expect: 100-continue\r\nContent-Length: 3000000\r\n"
    yield post("a body beyond the limit, not asked for", expect, status=(413,))
    yield post("chunks beyond the limit", CHUNKED, b"20000\r\n%b\r\n" % (b"a" * 0x20000) * 9, status=(413,))
    yield post("a chunk beyond the limit", CHUNKED, b"7fffffff\r\n" + b"a" * 1_100_000, status=(413,))
    yield Case("a body with GET", (GET + HOST + b"Content-Length: 3000000\r\n\r\n",), (413,), True)
    yield Case("a body without Host", (POST + FIVE + END + b"hello",), (400,), True, b"POST")

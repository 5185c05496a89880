"""The head of a request: what the parser does not check, and where the body ends (RFC 9112).

Whatever two readers could take for two different requests is refused, so nothing can be smuggled past a gateway
(RFC 9112 §11.2). The grammar of a header line is left to llhttp, which refuses what this file might misread. Headers
that ask for another protocol are taken out: a server may ignore them (RFC 9110 §7.8), while llhttp would take the body
for bytes of that protocol.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from twinpath.http.edge.refusal import Refusal, malformed
from twinpath.http.settings import HttpSettings

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
_REQUEST_LINE = re.compile(rb"(%s++) ([\x21-\x7e]++) HTTP/([0-9]\.[0-9])\r\n" % _TOKEN)
_READ = re.compile(
    rb"\n(?i:(host|content-length|transfer-encoding|expect|connection|upgrade|http2-settings|x-correlation-id)):"
    rb"[\t ]*+([^\r]*+)"
)
_UNSPOKEN = re.compile(rb"(?<=\n)(?:upgrade|http2-settings):[^\r]*+\r\n", re.IGNORECASE)
_EXPECT = re.compile(rb"(?<=\n)expect:[^\r]*+\r\n", re.IGNORECASE)
_ORIGIN = re.compile(rb"\n(?i:origin):[\t ]*+([^\r\n]*+)")
_HOST = re.compile(rb"(?<=\n)host:[^\r]*+\r\n", re.IGNORECASE)
_CODING = re.compile(rb"(?<=\n)transfer-encoding:[^\r]*+\r\n", re.IGNORECASE)
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")
_AUTHORITY = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]++|\[[0-9A-Fa-f:.]++\])(?::[0-9]{0,5})?")
_ABSOLUTE = re.compile(rb"https?://([^/?#]*+)(.*+)", re.IGNORECASE)
_LENGTH = re.compile(rb"[0-9]{1,15}")

_CLOSE = re.compile(rb"(?i:(?:^|[,\t ])close(?:$|[,\t ]))")
_VERSIONS = (b"1.1", b"1.0")
_METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})


@dataclass(slots=True)
class Head:
    """A head that is sound. `length` is that of the body, None with chunks, which end where they say so."""

    raw: bytes
    method: bytes
    target: bytes
    path: str
    """The path as it was sent."""

    length: int | None
    expects_continue: bool
    keeps_alive: bool
    correlation_id: bytes

    def without_expectation(self) -> None:
        """The parser shall not know that the client waits to be asked for its body: that is done without it."""
        if self.expects_continue:
            self.raw = _EXPECT.sub(b"", self.raw)

    def with_length(self, length: int) -> None:
        """The chunks have been read: the body has a length now, and no trailers."""
        self.raw = _CODING.sub(b"Content-Length: %d\r\n" % length, self.raw)

    def with_close(self) -> None:
        """The connection ends after this answer."""
        self.raw = self.raw[:-2] + b"Connection: close\r\n\r\n"


def read_head(raw: bytes, limits: HttpSettings) -> Head:
    """The head, which ends with its empty line. Raises Refusal."""
    method, target, version, fields_at = _request_line(raw, limits)
    if raw.count(b"\n", fields_at) - 1 > limits.http_headers:
        raise Refusal("too_many_headers", f"A request may have {limits.http_headers} header lines.")
    read: dict[bytes, list[bytes]] = {}
    for name, value in _READ.findall(raw, fields_at - 1):
        read.setdefault(name.lower(), []).append(value.rstrip(b"\t "))
    is_new = version == b"1.1"
    if is_new or b"host" in read:
        _check_host(read.get(b"host", ()))
    if not target.startswith(b"/"):
        raw, target = _in_origin_form(raw, method, target, version)
    if b"upgrade" in read or b"http2-settings" in read:
        raw = _UNSPOKEN.sub(b"", raw)
    return Head(
        raw,
        method,
        target,
        target.partition(b"?")[0].decode("ascii"),
        _length(read.get(b"content-length", ()), read.get(b"transfer-encoding", ()), version),
        expects_continue=b"expect" in read and _expects_continue(read[b"expect"]) and is_new,
        keeps_alive=is_new and not (b"connection" in read and _asks_to_close(read[b"connection"])),
        correlation_id=read[b"x-correlation-id"][0] if b"x-correlation-id" in read else b"",
    )


def check_beginning(beginning: bytes, limits: HttpSettings) -> None:
    """Raise Refusal where the beginning of a head shows that nothing good can follow, as with another protocol."""
    line, end, _ = beginning.partition(b"\r\n")
    if end:
        _request_line(line + end, limits)
    elif len(line) > limits.http_target_bytes + 64:
        raise _too_long(limits)
    if _BARE_LINE_FEED.search(beginning) or not re.match(_TOKEN, beginning):
        raise malformed("This is no HTTP/1.1.")


def path_of(beginning: bytes) -> str:
    """The path of a request that may be unsound."""
    matched = _REQUEST_LINE.match(beginning)
    return matched[2].partition(b"?")[0].decode("latin-1") if matched else "/"


def origin_of(beginning: bytes) -> str:
    """The site whose page asks, as a browser names it, of a request that may be unsound; empty where none is named."""
    matched = _ORIGIN.search(beginning.partition(b"\r\n\r\n")[0])
    return matched[1].rstrip(b"\t ").decode("latin-1") if matched else ""


def _request_line(raw: bytes, limits: HttpSettings) -> tuple[bytes, bytes, bytes, int]:
    matched = _REQUEST_LINE.match(raw)
    if matched is None:
        if raw.find(b"\n") > limits.http_target_bytes + 64:
            raise _too_long(limits)
        raise malformed("The request line is malformed: method, target in ASCII and HTTP/1.1, with single spaces.")
    method, target, version = matched.groups()
    if version not in _VERSIONS:
        raise Refusal("http_version_not_supported", "This service speaks HTTP/1.1.")
    if method not in _METHODS:
        raise Refusal("method_not_implemented", "This service has no such method.")
    if len(target) > limits.http_target_bytes:
        raise _too_long(limits)
    if b"#" in target:
        raise malformed("A fragment is not part of a request's target.")
    return method, target, version, matched.end()


def _too_long(limits: HttpSettings) -> Refusal:
    return Refusal("target_too_long", f"Path and query may have {limits.http_target_bytes} bytes.")


def _check_host(hosts: Sequence[bytes]) -> None:
    if len(hosts) != 1 or not _AUTHORITY.fullmatch(hosts[0]):
        raise malformed("A request needs one Host, a name or address with or without a port.")


def _in_origin_form(raw: bytes, method: bytes, target: bytes, version: bytes) -> tuple[bytes, bytes]:
    """Head and target where that is a whole URI, whose authority replaces the Host (RFC 9112 §3.2.2)."""
    if target == b"*" and method == b"OPTIONS":
        return raw, target
    matched = _ABSOLUTE.fullmatch(target)
    if matched is None or not _AUTHORITY.fullmatch(matched[1]):
        raise malformed("The target must be a path, or a URI with http or https.")
    path = matched[2] if matched[2].startswith(b"/") else b"/" + matched[2]
    fields = _HOST.sub(b"", raw[raw.index(b"\n") + 1 :])
    line = b"%b %b HTTP/%b\r\nHost: %b\r\n" % (method, path, version, matched[1])
    return line + fields, path


def _length(lengths: Sequence[bytes], codings: Sequence[bytes], version: bytes) -> int | None:
    """How long the body is, None for one in chunks."""
    if codings:
        _check_coding(b",".join(codings).lower(), bool(lengths), version)
        return None
    if not lengths:
        return 0
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise malformed("Content-Length must be there once, a number.")
    return int(lengths[0])


def _check_coding(coding: bytes, has_length: bool, version: bytes) -> None:
    if has_length or version == b"1.0":
        raise malformed("Transfer-Encoding goes neither with Content-Length nor with HTTP/1.0.")
    names = [name.strip(b"\t ") for name in coding.split(b",")]
    if names[-1] != b"chunked" or b"chunked" in names[:-1]:
        raise malformed("Transfer-Encoding must end with chunked, once.")
    if len(names) > 1:
        raise Refusal("coding_not_implemented", "Of transfer codings this service knows chunked alone.")


def _expects_continue(expectations: Sequence[bytes]) -> bool:
    if expectations and any(value.lower() != b"100-continue" for value in expectations):
        raise Refusal("expectation_failed", "Of expectations this service knows 100-continue alone.")
    return bool(expectations)


def _asks_to_close(options: Sequence[bytes]) -> bool:
    return _CLOSE.search(b",".join(options)) is not None

"""A body in chunks (RFC 9112 §7.1), read as it comes: its data, and where it ends."""

import re

from twinpath.http.edge.refusal import Refusal, malformed

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:[\t ]*+;[\t\x20-\x7e\x80-\xff]*+)?\r\n")
_TRAILER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++:[\t\x20-\x7e\x80-\xff]*+\r\n")
_LONGEST_LINE, _MOST_TRAILER_BYTES = 1024, 8192


class Chunks:
    """Reads one body. Extensions and trailers are left out: nobody here knows them, and a trailer that were taken for a
    header would get past what a gateway checks (RFC 9110 §6.5.1).
    """

    def __init__(self) -> None:
        self.ended = False
        self._left = 0
        self._line = bytearray()
        self._after_data, self._in_trailers = False, False
        self._trailer_bytes = 0

    def read(self, received: bytearray) -> bytes:
        """Take from the beginning of `received` what belongs to this body; gives the data. Raises Refusal."""
        data, at = [], 0
        while at < len(received) and not self.ended:
            if self._left:
                data.append(received[at : at + self._left])
                at += len(data[-1])
                self._left -= len(data[-1])
                self._after_data = not self._left
                continue
            end = received.find(b"\n", at) + 1 or len(received)
            self._line += received[at:end]
            at = end
            if self._line.endswith(b"\n"):
                self._read_line(bytes(self._line))
                self._line.clear()
            elif len(self._line) > _LONGEST_LINE:
                raise malformed("A line between chunks is too long.")
        del received[:at]
        return b"".join(data)

    def _read_line(self, line: bytes) -> None:
        if self._after_data:
            self._after_data = False
            if line != b"\r\n":
                raise malformed("A chunk is longer than its size.")
        elif self._in_trailers:
            self._trailer_bytes += len(line)
            self.ended = line == b"\r\n"
            if self._trailer_bytes > _MOST_TRAILER_BYTES:
                raise Refusal("headers_too_large", f"Trailers may have {_MOST_TRAILER_BYTES} bytes.")
            if not self.ended and not _TRAILER.fullmatch(line):
                raise malformed("A trailer is malformed.")
        else:
            matched = _SIZE.fullmatch(line)
            if matched is None or len(line) > _LONGEST_LINE:
                raise malformed("A chunk begins with its size, at most eight hexadecimal digits.")
            self._left = int(matched[1], 16)
            self._in_trailers = not self._left


def chunk(data: bytes) -> bytes:
    """The data as one chunk; without data it ends the body."""
    return b"%x\r\n%b\r\n" % (len(data), data)

"""Cuts the body of a bulk request into lines as it arrives, and says where it is not whole."""

import re
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from twinpath.errors import MalformedRequest
from twinpath.http.json_bodies import BYTE_ORDER_MARK

MOST_LINE_BYTES = 64 * 1024
_BLANK = b" \t\r\n"
"""What JSON calls whitespace."""

_LINE = re.compile(rb"[ \t\r\n]*+([^\n]++)")
"""A line that is not empty, behind those that are: a million of them cost no step of Python's."""


async def lines_of(receive: Receive, length: int | None) -> AsyncIterator[tuple[int, bytes]]:
    """Number and content of each line that is not empty; `length` is what the client declared.

    The number counts the empty lines too, so that it is the line's in the client's file. A line that is too long comes
    cut to one byte more than it may have. A byte order mark before the first line is left out.

    Raises:
        ClientDisconnect: the client went away before the end.
        MalformedRequest: `incomplete_body`: the body ended before its declared length; its last line is left out.
    """
    rest, number, received, more = b"", 0, 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        chunk, more = message.get("body", b""), message.get("more_body", False)
        received += len(chunk)
        text = rest + chunk
        at, end = 0, text.rfind(b"\n") + 1
        for match in _LINE.finditer(text, 0, len(text[:end].rstrip(_BLANK))):  # so that every search succeeds
            number += text.count(b"\n", at, match.start(1))
            at = match.start(1)
            if content := _content(number + 1, match[1]):
                yield number + 1, content
        number += text.count(b"\n", at, end)
        rest = text[end:][: MOST_LINE_BYTES + 1]  # so an endless line costs no memory
    if length is not None and received < length:
        raise MalformedRequest(
            f"The body ended after {received} of the {length} bytes that were declared; the lines before were carried"
            " out.",
            code="incomplete_body",
        )
    if content := _content(number + 1, rest):
        yield number + 1, content


def _content(number: int, line: bytes) -> bytes:
    if number == 1:
        line = line.removeprefix(BYTE_ORDER_MARK)
    return line.strip(_BLANK)[: MOST_LINE_BYTES + 1]

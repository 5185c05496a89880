"""Causal tokens: `order.3:1042` says "this log up to this position"; several are joined by commas."""

from collections.abc import Mapping
from itertools import islice

from twinpath.errors import MalformedRequest
from twinpath.ids import is_log

CausalToken = Mapping[str, int]
"""Log -> the position that a view must have reached."""

MOST = 64
"""Positions in a token: a kilobyte or so, which every proxy takes as a header."""


def format_token(log: str, position: int) -> str:
    """The header value that stands for one position of one log."""
    return f"{log}:{position}"


def join_token(positions: CausalToken) -> str:
    """The header value for several logs, in their order; of more than 64 the first 64 count."""
    return ",".join(format_token(log, position) for log, position in islice(positions.items(), MOST))


def parse_token(text: str) -> dict[str, int]:
    """Read a header value; of one log named twice the higher position counts.

    Raises:
        MalformedRequest: the value is not a list of `<log>:<position>`, or names more than 64.
    """
    token: dict[str, int] = {}
    parts = text.split(",")
    for part in parts if len(parts) <= MOST else [""]:
        log, _, digits = part.strip().partition(":")
        if not (is_log(log) and digits.isascii() and digits.isdigit() and 0 < len(digits) <= 18):
            raise MalformedRequest(
                f"A causal token looks like ticket.3:1042, at most {MOST} of them joined by commas.",
                code="malformed_causal_token",
            )
        token[log] = max(token.get(log, 0), int(digits))
    return token

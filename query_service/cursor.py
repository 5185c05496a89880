"""Cursors: an opaque text for "after this id, with these filters", which shows when it was tampered with.

The checksum guards against mistakes, not against malice: a cursor grants nothing that its filters do not.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from shared.errors import MalformedRequest

_CHECKSUM_BYTES = 9


def encode_cursor(after: str, filters: Mapping[str, Any]) -> str:
    """The cursor of the page after the document `after`."""
    content = after.encode()
    return urlsafe_b64encode(_checksum(content, filters) + content).rstrip(b"=").decode()


def decode_cursor(cursor: str, filters: Mapping[str, Any]) -> str:
    """The id that a cursor stands for.

    Raises:
        MalformedRequest: `invalid_cursor`: it was not given out for these filters.
    """
    try:
        decoded = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (NotBase64, ValueError):
        decoded = b""
    checksum, content = decoded[:_CHECKSUM_BYTES], decoded[_CHECKSUM_BYTES:]
    if not content or checksum != _checksum(content, filters) or encode_cursor(content.decode(), filters) != cursor:
        raise MalformedRequest(
            "This cursor was not given out for this query: take `next` as it is, with the same filters.",
            code="invalid_cursor",
        )
    return content.decode()


def _checksum(content: bytes, filters: Mapping[str, Any]) -> bytes:
    return blake2b(content + orjson.dumps(filters, option=orjson.OPT_SORT_KEYS), digest_size=_CHECKSUM_BYTES).digest()

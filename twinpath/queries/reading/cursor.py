"""Cursors: an opaque text for "after this place of this selection", which shows when it was tampered with.

The checksum guards against mistakes, not against malice: a cursor grants nothing that its filters do not.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson

from twinpath.domain.views import Place
from twinpath.errors import MalformedRequest

_CHECKSUM_BYTES = 9


def encode_cursor(after: Place, selection: Mapping[str, Any]) -> str:
    """The cursor of the page after a place."""
    content = orjson.dumps(_typed(after))
    return urlsafe_b64encode(_checksum(content, selection) + content).rstrip(b"=").decode()


def decode_cursor(cursor: str, selection: Mapping[str, Any]) -> Place:
    """The place that a cursor stands for.

    Raises:
        MalformedRequest: `invalid_cursor`: it was not given out for this selection.
    """
    try:
        decoded = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (NotBase64, ValueError):
        decoded = b""
    checksum, content = decoded[:_CHECKSUM_BYTES], decoded[_CHECKSUM_BYTES:]
    if content and checksum == _checksum(content, selection):
        value, document_id = orjson.loads(content)
        if isinstance(value, dict):
            value = datetime.fromisoformat(value["at"])
        if encode_cursor((value, document_id), selection) == cursor:
            return value, document_id
    raise MalformedRequest(
        "This cursor was not given out for this query: take `next` as it is, with the same filters.",
        code="invalid_cursor",
    )


def _typed(place: Place) -> Any:
    """The place as JSON that keeps the type of its value: a time is no text, and would be compared with none."""
    value, document_id = place
    return ({"at": value.isoformat()} if isinstance(value, datetime) else value, document_id)


def _checksum(content: bytes, selection: Mapping[str, Any]) -> bytes:
    bound_to = orjson.dumps(selection, option=orjson.OPT_SORT_KEYS)
    return blake2b(content + bound_to, digest_size=_CHECKSUM_BYTES).digest()

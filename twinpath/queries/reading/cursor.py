"""Cursors: an opaque text for "after this place of this selection", signed, so that nobody can make one up."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from hmac import compare_digest
from secrets import token_bytes
from typing import Any

import orjson
from pydantic import SecretStr

from twinpath.domain.views import Place
from twinpath.errors import MalformedRequest

_SIGNATURE_BYTES = 16
_FORM = b"twinpath cursor 2"
"""Names what is signed; cursors of another form are refused, such as those of 0.1, which were not signed."""

LONGEST_SORTED_TEXT = 1_000
"""Characters of a text that a list can be sorted by."""

LONGEST_CURSOR = (_SIGNATURE_BYTES + 4 * LONGEST_SORTED_TEXT + 150 + 2) // 3 * 4
"""A character takes up to four bytes and an id up to 150; base64 has four characters for three bytes. It fits into the
shortest target of a request that servers take, which is 8,000 bytes (RFC 9112 §3)."""


class Cursors:
    """Makes cursors with a secret, and reads those that were made with the same; without one it makes its own."""

    def __init__(self, secret: SecretStr | None = None) -> None:
        given = token_bytes() if secret is None else secret.get_secret_value().encode()
        self._key = blake2b(given, person=_FORM[:16]).digest()

    def encode(self, after: Place, bound_to: Mapping[str, Any]) -> str:
        """The cursor of the page after a place; it is good for this selection alone."""
        content = orjson.dumps(_typed(after))
        return urlsafe_b64encode(self._signature(content, bound_to) + content).rstrip(b"=").decode()

    def decode(self, cursor: str, bound_to: Mapping[str, Any]) -> Place:
        """The place that a cursor stands for.

        Raises:
            MalformedRequest: `invalid_cursor`: it was not given out for this selection, or with another secret.
        """
        try:
            decoded = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (NotBase64, ValueError):
            decoded = b""
        signature, content = decoded[:_SIGNATURE_BYTES], decoded[_SIGNATURE_BYTES:]
        if compare_digest(signature, self._signature(content, bound_to)):
            value, document_id = orjson.loads(content)
            if isinstance(value, dict):
                value = datetime.fromisoformat(value["at"])
            if self.encode((value, document_id), bound_to) == cursor:  # base64 has several spellings of one content
                return value, document_id
        raise MalformedRequest(
            "This cursor was not given out for this query: take `next` as it is, with the same filters.",
            code="invalid_cursor",
        )

    def _signature(self, content: bytes, bound_to: Mapping[str, Any]) -> bytes:
        bound = orjson.dumps(bound_to, option=orjson.OPT_SORT_KEYS, default=str)
        signed = b"%s %d %s%s" % (_FORM, len(bound), bound, content)
        return blake2b(signed, key=self._key, digest_size=_SIGNATURE_BYTES).digest()


def bound_to(selection: Mapping[str, Any], caller: str | None = None) -> Mapping[str, Any]:
    """The selection that a cursor is good for, and the caller whom it was given to, where that is known."""
    return {**selection, "caller": caller}


def _typed(place: Place) -> Any:
    """The place as JSON that keeps the type of its value: a time is no text, and would be compared with none."""
    value, document_id = place
    return ({"at": value.isoformat()} if isinstance(value, datetime) else value, document_id)

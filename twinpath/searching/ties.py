"""What orders documents of equal score: a number made of the id, since not every engine sorts by text as fast."""

from hashlib import blake2b

TIES = 2**56
"""The number of ties."""


def tie_of(document_id: str) -> int:
    """A number below TIES."""
    return int.from_bytes(blake2b(document_id.encode(), digest_size=7).digest())

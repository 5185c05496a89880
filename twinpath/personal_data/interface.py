"""Where the keys of personal data are kept, one an owner: the aggregate that an erasure is about."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

KEY_BYTES = 32
CLAIMS = "claims"
"""Whose key hashes personal claims: no customer's id, so nobody destroys it."""


class KeyStore(Protocol):
    """One key an owner, made when first needed. Everything here raises Unavailable while the store is away."""

    async def keys(self, owners: Collection[str]) -> dict[str, bytes]:
        """Those keys that exist, by owner, in one round trip."""

    async def key_for(self, owner: str) -> bytes | None:
        """The owner's key, made when there was none; None when it was destroyed."""

    async def destroy(self, owner: str) -> None:
        """Destroy the key for good: it is never made again, even where there was none yet."""

    async def confirm(self, owner: str) -> None:
        """Destroy it if need be, and note that the log knows of the erasure."""

    async def unconfirmed(self, before: datetime) -> list[str]:
        """Owners whose key was destroyed before this time (UTC) though the log never came to know of it."""

"""Where the keys of personal data are kept, one an owner: the aggregate that an erasure is about."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

KEY_BYTES = 32
CLAIMS = "claims"
"""Whose key hashes personal claims: no customer's id, so nobody destroys it."""


ACTORS = "actors"
"""Whose key hashes the callers in the table of pseudonyms."""
ERASED_ACTOR = "erased"
"""The actor of what is done with the token of an owner who is erased."""


class KeyStore(Protocol):
    """One key an owner, made when first needed, and the pseudonyms that callers act under. Everything here raises
    Unavailable while the store is away.
    """

    async def keys(self, owners: Collection[str]) -> dict[str, bytes]:
        """Those keys that exist, by owner, in one round trip."""

    async def key_for(self, owner: str) -> bytes | None:
        """The owner's key, made when there was none; None when it was destroyed."""

    async def new_key(self, owner: str) -> bytes | None:
        """As `key_for`, of an owner who most likely has none yet; many at once share a round trip."""

    async def destroy(self, owner: str) -> None:
        """Destroy the key for good: it is never made again, even where there was none yet."""

    async def confirm(self, owner: str) -> None:
        """Destroy it if need be, and note that the log knows of the erasure."""

    async def unconfirmed(self, before: datetime) -> list[str]:
        """Owners whose key was destroyed before this time (UTC) though the log never came to know of it."""

    async def pseudonym(self, issuer: str, subject: str, owner: str | None) -> str:
        """The name that a caller acts under, made when first needed: it tells nothing of the caller.

        `owner` is the id of the caller's own documents: destroying its key cuts the pseudonym from the caller, and the
        next one is ERASED_ACTOR.
        """

    async def caller_behind(self, pseudonym: str) -> tuple[str, str] | None:
        """Issuer and subject of a pseudonym; None where there is none, or erasure has cut it."""

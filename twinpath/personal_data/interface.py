"""Where the customers' keys are kept."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

KEY_BYTES = 32


class KeyStore(Protocol):
    """One key a customer, made when first needed. Everything here raises Unavailable while the store is away."""

    async def keys(self, customer_ids: Collection[str]) -> dict[str, bytes]:
        """Those keys that exist, by customer, in one round trip."""
        ...

    async def key_for(self, customer_id: str) -> bytes | None:
        """The customer's key, made when there was none; None when it was destroyed."""
        ...

    async def destroy(self, customer_id: str) -> None:
        """Destroy the key for good: it is never made again, even where there was none yet."""
        ...

    async def confirm(self, customer_id: str) -> None:
        """Destroy it if need be, and note that the log knows of the erasure."""
        ...

    async def unconfirmed(self, before: datetime) -> list[str]:
        """Customers whose key was destroyed before this time (UTC) though the log never came to know of it."""
        ...

"""Keys in this process's memory: for `make demo` and for tests."""

import secrets
from collections.abc import Collection
from datetime import datetime

from twinpath.clock import utc_now
from twinpath.personal_data.interface import KEY_BYTES


class InMemoryKeyStore:
    """A KeyStore; None stands for a destroyed key."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes | None] = {}
        self._unconfirmed: dict[str, datetime] = {}

    async def keys(self, customer_ids: Collection[str]) -> dict[str, bytes]:
        """See KeyStore.keys."""
        return {customer_id: key for customer_id in customer_ids if (key := self._keys.get(customer_id)) is not None}

    async def key_for(self, customer_id: str) -> bytes | None:
        """See KeyStore.key_for."""
        return self._keys.setdefault(customer_id, secrets.token_bytes(KEY_BYTES))

    async def destroy(self, customer_id: str) -> None:
        """See KeyStore.destroy."""
        if self._keys.get(customer_id, b"") is not None:
            self._keys[customer_id] = None
            self._unconfirmed[customer_id] = utc_now()

    async def confirm(self, customer_id: str) -> None:
        """See KeyStore.confirm."""
        self._keys[customer_id] = None
        self._unconfirmed.pop(customer_id, None)

    async def unconfirmed(self, before: datetime) -> list[str]:
        """See KeyStore.unconfirmed."""
        return [customer_id for customer_id, at in self._unconfirmed.items() if at < before]

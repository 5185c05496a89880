"""Keys in this process's memory: for `make demo` and for tests."""

import secrets
from collections.abc import Collection
from datetime import datetime

from twinpath.clock import utc_now
from twinpath.personal_data.interface import KEY_BYTES, KeyStore


class InMemoryKeyStore(KeyStore):
    """A KeyStore; None stands for a destroyed key."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes | None] = {}
        self._unconfirmed: dict[str, datetime] = {}

    async def keys(self, owners: Collection[str]) -> dict[str, bytes]:
        return {owner: key for owner in owners if (key := self._keys.get(owner)) is not None}

    async def key_for(self, owner: str) -> bytes | None:
        return self._keys.setdefault(owner, secrets.token_bytes(KEY_BYTES))

    async def destroy(self, owner: str) -> None:
        if self._keys.get(owner, b"") is not None:
            self._keys[owner] = None
            self._unconfirmed[owner] = utc_now()

    async def confirm(self, owner: str) -> None:
        self._keys[owner] = None
        self._unconfirmed.pop(owner, None)

    async def unconfirmed(self, before: datetime) -> list[str]:
        return [owner for owner, at in self._unconfirmed.items() if at < before]

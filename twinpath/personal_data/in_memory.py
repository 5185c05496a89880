"""Keys in this process's memory: for `make demo` and for tests."""

import secrets
from collections.abc import Collection
from datetime import datetime

from twinpath.clock import utc_now
from twinpath.personal_data.interface import ERASED_ACTOR, KEY_BYTES, KeyStore
from twinpath.personal_data.pseudonyms import new_pseudonym


class InMemoryKeyStore(KeyStore):
    """A KeyStore; None stands for a destroyed key."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes | None] = {}
        self._unconfirmed: dict[str, datetime] = {}
        self._actors: dict[tuple[str, str], tuple[str, str | None]] = {}

    async def keys(self, owners: Collection[str]) -> dict[str, bytes]:
        return {owner: key for owner in owners if (key := self._keys.get(owner)) is not None}

    async def key_for(self, owner: str) -> bytes | None:
        return self._keys.setdefault(owner, secrets.token_bytes(KEY_BYTES))

    async def new_key(self, owner: str) -> bytes | None:
        return await self.key_for(owner)

    async def destroy(self, owner: str) -> None:
        self._actors = {caller: actor for caller, actor in self._actors.items() if actor[1] != owner}
        if self._keys.get(owner, b"") is not None:
            self._keys[owner] = None
            self._unconfirmed[owner] = utc_now()

    async def confirm(self, owner: str) -> None:
        await self.destroy(owner)
        self._unconfirmed.pop(owner, None)

    async def unconfirmed(self, before: datetime) -> list[str]:
        return [owner for owner, at in self._unconfirmed.items() if at < before]

    async def pseudonym(self, issuer: str, subject: str, owner: str | None) -> str:
        """See KeyStore.pseudonym."""
        if owner is not None and await self.key_for(owner) is None:
            return ERASED_ACTOR
        return self._actors.setdefault((issuer, subject), (new_pseudonym(), owner))[0]

    async def caller_behind(self, pseudonym: str) -> tuple[str, str] | None:
        """See KeyStore.caller_behind."""
        return next((caller for caller, (name, _) in self._actors.items() if name == pseudonym), None)

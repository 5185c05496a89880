"""Machine keys in this process's memory: for `make demo` and for tests."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from twinpath.identity.machine_keys import MachineKey


class InMemoryMachineKeys:
    """A MachineKeyStore."""

    def __init__(self) -> None:
        self._keys: dict[str, MachineKey] = {}

    async def add(self, key: MachineKey) -> None:
        """See MachineKeyStore.add."""
        self._keys[key.id] = key

    async def get(self, key_id: str) -> MachineKey | None:
        """See MachineKeyStore.get."""
        return self._keys.get(key_id)

    async def every(self) -> Sequence[MachineKey]:
        """See MachineKeyStore.every."""
        return sorted(self._keys.values(), key=lambda key: (key.created, key.id))

    async def revoke(self, key_id: str, at: datetime) -> bool:
        """See MachineKeyStore.revoke."""
        key = self._keys.get(key_id)
        if key is None or key.revoked is not None:
            return False
        self._keys[key_id] = replace(key, revoked=at)
        return True

    async def note_use(self, key_id: str, at: datetime) -> None:
        """See MachineKeyStore.note_use."""
        if (key := self._keys.get(key_id)) is not None:
            self._keys[key_id] = replace(key, last_use=at)

"""The pseudonyms that callers act under, looked up once a process and caller."""

from twinpath.identity.caller import Caller
from twinpath.personal_data.interface import KeyStore

_MOST_REMEMBERED = 10_000


class Actors:
    """Gives each caller its pseudonym. One that is remembered after an erasure is cut all the same: nothing says whose
    it was."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self._names: dict[str, str] = {}

    async def actor(self, caller: Caller) -> str:
        """What a commit names as its actor. Raises Unavailable."""
        name = self._names.get(caller.key)
        if name is None:
            name = await self._keys.pseudonym(caller.issuer, caller.subject, caller.owner)
            if len(self._names) >= _MOST_REMEMBERED:
                self._names.clear()
            self._names[caller.key] = name
        return name

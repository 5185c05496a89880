"""Fingerprints of commands, by which a repetition is told from another command with the same idempotency key.

A fingerprint of a command that seals personal data is keyed with the key that seals them. So nobody can try out with it
what somebody had sent, once the key is destroyed (decision 0022). The MAC is BLAKE2b with a key (RFC 7693).
"""

import hashlib
import hmac
import re

from twinpath.personal_data.interface import KeyStore

_BYTES = 16
_KEYED = "keyed"
_PURPOSE = b"fingerprint"
"""Keeps the keys of fingerprints apart from those that seal, though both are made of the owner's."""

FORGOTTEN = "forgotten"
"""What stands in the place of a plain fingerprint of an erased owner's command."""
PLAIN = re.compile(r"^[0-9a-f]{32}$")
"""The form of version 0.1.0, and of every command that seals nothing."""


class Fingerprints:
    """Makes and compares them. Those that are not keyed are as version 0.1.0 wrote them, so replicas of it know them:
    `are_keyed` is False as long as such replicas may be at work on the same log."""

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self.are_keyed = True

    def make(self, content: bytes, owner: str | None = None, key: bytes | None = None) -> str:
        """That of a command with this content, whose events are sealed with the `owner`'s key; the key is None where it
        is destroyed."""
        plain = hashlib.blake2b(content, digest_size=_BYTES).hexdigest()
        return plain if owner is None or not self.are_keyed else keyed(plain, owner, key)

    async def allows(self, stored: str, content: bytes) -> bool:
        """Whether a stored fingerprint may be that of a command with this content: it is, or the owner is erased, and
        nobody can tell any more. Raises Unavailable."""
        plain = hashlib.blake2b(content, digest_size=_BYTES).hexdigest()
        if not stored.startswith(f"{_KEYED}:"):
            return stored == FORGOTTEN or hmac.compare_digest(stored, plain)
        owner = stored.removeprefix(f"{_KEYED}:").rpartition(":")[0]
        key = (await self._keys.keys([owner])).get(owner)
        return key is None or hmac.compare_digest(stored, keyed(plain, owner, key))


def keyed(plain: str, owner: str, key: bytes | None) -> str:
    """`keyed:<owner>:<MAC of the plain fingerprint>`; without a MAC where the key is destroyed, and so is fit for
    nothing."""
    mac = (
        "" if key is None else hashlib.blake2b(plain.encode(), key=key, person=_PURPOSE, digest_size=_BYTES).hexdigest()
    )
    return f"{_KEYED}:{owner}:{mac}"

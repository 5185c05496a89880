"""Seals what is personal in an event before it is stored, and opens it again for as long as the key exists.

Crypto-shredding: whoever destroys the key has erased the data from the log, from its replicas and from every backup.
(Verraes, "Eventsourcing Patterns: Throw Away the Key", 2019.) AES-256 in GCM, bound to the stream.
"""

import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import SEALED, DomainEvent, NewEvent, RecordedEvent
from twinpath.errors import RuleViolation, UnknownEvent
from twinpath.personal_data.interface import KeyStore

_NONCE_BYTES = 12


class Seals:
    """Knows from the events' classes what is personal. Keys are never remembered: a destroyed one works no more."""

    def __init__(self, keys: KeyStore, catalogue: Catalogue) -> None:
        self._keys = keys
        self._catalogue = catalogue

    async def seal(self, stream: str, events: Sequence[NewEvent]) -> list[NewEvent]:
        """The events as they may be stored.

        Raises:
            RuleViolation: `customer_erased`: the customer's key is destroyed.
            Unavailable: the keys can't be reached.
        """
        return [await self._sealed(stream, event) for event in events]

    async def open(self, events: Sequence[RecordedEvent]) -> list[RecordedEvent]:
        """The events as they would be stored today, with what is personal put back, or None in its place where it
        can't be opened any more. One that the catalogue can't read is left at its schema.

        Raises Unavailable.
        """
        return (await self.open_of(events))[0]

    async def open_of(self, events: Sequence[RecordedEvent]) -> tuple[list[RecordedEvent], frozenset[str]]:
        """As `open`, and the customers whose data were opened. Raises Unavailable."""
        owners = {event.data[SEALED]["of"] for event in events if SEALED in event.data}
        keys = await self._keys.keys(owners) if owners else {}
        return [self._readable(event, keys) for event in events], frozenset(keys)

    async def erased_since(self, owners: frozenset[str]) -> set[str]:
        """Those of the customers whose key is no longer there. Raises Unavailable."""
        return set(owners - (await self._keys.keys(owners)).keys()) if owners else set()

    async def erase(self, customer_id: str) -> None:
        """Destroy the customer's key. Raises Unavailable."""
        await self._keys.destroy(customer_id)

    async def _sealed(self, stream: str, event: NewEvent) -> NewEvent:
        event_type = self._catalogue.event_type(event.type)
        owner = None if event_type is None else owner_of(event_type, stream, event.data)
        if event_type is None or owner is None:
            return event
        key = await self._keys.key_for(owner)
        if key is None:
            raise RuleViolation(f"Customer {owner} is erased.", code="customer_erased", customer_id=owner)
        personal = {name: event.data[name] for name in event_type.personal}
        nonce = secrets.token_bytes(_NONCE_BYTES)
        box = nonce + AESGCM(key).encrypt(nonce, orjson.dumps(personal), stream.encode())
        rest = {name: value for name, value in event.data.items() if name not in personal}
        return replace(event, data={**rest, SEALED: {"of": owner, "box": b64encode(box).decode("ascii")}})

    def _readable(self, event: RecordedEvent, keys: Mapping[str, bytes]) -> RecordedEvent:
        opened = self._opened(event, keys) if SEALED in event.data else event
        try:
            return self._catalogue.today(opened)
        except UnknownEvent:
            return opened  # whoever decodes it says why

    def _opened(self, event: RecordedEvent, keys: Mapping[str, bytes]) -> RecordedEvent:
        sealed = event.data[SEALED]
        personal: dict[str, Any] = dict.fromkeys(self._catalogue.personal(event.type, event.schema))
        if (key := keys.get(sealed["of"])) is not None:
            try:
                box = b64decode(sealed["box"])
                opened = AESGCM(key).decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], event.stream.encode())
                personal |= orjson.loads(opened)
            except (InvalidTag, ValueError):
                pass  # a damaged box, or one sealed with a key that was lost: as good as destroyed
        rest = {name: value for name, value in event.data.items() if name != SEALED}
        return replace(event, data=rest | personal)


def owner_of(event_type: type[DomainEvent], stream: str, data: Mapping[str, Any]) -> str | None:
    """The customer whose key seals such an event; None when nothing of it is personal, or nobody is known."""
    if not event_type.personal:
        return None
    return stream if event_type.personal_of is None else data.get(event_type.personal_of)

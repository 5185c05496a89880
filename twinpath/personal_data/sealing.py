"""Seals personal data in an event before it is stored, and opens them again for as long as the key exists.

Crypto-shredding: destroying the key erases the data from the log, from its replicas and from every backup.
(Verraes, "Eventsourcing Patterns: Throw Away the Key", 2019.) AES-256 in GCM, bound to the stream.
"""

import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.claim import Claim
from twinpath.domain.events import SEALED, DomainEvent, NewEvent, RecordedEvent
from twinpath.errors import RuleViolation, Unavailable
from twinpath.ids import category_of
from twinpath.personal_data.interface import CLAIMS, KeyStore

_NONCE_BYTES = 12


class Seals:
    """Finds personal data by the events' classes. Owners' keys are never remembered: a destroyed one works no more. The
    key of claims is, as it is never destroyed."""

    def __init__(self, keys: KeyStore, catalogue: Catalogue) -> None:
        self._keys = keys
        self._catalogue = catalogue
        self._claims_key: bytes | None = None

    async def seal(self, stream: str, events: Sequence[NewEvent]) -> list[NewEvent]:
        """The events as they may be stored.

        Raises:
            RuleViolation: `<category>_erased`, as in `customer_erased`: the owner's key is destroyed.
            Unavailable: the keys can't be reached.
        """
        return [await self._sealed(stream, event) for event in events]

    async def open(self, events: Sequence[RecordedEvent]) -> list[RecordedEvent]:
        """The events in the schema in which they are stored, with personal data put back, or None in their place where
        they can't be opened any more. Raises Unavailable."""
        return (await self.open_of(events))[0]

    async def open_of(self, events: Sequence[RecordedEvent]) -> tuple[list[RecordedEvent], frozenset[str]]:
        """As `open`, and the owners whose data were opened. Raises Unavailable."""
        owners = {event.data[SEALED]["of"] for event in events if SEALED in event.data}
        keys = await self._keys.keys(owners) if owners else {}
        return [self._opened(event, keys) if SEALED in event.data else event for event in events], frozenset(keys)

    async def erased_since(self, owners: Set[str]) -> set[str]:
        """Those of the owners whose key is no longer there. Raises Unavailable."""
        return set(owners) - (await self._keys.keys(owners)).keys() if owners else set()

    async def erase(self, owner: str) -> None:
        """Destroy the owner's key. Raises Unavailable."""
        await self._keys.destroy(owner)

    async def claim_keys(self, claims: Iterable[Claim]) -> dict[str, Claim]:
        """The claims by what stands for them in the log. Raises Unavailable."""
        given = tuple(claims)
        if self._claims_key is None and any(claim.personal for claim in given):
            self._claims_key = await self._keys.key_for(CLAIMS)
            if self._claims_key is None:
                raise Unavailable("the key of claims is destroyed: bring the keys' backup back")
        return {claim.key(self._claims_key or b""): claim for claim in given}

    async def _sealed(self, stream: str, event: NewEvent) -> NewEvent:
        event_type = self._catalogue.event_type(event.type)
        if event_type is None:
            return event
        # it may be stored in an older schema, which had other names for what is personal
        owner = owner_of(event_type, stream, self._catalogue.today(event).data, event.schema)
        if owner is None:
            return event
        key = await self._keys.key_for(owner)
        if key is None:
            kind = category_of(owner)
            raise RuleViolation(
                f"{kind.capitalize()} {owner} is erased.", code=f"{kind}_erased", **{f"{kind}_id": owner}
            )
        personal = {name: event.data[name] for name in event_type.personal_in(event.schema)}
        nonce = secrets.token_bytes(_NONCE_BYTES)
        box = nonce + AESGCM(key).encrypt(nonce, orjson.dumps(personal), stream.encode())
        rest = {name: value for name, value in event.data.items() if name not in personal}
        return replace(event, data={**rest, SEALED: {"of": owner, "box": b64encode(box).decode("ascii")}})

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


def owner_of(
    event_type: type[DomainEvent], stream: str, data: Mapping[str, Any], schema: int | None = None
) -> str | None:
    """The owner whose key seals such an event of a schema, the newest unless given; `data` are in its newest form.

    None when nothing in it is personal, or nobody is named.
    """
    if not event_type.personal_in(schema or event_type.schema_version):
        return None
    return stream if event_type.personal_of is None else data.get(event_type.personal_of)

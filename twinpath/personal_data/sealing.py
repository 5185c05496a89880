"""Seals personal data in an event before it is stored, and opens them again for as long as the key exists.

Crypto-shredding: destroying the key erases the data from the log, from its replicas and from every backup.
(Verraes, "Eventsourcing Patterns: Throw Away the Key", 2019.) AES-256 in GCM, bound to the stream.
"""

import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.claim import Claim
from twinpath.domain.events import SEALED, DomainEvent, NewEvent, RecordedEvent
from twinpath.errors import RuleViolation, Unavailable
from twinpath.ids import category_of
from twinpath.personal_data.fingerprints import Fingerprints
from twinpath.personal_data.interface import CLAIMS, KeyStore

_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Whose:
    """The owner of personal data, and the key, which is None when it is destroyed."""

    owner: str
    key: bytes | None


class Seals:
    """Finds personal data by the events' classes. Owners' keys are never remembered: a destroyed one works no more. The
    key of claims is, as it is never destroyed."""

    def __init__(self, keys: KeyStore, catalogue: Catalogue) -> None:
        self._keys = keys
        self._catalogue = catalogue
        self._claims_key: bytes | None = None
        self.fingerprints = Fingerprints(keys)

    async def seal(self, stream: str, events: Sequence[NewEvent]) -> list[NewEvent]:
        """The events as they may be stored.

        Raises:
            RuleViolation: `<category>_erased`, as in `customer_erased`: the owner's key is destroyed.
            Unavailable: the keys can't be reached.
        """
        return (await self.seal_of(stream, events))[0]

    async def seal_of(
        self, stream: str, events: Sequence[NewEvent], begins: bool = False
    ) -> tuple[list[NewEvent], Whose | None]:
        """As `seal`, and whose they are: the first owner of one of them, None where nothing is sealed. A stream that
        `begins` with these events has most likely no key yet."""
        closed = [await self._sealed(stream, event, begins) for event in events]
        return [event for event, _ in closed], next((whose for _, whose in closed if whose is not None), None)

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

    async def _sealed(self, stream: str, event: NewEvent, begins: bool) -> tuple[NewEvent, Whose | None]:
        event_type = self._catalogue.event_type(event.type)
        if event_type is None:
            return event, None
        # it may be stored in an older schema, which had other names for what is personal
        owner = owner_of(event_type, stream, self._catalogue.today(event).data, event.schema)
        if owner is None:
            return event, None
        key = await (self._keys.new_key if begins and owner == stream else self._keys.key_for)(owner)
        if key is None and not event_type.outlives:
            kind = category_of(owner)
            raise RuleViolation(
                f"{kind.capitalize()} {owner} is erased.", code=f"{kind}_erased", **{f"{kind}_id": owner}
            )
        return sealed(event, event_type.personal_in(event.schema), stream, Whose(owner, key)), Whose(owner, key)

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


def sealed(event: NewEvent, names: Sequence[str], stream: str, whose: Whose) -> NewEvent:
    """The event with these fields in a box that the owner's key opens; in an empty one when the key is destroyed."""
    box = ""
    if whose.key is not None:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        personal = orjson.dumps({name: event.data[name] for name in names})
        box = b64encode(nonce + AESGCM(whose.key).encrypt(nonce, personal, stream.encode())).decode("ascii")
    rest = {name: value for name, value in event.data.items() if name not in names}
    return replace(event, data={**rest, SEALED: {"of": whose.owner, "box": box}})


def owner_of(
    event_type: type[DomainEvent], stream: str, data: Mapping[str, Any], schema: int | None = None
) -> str | None:
    """The owner whose key seals such an event of a schema, the newest unless given; `data` are in its newest form.

    None when nothing in it is personal, or nobody is named, unless the event is `sealed_alone` then.
    """
    if not event_type.personal_in(schema or event_type.schema_version):
        return None
    owner = stream if event_type.personal_of is None else data.get(event_type.personal_of)
    return stream if owner is None and event_type.sealed_alone else owner

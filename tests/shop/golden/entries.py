"""The golden entries: one file for each schema of each event that was ever written, and a digest of each file.

An entry never changes and never goes: events of its schema are in somebody's log for ever.
"""

from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import DomainEvent
from twinpath.ids import category_of
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.sealing import Seals, owner_of

FOLDER = Path(__file__).parent / "events"
DIGESTS = "digests.sha256"
"""In the form that `sha256sum --check` reads."""

_OWNER = "customer-0198c0de-0000-7000-8000-000000000001"
_NO_SHAPE = frozenset({"title", "description", "examples"})


@dataclass(frozen=True)
class Sealed:
    """An event as it is stored with its personal data sealed; the `owner`'s key opens it to `opened`."""

    stream: str
    owner: str
    key: str
    data: dict[str, Any]
    opened: dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One schema of one event type: its shape, and events as they were stored."""

    type: str
    schema: int
    shape: dict[str, Any]
    examples: list[dict[str, Any]]
    sealed: list[Sealed]

    @property
    def file(self) -> str:
        """The name of its file."""
        return file_of(self.type, self.schema)


_ENTRY = TypeAdapter(Entry)


def file_of(name: str, schema: int) -> str:
    """The name of an entry's file."""
    return f"{name}.{schema}.json"


def shape_of(event_type: type[DomainEvent]) -> dict[str, Any]:
    """What decides which data an event takes and how it is sealed; how its fields are described is left out."""
    return {
        "data": _without_descriptions(event_type.model_json_schema()),
        "personal": list(event_type.personal),
        "personal_of": event_type.personal_of,
        "erases": event_type.erases,
    }


def _without_descriptions(schema: Any, is_schema: bool = True) -> Any:
    """A JSON schema less its words; `properties` and `$defs` name fields, which may be called as they like."""
    if isinstance(schema, list):
        return [_without_descriptions(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _without_descriptions(one, name not in ("properties", "$defs"))
        for name, one in schema.items()
        if not (is_schema and name in _NO_SHAPE)
    }


def read_entries(folder: Path) -> list[Entry]:
    """Every entry."""
    return [_ENTRY.validate_json(path.read_bytes()) for path in sorted(folder.glob("*.json"))]


def read_digests(folder: Path) -> dict[str, str]:
    """File -> its digest when it was written."""
    file = folder / DIGESTS
    lines = file.read_text().splitlines() if file.exists() else []
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


def digest_of(file: Path) -> str:
    """Of a file as it is now."""
    return sha256(file.read_bytes()).hexdigest()


async def write_new(catalogue: Catalogue, examples: Collection[DomainEvent], folder: Path) -> list[str]:
    """Write an entry for each schema of today that has an example and no entry yet; the new files."""
    new = []
    for event_type in catalogue.types:
        file = folder / file_of(event_type.type, event_type.schema_version)
        own = [example for example in examples if type(example) is event_type]
        if own and not file.exists():
            entry = await _entry(catalogue, event_type, own)
            file.write_bytes(orjson.dumps(asdict(entry), option=orjson.OPT_INDENT_2) + b"\n")
            new.append(file.name)
    with (folder / DIGESTS).open("a") as digests:
        digests.writelines(f"{digest_of(folder / name)}  {name}\n" for name in new)
    return new


async def _entry(catalogue: Catalogue, event_type: type[DomainEvent], examples: Iterable[DomainEvent]) -> Entry:
    stored = [catalogue.today(catalogue.encode(example)) for example in examples]
    category = event_type.type.partition(".")[0]
    stream = _OWNER if category == category_of(_OWNER) else f"{category}-0198c0de-0000-7000-8000-000000000002"
    sealed = []
    for event in stored:
        if (owner := owner_of(event_type, stream, event.data)) is not None:
            keys = InMemoryKeyStore()
            [closed] = await Seals(keys, catalogue).seal(stream, [event])
            key = (await keys.keys([owner]))[owner]
            opened = {name: event.data[name] for name in event_type.personal}
            sealed.append(Sealed(stream, owner, b64encode(key).decode(), closed.data, opened))
    data = [event.data for event in stored]
    return Entry(event_type.type, event_type.schema_version, shape_of(event_type), data, sealed)


class GoldenKeys(InMemoryKeyStore):
    """The key of one sealed example."""

    def __init__(self, sealed: Sealed) -> None:
        super().__init__()
        self._keys[sealed.owner] = b64decode(sealed.key)

"""What would make an event that was ever written unreadable, said so that whoever did it knows what to do instead."""

from collections.abc import Collection, Iterator
from pathlib import Path

from tests.shop.golden.entries import (
    FOLDER,
    Entry,
    GoldenKeys,
    Sealed,
    digest_of,
    file_of,
    read_digests,
    read_entries,
    shape_of,
)
from twinpath.clock import utc_now
from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import DomainEvent, NewEvent, RecordedEvent
from twinpath.errors import UnknownEvent
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.interface import KeyStore
from twinpath.personal_data.sealing import Seals

GUIDE = "docs/guides/change-an-event.md"


async def complaints(catalogue: Catalogue, examples: Collection[DomainEvent], folder: Path = FOLDER) -> list[str]:
    """Everything that is wrong; each says what to do."""
    entries = read_entries(folder)
    found = [*_touched(folder), *_missing(catalogue, entries), *_reshaped(catalogue, entries)]
    found += _written_otherwise(catalogue, examples, entries)
    return found + [complaint for entry in entries for complaint in await _unreadable(catalogue, entry)]


def _touched(folder: Path) -> Iterator[str]:
    digests = read_digests(folder)
    for name, digest in digests.items():
        if not (folder / name).exists() or digest_of(folder / name) != digest:
            yield f"{name} was changed or removed, but an entry stays as it is for ever: git checkout {folder / name}"
    for path in folder.glob("*.json"):
        if path.name not in digests:
            yield f"{path.name} has no digest: remove it and run `python -m tests.shop.golden`, which writes both"


def _missing(catalogue: Catalogue, entries: Collection[Entry]) -> Iterator[str]:
    there = {entry.file for entry in entries}
    for event_type in catalogue.types:
        for schema in range(1, event_type.schema_version + 1):
            if file_of(event_type.type, schema) not in there:
                yield (
                    f"schema {schema} of {event_type.type} has no golden entry: give an example of it in "
                    f"tests/shop/golden/examples/ and run `python -m tests.shop.golden` ({GUIDE})"
                )


def _reshaped(catalogue: Catalogue, entries: Collection[Entry]) -> Iterator[str]:
    for entry in entries:
        event_type = catalogue.event_type(entry.type)
        if event_type is None or event_type.schema_version != entry.schema or shape_of(event_type) == entry.shape:
            continue
        yield (
            f"{event_type.__name__} is not what schema {entry.schema} of {entry.type} was, and such events are "
            f"stored: add an upcaster to its `upcasters`, from schema {entry.schema} to {entry.schema + 1} ({GUIDE})"
        )


def _written_otherwise(
    catalogue: Catalogue, examples: Collection[DomainEvent], entries: Collection[Entry]
) -> Iterator[str]:
    known = {(entry.type, entry.schema): entry.examples for entry in entries}
    for example in examples:
        data = catalogue.today(catalogue.encode(example)).data
        if data not in known.get((example.type, example.schema_version), [data]):
            yield (
                f"an example of {example.type} is not written as its golden entry has it: leave the examples of a "
                f"schema as they are, or give the event another schema ({GUIDE})"
            )


async def _unreadable(catalogue: Catalogue, entry: Entry) -> list[str]:
    try:
        for data in entry.examples:
            catalogue.decode(NewEvent(entry.type, entry.schema, data))
        for sealed in entry.sealed:
            await _read_sealed(catalogue, entry, sealed)
    except (UnknownEvent, AssertionError) as error:
        return [f"events of {entry.file} can't be read any more, but they are in logs for ever: {error} ({GUIDE})"]
    return []


async def _read_sealed(catalogue: Catalogue, entry: Entry, sealed: Sealed) -> None:
    """Read it with its key, when its key is destroyed, and by somebody who opens nothing."""
    whole = {name: value for name, value in sealed.data.items() if name != "sealed"} | sealed.opened
    opened = await _read(catalogue, entry, sealed, GoldenKeys(sealed))
    assert opened == catalogue.decode(NewEvent(entry.type, entry.schema, whole)), "a seal opens to something else"
    erased = await _read(catalogue, entry, sealed, InMemoryKeyStore())
    assert not any(getattr(erased, name) for name in erased.personal), "something personal is left after an erasure"
    catalogue.decode(NewEvent(entry.type, entry.schema, sealed.data))


async def _read(catalogue: Catalogue, entry: Entry, sealed: Sealed, keys: KeyStore) -> DomainEvent:
    stored = RecordedEvent(
        entry.type, entry.schema, sealed.data, sealed.stream, 1, "golden.0", 1, utc_now(), "golden", "golden"
    )
    [opened] = await Seals(keys, catalogue).open([stored])
    return catalogue.decode(opened)

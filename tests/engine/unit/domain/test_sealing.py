"""Personal data are sealed before they are stored, and opened for as long as their key exists."""

from collections.abc import Callable, Collection
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from tests.engine.workshop.application import EVENTS
from tests.engine.workshop.events import OwnerRegistered, RepairNoteAdded, RepairOpened
from twinpath.domain.events import SEALED, DomainEvent, NewEvent, RecordedEvent
from twinpath.errors import RuleViolation
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.sealing import Seals

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
ADA = "owner-1"
REGISTERED = OwnerRegistered(name="Ada", email="ada@example.org")


class CountingKeys(InMemoryKeyStore):
    """Counts how often keys are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def keys(self, owner_ids: Collection[str]) -> dict[str, bytes]:
        self.asked += 1
        return await super().keys(owner_ids)


@pytest.fixture
def keys() -> CountingKeys:
    return CountingKeys()


@pytest.fixture
def seals(keys: CountingKeys) -> Seals:
    return Seals(keys, EVENTS)


def repair(owner: str | None) -> RepairOpened:
    return RepairOpened(subject="My subject", message="My message", owner_id=owner, opened_at=NOW)


async def sealed(seals: Seals, stream: str, event: DomainEvent) -> NewEvent:
    [new] = await seals.seal(stream, [EVENTS.encode(event)])
    return new


def recorded(stream: str, event: NewEvent, version: int = 1) -> RecordedEvent:
    return RecordedEvent(event.type, event.schema, event.data, stream, version, "x.0", version, NOW, "a", "c")


@pytest.mark.parametrize(("stream", "event"), [(ADA, REGISTERED), ("repair-1", repair(ADA))])
async def test_what_was_sealed_is_opened_again(seals: Seals, stream: str, event: DomainEvent) -> None:
    stored = recorded(stream, await sealed(seals, stream, event))

    [opened] = await seals.open([stored])

    assert EVENTS.decode(opened) == event
    assert opened.data == EVENTS.encode(event).data


async def test_nothing_personal_can_be_read_in_what_is_stored(seals: Seals) -> None:
    stored = await sealed(seals, "repair-1", repair(ADA))

    text = orjson.dumps(stored.data)
    assert b"My subject" not in text
    assert b"My message" not in text
    assert stored.data["owner_id"] == ADA


async def test_without_its_key_what_is_personal_is_none(seals: Seals, keys: CountingKeys) -> None:
    stored = recorded(ADA, await sealed(seals, ADA, REGISTERED))
    await keys.destroy(ADA)

    [opened] = await seals.open([stored])

    assert EVENTS.decode(opened) == OwnerRegistered(name=None, email=None)


async def test_who_does_not_open_sees_none(seals: Seals) -> None:
    stored = recorded("repair-1", await sealed(seals, "repair-1", repair(ADA)))

    assert EVENTS.decode(stored) == repair(ADA).model_copy(update={"subject": None, "message": None})


async def test_an_erased_owner_is_refused(seals: Seals, keys: CountingKeys) -> None:
    await keys.destroy(ADA)

    with pytest.raises(RuleViolation) as refused:
        await sealed(seals, "repair-1", repair(ADA))
    assert refused.value.code == "owner_erased"


async def test_what_was_sealed_for_one_stream_does_not_open_in_another(seals: Seals) -> None:
    stored = recorded("repair-1", await sealed(seals, "repair-1", repair(ADA)))

    [moved] = await seals.open([replace(stored, stream="repair-2")])

    assert (moved.data["subject"], moved.data["message"]) == (None, None)


@pytest.mark.parametrize("damage", [lambda box: "", lambda box: box[:12], lambda box: box[1:], lambda box: "A" + box])
async def test_a_box_that_is_damaged_counts_as_empty(seals: Seals, damage: Callable[[str], str]) -> None:
    stored = recorded("repair-1", await sealed(seals, "repair-1", repair(ADA)))
    damaged = {**stored.data, SEALED: {"of": ADA, "box": damage(stored.data[SEALED]["box"])}}

    [opened] = await seals.open([replace(stored, data=damaged)])

    assert EVENTS.decode(opened) == repair(ADA).model_copy(update={"subject": None, "message": None})


async def test_what_is_given_in_stays_as_it_was(seals: Seals) -> None:
    plain = EVENTS.encode(repair(ADA))
    before = deepcopy(plain)
    [new] = await seals.seal("repair-1", [plain])
    stored = recorded("repair-1", new)
    as_stored = deepcopy(stored)

    await seals.open([stored])

    assert plain == before
    assert stored == as_stored


async def test_what_belongs_to_nobody_is_stored_as_it_is(seals: Seals, keys: CountingKeys) -> None:
    for event in (repair(None), RepairNoteAdded(note="n")):
        stored = await sealed(seals, "repair-1", event)
        assert SEALED not in stored.data
        assert await seals.open([recorded("repair-1", stored)]) == [recorded("repair-1", stored)]
    assert keys.asked == 0


async def test_a_batch_asks_for_its_keys_once(seals: Seals, keys: CountingKeys) -> None:
    stored = [
        recorded(stream, await sealed(seals, stream, repair(f"owner-{number}")))
        for number, stream in enumerate(f"repair-{n}" for n in range(5))
    ]

    opened = await seals.open(stored)

    assert {event.data["subject"] for event in opened} == {"My subject"}
    assert keys.asked == 1

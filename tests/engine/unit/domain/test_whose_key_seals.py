"""Whose key seals an event: the owner's that it names, the stream's own, or nobody's; and what outlives an owner."""

from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import SEALED, DomainEvent, NewEvent, RecordedEvent
from twinpath.errors import RuleViolation
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.sealing import Seals, owner_of

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
STREAM, OWNER = "letter-1", "owner-1"


class LetterCame(DomainEvent):
    """From an owner, or from somebody."""

    type: ClassVar[str] = "letter.came"
    personal: ClassVar[tuple[str, ...]] = ("text",)
    personal_of: ClassVar[str | None] = "owner_id"
    sealed_alone: ClassVar[bool] = True

    text: str | None
    owner_id: str | None = None


class LetterFiled(DomainEvent):
    """Whatever has become of whoever wrote it."""

    type: ClassVar[str] = "letter.filed"
    personal: ClassVar[tuple[str, ...]] = ("remark",)
    personal_of: ClassVar[str | None] = "owner_id"
    outlives: ClassVar[bool] = True

    remark: str | None
    shelf: int
    owner_id: str | None = None


LETTERS = Catalogue([LetterCame, LetterFiled])


@pytest.fixture
def keys() -> InMemoryKeyStore:
    return InMemoryKeyStore()


async def stored(keys: InMemoryKeyStore, event: DomainEvent) -> NewEvent:
    [closed] = await Seals(keys, LETTERS).seal(STREAM, [LETTERS.encode(event)])
    return closed


async def opened(keys: InMemoryKeyStore, event: NewEvent) -> Any:
    recorded = RecordedEvent(event.type, event.schema, event.data, STREAM, 1, "letter.0", 1, NOW, "a", "c")
    [event_of_now] = await Seals(keys, LETTERS).open([recorded])
    return LETTERS.decode(event_of_now)


@pytest.mark.parametrize(("owner", "whose"), [(OWNER, OWNER), (None, STREAM)])
async def test_where_nobody_is_named_the_streams_own_key_seals(
    keys: InMemoryKeyStore, owner: str | None, whose: str
) -> None:
    event = LetterCame(text="Dear Sir", owner_id=owner)

    closed = await stored(keys, event)

    assert closed.data[SEALED]["of"] == whose
    assert owner_of(LetterCame, STREAM, closed.data) == whose
    assert await opened(keys, closed) == event
    await keys.destroy(whose)
    assert (await opened(keys, closed)).text is None


async def test_what_is_not_sealed_alone_is_stored_as_it_is_where_nobody_is_named(keys: InMemoryKeyStore) -> None:
    event = LetterFiled(remark="Urgent", shelf=3)

    assert (await stored(keys, event)).data == {"remark": "Urgent", "shelf": 3, "owner_id": None}


async def test_what_outlives_an_erased_owner_leaves_out_what_is_personal(keys: InMemoryKeyStore) -> None:
    await keys.destroy(OWNER)

    closed = await stored(keys, LetterFiled(remark="Urgent", shelf=3, owner_id=OWNER))

    assert "Urgent" not in str(closed.data)
    assert await opened(keys, closed) == LetterFiled(remark=None, shelf=3, owner_id=OWNER)
    with pytest.raises(RuleViolation) as refused:
        await stored(keys, LetterCame(text="Dear Sir", owner_id=OWNER))
    assert refused.value.code == "owner_erased"

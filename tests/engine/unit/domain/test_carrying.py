"""What is stored is read by its structure alone; rules hold where a caller's body comes in."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    EmailStr,
    Field,
    HttpUrl,
    StringConstraints,
    ValidationError,
    conint,
    field_validator,
    model_validator,
)

from tests.engine.workshop.application import COMMANDS
from tests.engine.workshop.repairs import AddRepairNote
from twinpath.commands.endpoints import declared_commands
from twinpath.commands.snapshotting import Folded, Form, Snapshots
from twinpath.domain import Aggregate, Catalogue, Command, DomainEvent
from twinpath.domain.carrying import carrying, rules_in
from twinpath.domain.events import NewEvent
from twinpath.errors import UnknownEvent
from twinpath.log.snapshots import InMemorySnapshotStore, Snapshot

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def refuse(value: Any) -> Any:
    """A rule that lets nothing pass."""
    raise ValueError("not today")


class Kind(Enum):
    """Of a part."""

    NEW = "new"


class Part(BaseModel):
    """Something within."""

    name: Annotated[str, StringConstraints(max_length=1)]
    pattern: Literal["a field may be called like a limit"] = "a field may be called like a limit"


@dataclass(frozen=True)
class Place:
    """Something within that is no model."""

    row: Annotated[int, Field(le=0)]


class Judged(DomainEvent):
    """An event with every sort of rule, as no event should have."""

    type: ClassVar[str] = "repair.judged"

    limited: Annotated[str, StringConstraints(pattern="^$", max_length=0)]
    number: conint(gt=5, multiple_of=2)  # type: ignore[valid-type]
    listed: Annotated[str, AfterValidator(refuse)]
    before: Annotated[int, BeforeValidator(refuse)]
    parts: Annotated[tuple[Part, ...], Field(max_length=0)]
    by_name: Mapping[str, Annotated[Decimal, Field(max_digits=1)]]
    place: Place
    maybe: "Annotated[Part, Field(description='words')] | None" = None

    @field_validator("limited")
    @classmethod
    def _not_today(cls, value: str) -> str:
        return str(refuse(value))

    @model_validator(mode="after")
    def _not_at_all(self) -> "Judged":
        refuse(self)
        return self


STORED: dict[str, Any] = {
    "limited": "as long as it was",
    "number": 3,
    "listed": "BGN",
    "before": 7,
    "parts": [{"name": "brake pad"}],
    "by_name": {"le": "12.50"},
    "place": {"row": 4},
    "maybe": {"name": "wheel"},
}


def test_an_event_is_read_whatever_its_class_would_say_of_it_today() -> None:
    event = Catalogue([Judged]).decode(NewEvent(Judged.type, 1, STORED))

    assert isinstance(event, Judged)
    assert event.parts == (Part.model_construct(name="brake pad"),)
    assert (event.by_name, event.place, event.listed) == ({"le": Decimal("12.50")}, Place(4), "BGN")
    assert Catalogue([Judged]).encode(event).data["maybe"]["name"] == "wheel"


def test_every_rule_is_found_where_it_stands() -> None:
    paths = set(rules_in(Judged))

    assert paths >= {"limited", "number", "listed", "before", "parts", "by_name", "place.row", ""}


class Structured(BaseModel):
    """Types that pydantic itself puts together of functions: they have a structure and no rule."""

    at: datetime
    day: date
    took: timedelta
    amount: Decimal
    file: Path
    id: UUID
    kind: Kind
    words: Literal["a", "b"]
    numbers: frozenset[int]
    counts: Mapping[str, int]
    share: float
    parts: list[tuple[int, str]]
    url: bytes
    anything: Any


def test_the_structure_of_a_type_is_no_rule_and_stays() -> None:
    assert rules_in(Structured) == []
    data: dict[str, Any] = {
        "at": "2026-03-10T12:00:00Z",
        "day": "2026-03-10",
        "took": "PT5M",
        "amount": "1.50",
        "file": "/tmp/x",
        "id": "0e6c5a1e-53a8-5a53-9a5f-6b0e5b8f9a11",
        "kind": "new",
        "words": "b",
        "numbers": [1, 2],
        "counts": {"a": 1},
        "share": 0.5,
        "parts": [[1, "x"]],
        "url": "x",
        "anything": [None],
    }

    assert carrying(Structured)(data) == Structured.model_validate(data)
    assert math.isclose(carrying(Structured)(data).share, 0.5)
    for wrong in ({**data, "words": "c"}, {**data, "at": "noon"}, {**data, "counts": 3}):
        with pytest.raises(ValidationError):
            carrying(Structured)(wrong)


@pytest.mark.parametrize("kind", [EmailStr, HttpUrl, Annotated[list[int], Field(min_length=1)]])
def test_the_types_of_libraries_that_judge_are_rules(kind: Any) -> None:
    assert rules_in(kind)


class Strict(Command):
    """A command whose rules are narrower than they were."""

    type: ClassVar[str] = "strict"
    target: ClassVar[str] = "repair_id"

    repair_id: str
    pieces: Annotated[int, Field(strict=True, ge=1, le=2)]
    reason: Annotated[str, StringConstraints(max_length=3), AfterValidator(refuse)]


def test_a_command_that_a_process_makes_or_a_timer_kept_is_not_judged() -> None:
    made = Strict(repair_id="repair-1", pieces=500, reason="as it was called then", at=NOW)

    assert Strict.model_validate_json(made.model_dump_json()) == made
    with pytest.raises(ValidationError):
        Strict(repair_id="repair-1", pieces="many", reason="r", at=NOW)
    with pytest.raises(ValidationError):
        Strict(repair_id="repair-1", pieces=1, reason="r", at=NOW, more=1)  # type: ignore[call-arg]


def test_a_caller_is_judged() -> None:
    body = declared_commands(COMMANDS.aggregates)[AddRepairNote.type].body

    assert AddRepairNote(repair_id="repair-1", note="", at=NOW).note == ""
    with pytest.raises(ValidationError):
        body.model_validate({"note": ""})


@dataclass(frozen=True)
class State:
    """Of an aggregate, with a rule."""

    currency: Annotated[str, AfterValidator(refuse)]


STATEFUL: Aggregate[Any, Any, Any] = Aggregate("repair", lambda *_: [], lambda *_: None, State, ())


async def test_a_snapshot_is_read_whatever_the_rules_of_its_state_say() -> None:
    store = InMemorySnapshotStore()
    snapshots = Snapshots(store)
    snapshots.grown(STATEFUL, "repair-1", 0, Folded(State("BGN"), 50, "repair.0", 50))
    await snapshots.written()

    assert (await snapshots.load(STATEFUL, "repair-1")).state == State("BGN")


async def test_a_snapshot_that_has_another_structure_is_none() -> None:
    store = InMemorySnapshotStore()
    snapshots = Snapshots(store)
    snapshots.grown(STATEFUL, "repair-1", 0, Folded(State("BGN"), 50, "repair.0", 50))
    await snapshots.written()
    schema = Form(STATEFUL).schema
    await store.keep(Snapshot("repair-1", 51, "repair.0", 51, schema, {"currency": None}))

    assert await snapshots.load(STATEFUL, "repair-1") == Folded()


@pytest.mark.parametrize("data", [{}, {"place": "zq7mark"}, {"parts": [{"name": ["zq7mark"]}]}, {"zq7mark": 1}])
def test_an_error_quotes_nothing_of_what_was_read(data: dict[str, object]) -> None:
    with pytest.raises(UnknownEvent) as refused:
        Catalogue([Judged]).decode(NewEvent(Judged.type, 1, data))

    assert "='zq7mark'" not in str(refused.value)
    assert "input_value" not in str(refused.value)

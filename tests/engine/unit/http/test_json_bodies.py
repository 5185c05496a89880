"""Integers of JSON, wherever a model has them."""

from typing import Annotated, Any

import orjson
import pytest
from pydantic import BaseModel, Field, ValidationError

from twinpath.http.json_bodies import read_json


class Part(BaseModel):
    """Nested, also in itself."""

    count: Annotated[int, Field(strict=True, ge=0)]
    parts: "list[Part]" = []


class Repair(BaseModel):
    """Integers everywhere, and where none is."""

    hours: int | None = None
    either: int | str | None = None
    yes: bool | None = None
    counts: list[int] = []
    by_name: dict[str, int] = {}
    main: Part | None = None
    parts: list[Part] = []
    price: float = 0
    note: str = ""
    anything: Any = None


@pytest.mark.parametrize("wrong", ['"7"', "true", "7.5", "1e400", "[]", "{}"])
@pytest.mark.parametrize(
    ("body", "at"),
    [
        ('{"hours": ?}', "hours"),
        ('{"counts": [1, ?]}', "counts.1"),
        ('{"by_name": {"a": ?}}', "by_name.a"),
        ('{"main": {"count": ?}}', "main.count"),
        ('{"parts": [{"count": 1, "parts": [{"count": ?}]}]}', "parts.0.parts.0.count"),
    ],
)
def test_what_is_no_integer_is_refused_by_its_place(body: str, at: str, wrong: str) -> None:
    with pytest.raises(ValidationError) as refused:
        read_json(Repair, body.replace("?", wrong).encode())

    assert [".".join(map(str, fault["loc"])) for fault in refused.value.errors()] == [at]


@pytest.mark.parametrize(("whole", "value"), [("7", 7), ("10.0", 10), ("1e2", 100), ("-0.0", 0), ("1.5e1", 15)])
def test_a_whole_number_is_an_integer_however_it_is_written(whole: str, value: int) -> None:
    body = '{"hours": ?, "counts": [?], "by_name": {"a": ?}, "main": {"count": ?, "parts": [{"count": ?}]}}'

    repair = read_json(Repair, body.replace("?", whole).encode())

    assert repair.main is not None
    integers = [repair.hours, *repair.counts, repair.by_name["a"], repair.main.count, repair.main.parts[0].count]
    assert integers == [value] * 5
    assert {type(integer) for integer in integers} == {int}


def test_what_else_a_model_takes_stays_as_it_is() -> None:
    body = {"either": "7", "yes": True, "price": 2.0, "note": "1.0", "anything": [1.0, "x", True]}

    repair = read_json(Repair, orjson.dumps(body))

    assert repair.model_dump(exclude_unset=True) == body


def test_of_a_name_that_is_given_twice_the_last_counts() -> None:
    assert read_json(Repair, b'{"hours": 1, "hours": 2.0}').hours == 2

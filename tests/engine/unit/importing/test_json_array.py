"""JSON files that are one array: an element at a time, with its line, however the text comes."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinpath.errors import MalformedRequest
from twinpath.importing.json_array import elements_of
from twinpath.importing.rows import rows_of

values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)


class Slow(io.StringIO):
    """A text of which at most `piece` characters come at once."""

    piece = 1

    def read(self, size: int | None = -1) -> str:
        return super().read(self.piece)


@given(st.lists(values, max_size=4), st.sampled_from([None, 1]), st.integers(1, 40))
def test_each_element_is_read_and_its_line_is_where_it_begins(
    elements: list[Any], indent: int | None, piece: int
) -> None:
    text = Slow("\n " + json.dumps(elements, indent=indent) + " \n")
    text.piece = piece

    read = list(elements_of(text))

    assert [element for _, element in read] == elements
    line = 2
    for number, element in enumerate(elements):
        line += indent is not None
        assert read[number][0] == line
        line += json.dumps([element], indent=indent).count("\n") - 2 * (indent is not None)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("[", 0),
        ("[1", 1),
        ("[1,", 1),
        ("[1,]", 1),
        ("[1 2]", 1),
        ("[1, 2\n, {]", 2),
        ("[1] [2]", 1),
        ('["a', 0),
        ("{}", 0),
    ],
)
def test_what_comes_before_damage_is_read_and_its_line_is_named(text: str, taken: int) -> None:
    elements = elements_of(io.StringIO(text))
    for _ in range(taken):
        next(elements)
    with pytest.raises(MalformedRequest, match=r"damaged from line [12] on") as refused:
        next(elements)
    assert refused.value.code == "unreadable_file"


def test_a_file_that_is_an_array_is_recognised_and_what_is_no_object_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text('[\n {"Id": 1, "tags": ["a", "b"]},\n 7\n]\n')
    with rows_of(file) as opened:
        assert opened.format == "json"
        assert [(row.line, row.defect or row.values) for row in opened.rows] == [
            (2, {"id": ("1",), "tags": ("a", "b")}),
            (3, "it is no JSON object"),
        ]

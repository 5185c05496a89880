"""Rows of every format, with their lines, in whatever encoding, and what is said of those that can't be read."""

import csv
import io
import json
from os import mkfifo
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinpath.errors import MalformedRequest
from twinpath.importing.rows import Row, rows_of


def read(tmp_path: Path, content: bytes, **wished: str) -> list[Row]:
    file = tmp_path / "file"
    file.write_bytes(content)
    with rows_of(file, wished.get("format"), wished.get("encoding")) as opened:
        return list(opened.rows)


def simple(rows: list[Row]) -> list[tuple[int, dict[str, tuple[str, ...]] | str]]:
    return [(row.line, row.defect or dict(row.values)) for row in rows]


TABLE = 'Id,Product_Type\r\n1,"two\r\nlines, and ""quotes"""\r\n\r\n2,Café\r\n'
ROWS = [
    (2, {"id": ("1",), "product type": ('two\r\nlines, and "quotes"',)}),
    (5, {"id": ("2",), "product type": ("Café",)}),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_table_is_read_in_the_encoding_that_its_bytes_show(tmp_path: Path, encoding: str) -> None:
    assert simple(read(tmp_path, TABLE.encode(encoding))) == ROWS


def test_an_encoding_that_is_named_is_taken(tmp_path: Path) -> None:
    assert simple(read(tmp_path, "id\né\n".encode("cp850"), encoding="cp850"))[0][1] == {"id": ("é",)}
    with pytest.raises(MalformedRequest, match="no encoding"):
        read(tmp_path, b"id\n1\n", encoding="klingon")


def test_columns_of_one_name_are_several_values_and_a_row_with_too_many_cells_is_named(tmp_path: Path) -> None:
    rows = simple(read(tmp_path, b"id;type;type\n1;a;b\n2;a;b;c\n3\n4;;b;\n"))

    assert rows == [
        (2, {"id": ("1",), "type": ("a", "b")}),
        (3, "it has 4 cells, and the header 3"),
        (4, {"id": ("3",)}),
        (5, {"id": ("4",), "type": ("b",)}),
    ]


def test_json_lines_are_flat_with_dots_and_bad_ones_are_named(tmp_path: Path) -> None:
    lines = [{"id": 1, "price": {"amount": "5"}, "tags": ["a", {"b": True}], "none": None}, [1]]
    content = "\n".join(map(json.dumps, lines)) + '\n\n{"id": \n{"id": "x"}'

    [first, second, third, last] = simple(read(tmp_path, content.encode()))

    assert first == (1, {"id": ("1",), "price.amount": ("5",), "tags": ("a",), "tags.b": ("true",)})
    assert second == (2, "it is no JSON object")
    assert third[0] == 4
    assert str(third[1]).startswith("it is no JSON:")
    assert last == (5, {"id": ("x",)})


FEED = """<?xml version="1.0" encoding="{}"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>no item</title>
<entry><g:id>1</g:id><title>Café &amp; more</title><g:product_type>a</g:product_type>
<g:product_type>b</g:product_type><g:shipping><g:price>1 EUR</g:price></g:shipping></entry>
<entry><g:id>2</g:id></entry></feed>"""


@pytest.mark.parametrize(
    ("declared", "encoding"), [("UTF-8", "utf-8"), ("UTF-8", "cp1252"), ("iso-8859-1", "latin-1"), ("utf-16", "utf-16")]
)
def test_a_feed_is_read_as_it_says_or_as_its_bytes_show(tmp_path: Path, declared: str, encoding: str) -> None:
    first = {"id": ("1",), "title": ("Café & more",), "product type": ("a", "b"), "shipping.price": ("1 EUR",)}
    assert simple(read(tmp_path, FEED.format(declared).encode(encoding))) == [(3, first), (5, {"id": ("2",)})]


@pytest.mark.parametrize(
    ("content", "taken"),
    [
        (FEED.format("UTF-8").replace("<g:id>2", "<g:id>2<"), 1),
        (FEED.format("UTF-8")[:-20], 1),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a><item><id>&b;</id></item></a>', 0),
    ],
)
def test_what_comes_before_damage_is_read_and_its_line_is_named(tmp_path: Path, content: str, taken: int) -> None:
    file = tmp_path / "file"
    file.write_text(content)
    with rows_of(file) as opened:
        rows = opened.rows
        for _ in range(taken):
            next(rows)
        with pytest.raises(MalformedRequest, match=r"line [0-9]+: no well-formed XML"):
            next(rows)


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8).map(str.strip)


@given(st.lists(st.tuples(cells.filter(bool), cells), min_size=1, max_size=5))
def test_what_a_table_writes_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    written = io.StringIO(newline="")
    csv.writer(written).writerows([("a", "b"), *rows])
    read_again = read(tmp_path_factory.getbasetemp(), written.getvalue().encode(), format="csv", encoding="utf-8")
    assert [tuple(row.values.get(name, ("",))[0] for name in "ab") for row in read_again] == rows


def test_a_pipe_is_refused_before_anybody_waits_for_it(tmp_path: Path) -> None:
    mkfifo(tmp_path / "pipe")
    with pytest.raises(MalformedRequest, match="no regular file"), rows_of(tmp_path / "pipe"):
        pytest.fail("it is read")


def test_where_a_feed_and_google_call_something_alike_it_is_googles(tmp_path: Path) -> None:
    content = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">
    <entry><id>http://shop/1</id><g:id>A</g:id><title>Lamp</title><g:product_type>L</g:product_type>
    <g:shipping><g:price>5 EUR</g:price></g:shipping><g:product_type>M</g:product_type></entry>
    <entry><g:id>B</g:id><title>Oil</title><id>http://shop/2</id></entry></feed>"""

    [lamp, oil] = [row.values for row in read(tmp_path, content.encode())]

    assert (lamp["id"], lamp["title"], lamp["product type"]) == (("A",), ("Lamp",), ("L", "M"))
    assert lamp["shipping.price"] == ("5 EUR",)
    assert (oil["id"], oil["title"]) == (("B",), ("Oil",))
    assert "product type" not in oil

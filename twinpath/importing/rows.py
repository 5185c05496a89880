"""The rows of a file, one at a time and with their lines: CSV, TSV, NDJSON, JSON and XML, by what the file begins with.

A row is column -> values; names of columns are in small letters, with blanks for underscores and without a namespace.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import Any

from twinpath.errors import MalformedRequest
from twinpath.importing.encodings import encoding_of
from twinpath.importing.json_array import elements_of
from twinpath.importing.xml_rows import xml_rows

FORMATS = ("csv", "tsv", "ndjson", "json", "xml")
_LONGEST_CELL = 1 << 20
_SEPARATORS = {"csv": (",", ";"), "tsv": ("\t",)}


@dataclass(frozen=True)
class Row:
    """A row: the line on which it begins, and its values; `defect` says why it can't be read. `last` is the line on
    which it ends, where that is known."""

    line: int
    values: Mapping[str, tuple[str, ...]]
    defect: str | None = None
    last: int = 0


@dataclass(frozen=True)
class Rows:
    """An opened file: its format, its rows, and how many of its bytes are read."""

    format: str
    rows: Iterator[Row]
    read: Callable[[], int]


@contextmanager
def rows_of(file: Path, format_wished: str | None = None, encoding: str | None = None) -> Iterator[Rows]:
    """The rows of a file, which is open as long.

    Raises:
        MalformedRequest: it is a pipe or the like, which can be read once alone; the encoding is unknown; or, while
            rows are read, the file has no header, or it is `unreadable_file`, as an XML file that is damaged.
    """
    if not file.is_file():
        raise MalformedRequest(f"{file} is no regular file, and is read twice: write it to one", code="no_file")
    shown = encoding_of(file, encoding)
    with file.open("rb") as opened, TextIOWrapper(opened, shown, errors="replace", newline="") as text:
        begin = text.read(1 << 16)
        text.seek(0)
        kind = format_wished or _format_of(begin)
        if kind == "xml":
            opened.seek(0)
            made: Iterator[Row] = (Row(line, values) for line, values in xml_rows(opened, shown, encoding))
        else:
            made = _READERS[kind](text) if kind in _READERS else _table_rows(text, _separator(begin, kind))
        yield Rows(kind, made, opened.tell)


def column(name: str) -> str:
    """The name of a column as it is compared."""
    return " ".join(name.strip().lower().removeprefix("g:").replace("_", " ").split())


def _format_of(begin: str) -> str:
    first = begin.lstrip()
    if first.startswith("<"):
        return "xml"
    if first.startswith(("{", "[")):
        return "ndjson" if first.startswith("{") else "json"
    header = first.partition("\n")[0]
    return "tsv" if "\t" in header else "csv"


def _separator(begin: str, kind: str) -> str:
    header = begin.lstrip("\ufeff\r\n ").partition("\n")[0]
    return max(_SEPARATORS[kind], key=header.count)


def _table_rows(text: TextIOWrapper, separator: str) -> Iterator[Row]:
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(text, delimiter=separator)
    header: list[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            yield Row(line, {}, f"it can't be read: {error}", reader.line_num)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = [column(cell.removeprefix("\ufeff")) for cell in cells]
        elif any(cell.strip() for cell in cells[len(header) :]):
            yield Row(line, {}, f"it has {len(cells)} cells, and the header {len(header)}", reader.line_num)
        else:
            yield Row(line, _grouped(zip(header, cells, strict=False)), None, reader.line_num)
    if header is None:
        raise MalformedRequest("the file is empty", code="no_header")


def _json_rows(text: TextIOWrapper) -> Iterator[Row]:
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            parsed = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Row(number, {}, f"it is no JSON: {error}")
            continue
        yield _of_json(number, parsed)


def _array_rows(text: TextIOWrapper) -> Iterator[Row]:
    return (_of_json(line, element) for line, element in elements_of(text))


_READERS = {"ndjson": _json_rows, "json": _array_rows}


def _of_json(line: int, parsed: Any) -> Row:
    return Row(line, _grouped(_flat(parsed))) if isinstance(parsed, dict) else Row(line, {}, "it is no JSON object")


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The scalars of a JSON value with the names that lead to them; elements of a list share theirs."""
    if isinstance(value, dict):
        yield from chain.from_iterable(
            _flat(inner, f"{path}.{column(name)}" if path else column(name)) for name, inner in value.items()
        )
    elif isinstance(value, list):
        yield from chain.from_iterable(_flat(inner, path) for inner in value)
    elif value is not None:
        yield path, value if isinstance(value, str) else json.dumps(value)


def _grouped(cells: Any) -> dict[str, tuple[str, ...]]:
    values: defaultdict[str, list[str]] = defaultdict(list)
    for name, cell in cells:
        if stripped := cell.strip():
            values[name].append(stripped)
    return {name: tuple(several) for name, several in values.items()}

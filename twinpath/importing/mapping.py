"""Which columns of a file hold which field: by the shape that fits, and by what a mapping file says otherwise."""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from twinpath.domain.importer import Importer, Item, Shape
from twinpath.errors import MalformedRequest
from twinpath.importing.rows import Row, column

_LOOKED_AT = 50
"""Rows by whose columns a shape is recognised: the first one of a JSON file need not have them all."""


class FieldMap(BaseModel):
    """What a mapping file may say, in TOML or JSON: the name of a shape instead of that which is recognised, columns of
    fields instead of the shape's, and values of fields where a row has none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shape: str | None = None
    columns: dict[str, str | list[str]] = {}
    defaults: dict[str, str] = {}

    def with_defaults(self, given: Iterable[str]) -> "FieldMap":
        """With further defaults, written `field=value`. Raises MalformedRequest."""
        pairs = [pair.partition("=") for pair in given]
        if wrong := next((name for name, equals, _ in pairs if not equals), None):
            raise MalformedRequest(f"{wrong!r}: a default is written field=value", code="bad_mapping")
        defaults = {name.strip(): value for name, _, value in pairs}
        return self.model_copy(update={"defaults": self.defaults | defaults})


def read_mapping(file: Path | None) -> FieldMap:
    """What a mapping file says; nothing without one. Raises MalformedRequest: `bad_mapping`."""
    if file is None:
        return FieldMap()
    try:
        text = file.read_text("utf-8-sig")
        return FieldMap.model_validate(json.loads(text) if file.suffix == ".json" else tomllib.loads(text))
    except (OSError, ValueError) as error:
        words = error.errors()[0] if isinstance(error, ValidationError) else None
        detail = str(error) if words is None else f"{'.'.join(map(str, words['loc']))}: {words['msg']}"
        raise MalformedRequest(f"{file}: {detail}", code="bad_mapping") from None


def mapped(importer: Importer, rows: Iterator[Row], mapping: FieldMap) -> tuple[Shape, Iterator[tuple[Row, Item]]]:
    """The shape of a file, and each of its rows with its fields.

    Raises MalformedRequest: `no_rows` when there are none, `unknown_shape` when no shape fits, `bad_mapping` for fields
    that there are not.
    """
    first, rest = _begun(rows)
    shape = _shape_of(importer, first, mapping)
    given = {name: (wanted,) if isinstance(wanted, str) else tuple(wanted) for name, wanted in mapping.columns.items()}
    columns = {name: tuple(map(column, wanted)) for name, wanted in {**shape.columns, **given}.items()}
    if unknown := sorted((given.keys() | mapping.defaults.keys()) - shape.columns.keys()):
        raise MalformedRequest(
            f"there is no field {unknown[0]}; there are: {', '.join(shape.columns)}", code="bad_mapping"
        )
    return shape, _items(shape, columns, mapping.defaults, chain(first, rest))


def _begun(rows: Iterator[Row]) -> tuple[list[Row], Iterator[Row]]:
    """The first rows and the others; what can't be read on is raised behind those that could. Raises MalformedRequest
    where there are none."""
    first: list[Row] = []
    try:
        first.extend(islice(rows, _LOOKED_AT))
    except MalformedRequest as error:
        if not first:
            raise
        return first, _failing(error)
    if not first:
        raise MalformedRequest("the file has no rows", code="no_rows")
    return first, rows


def _failing(error: MalformedRequest) -> Iterator[Row]:
    raise error
    yield


def _shape_of(importer: Importer, rows: Iterable[Row], mapping: FieldMap) -> Shape:
    names = ", ".join(shape.name for shape in importer.shapes)
    if mapping.shape is not None:
        named = next((shape for shape in importer.shapes if shape.name == mapping.shape), None)
        if named is None:
            raise MalformedRequest(f"there is no shape {mapping.shape!r}; there are: {names}", code="bad_mapping")
        return named
    there = {name for row in rows for name in row.values}
    if mapping.columns and not any(there.issuperset(shape.when) for shape in importer.shapes):
        return importer.shapes[-1]
    for shape in importer.shapes:
        if there.issuperset(shape.when):
            return shape
    expected = "; ".join(f"{shape.name} has {', '.join(shape.when)}" for shape in importer.shapes)
    detail = f"no file of {importer.name} as they are known here ({expected}): say in a mapping which column is what"
    raise MalformedRequest(detail, code="unknown_shape")


def _items(
    shape: Shape, columns: Mapping[str, tuple[str, ...]], defaults: Mapping[str, str], rows: Iterable[Row]
) -> Iterator[tuple[Row, Item]]:
    family: str | None = None
    inherited: dict[str, tuple[str, ...]] = {}
    met: set[tuple[str, tuple[str, ...]]] = set()
    for row in rows:
        values = {name: value for name, wanted in columns.items() if (value := _first(row, wanted))}
        own = next(iter(values.get(shape.family, ())), None)
        if own is None or own != family:
            family, inherited = own, {name: values[name] for name in shape.inherited if name in values}
            met.clear()
        own_alone = {(name, values[name]) for name in shape.distinct if name in values}
        repeated = {name for name, _ in own_alone & met}
        met |= own_alone
        values = {name: value for name, value in values.items() if name not in repeated} | inherited
        yield row, Item({name: (value,) for name, value in defaults.items()} | values)


def _first(row: Row, columns: Iterable[str]) -> tuple[str, ...]:
    return next((row.values[name] for name in columns if name in row.values), ())

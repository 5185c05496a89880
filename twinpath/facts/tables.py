"""The tables of facts: the columns that all have, the rows of an event, and what a declaration is refused for."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import DomainEvent, RecordedEvent
from twinpath.domain.facts import Earliest, Facts, UnfitFacts

OWN_COLUMNS: Mapping[str, str] = {
    "log": "LowCardinality(String)",
    "position": "UInt64",
    "line": "UInt32",
    "type": "LowCardinality(String)",
    "stream": "String",
    "at": "DateTime64(3, 'UTC')",
}
"""Those of every table. `line` counts the rows of an event from 1; 0 marks an event that has none."""

Row = tuple[Any, ...]

_EMPTY: Mapping[str, Any] = {
    "String": "",
    "LowCardinality(String)": "",
    "Int64": 0,
    "Float64": 0.0,
    "Bool": False,
    "Decimal(38, 4)": Decimal(0),
    "DateTime64(3, 'UTC')": datetime.fromtimestamp(0, UTC),
}
_SUMMED = ("Int64", "Decimal(38, 4)")


@dataclass(frozen=True)
class Table:
    """A table of rows with its version; `name` is that of the rows, `shown` that of the view which readers use."""

    name: str
    shown: str
    version: int
    columns: Mapping[str, str]
    view: str
    derived: Mapping[str, str] = field(default_factory=dict)
    earliest: Mapping[str, Earliest] = field(default_factory=dict)

    @property
    def all_columns(self) -> Mapping[str, str]:
        """Column -> its type, in the order in which rows have them."""
        return {**OWN_COLUMNS, **self.columns}

    @property
    def summed(self) -> list[str]:
        """The columns whose sums are compared when the table is verified; exact ones alone."""
        return [name for name, kind in self.columns.items() if kind in _SUMMED]

    @property
    def beside(self) -> "Table":
        """The table that is filled beside this one when it is built anew."""
        return replace(self, name=f"{self.name}_anew", shown=f"{self.shown}_anew")


def table_of(facts: Facts) -> Table:
    """The table of a declaration. Raises UnfitFacts."""
    shape = facts.columns, facts.view, facts.derived, facts.earliest
    return Table(f"{facts.name}_rows", facts.name, facts.version, *shape)


def mark_of(table: Table) -> Callable[[RecordedEvent], Row]:
    """Gives the row that marks the place of an event without rows."""
    empty = [None if kind.startswith("Nullable") else _EMPTY[kind] for kind in table.columns.values()]

    def mark(recorded: RecordedEvent) -> Row:
        return (recorded.log, recorded.position, 0, recorded.type, recorded.stream, recorded.at, *empty)

    return mark


def unfit(facts: Facts, catalogue: Catalogue) -> Iterator[str]:
    """Why a declaration of facts can't be kept, a line each.

    Handlers never see what is personal, so a column can only show a part that is declared. It is refused when such a
    part is all of a personal field or is no single value of it, or when a column is called like a personal field.
    """
    try:
        columns = facts.columns
    except UnfitFacts as error:
        yield error.detail.partition(": ")[2]
        return
    if not columns:
        yield "it has no columns: its row is a NamedTuple with a field each"
    yield from (
        f"a column can't be called {name}: {'every table has one' if name in OWN_COLUMNS else 'its rows have one'}"
        for name in (*columns, *facts.derived)
        if name in OWN_COLUMNS or (name in facts.derived and name in columns)
    )
    named = {**OWN_COLUMNS, **columns, **facts.derived}
    yield from (
        f"the digest {name} is of {column}, which is {'no column' if column not in named else 'empty in some rows'}"
        for name, earliest in facts.earliest.items()
        for column in (earliest.column, earliest.key)
        if named.get(column, "Nullable").startswith("Nullable")
    )
    events = dict.fromkeys((*facts.handlers, *facts.recalls, *facts.parts))
    for event in events:
        if catalogue.event_type(event.type) is not event:
            yield f"it takes {event.__name__}, which is not in the catalogue"
        personal = personal_of(event)
        yield from (
            f"the column {name} is called like a personal field of {event.type}: facts hold no personal data"
            for name in (*columns, *facts.derived)
            if name in personal
        )
        yield from _unfit_parts(event, facts.parts.get(event, ()), personal)


def expect_fit(facts: Iterable[Facts], catalogue: Catalogue) -> None:
    """Raises UnfitFacts when one of them can't be kept."""
    for declared in facts:
        for fault in unfit(declared, catalogue):
            raise UnfitFacts(f"facts {declared.name}: {fault}")


def _unfit_parts(event: type[DomainEvent], parts: Iterable[str], personal: frozenset[str]) -> Iterator[str]:
    for part in parts:
        field, _, inner = part.partition(".")
        if not inner:
            yield f"{part} of {event.type} is a whole personal field: name a part of it, as in {part}.country"
        elif field not in personal:
            yield f"{field} of {event.type} is no personal field: its handler sees all of it"
        elif fault := _unfit_part(event.model_fields.get(field), inner):
            yield f"{part} of {event.type} {fault}"


def _unfit_part(field: FieldInfo | None, inner: str) -> str:
    """Why it can't be kept of a field; empty where it can, or where only a value tells which parts it has."""
    kinds = () if field is None else (field.annotation, *get_args(field.annotation))
    models = [kind for kind in kinds if _is_a(kind, BaseModel)]
    fields = [model.model_fields[inner] for model in models if inner in model.model_fields]
    if not fields and (models or field is None):
        return "is not there"
    for kind in (kind for part in fields for kind in (part.annotation, *get_args(part.annotation))):
        if _is_a(kind, BaseModel) or _is_a(get_origin(kind) or kind, Collection):
            return "has parts itself: name one value"
    return ""


def _is_a(kind: Any, base: type) -> bool:
    return isinstance(kind, type) and kind is not str and issubclass(kind, base)


def personal_of(event: type[DomainEvent]) -> frozenset[str]:
    """The names of fields that are personal in some schema of an event type."""
    return frozenset(name for schema in range(1, event.schema_version + 1) for name in event.personal_in(schema))

"""What a table of facts is: typed columns, and one small pure method an event that gives its rows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from types import UnionType
from typing import Annotated, Any, ClassVar, Generic, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from twinpath.domain.discovery import classes_in
from twinpath.domain.events import DomainEvent, RecordedEvent, happens_to
from twinpath.domain.handlers import handler_names
from twinpath.errors import TwinpathError
from twinpath.ids import expect_name

_Event = TypeVar("_Event", bound=DomainEvent)

Label = Annotated[str, "LowCardinality(String)"]
"""The type of a column with few different texts, such as a country."""

COLUMN_TYPES: Mapping[Any, str] = {
    str: "String",
    Label: "LowCardinality(String)",
    int: "Int64",
    float: "Float64",
    bool: "Bool",
    Decimal: "Decimal(38, 4)",
    datetime: "DateTime64(3, 'UTC')",
}
"""The types that columns have, as ClickHouse calls them."""


class UnfitFacts(TwinpathError, ValueError):
    """A declaration of facts that can't be kept: its columns, its events, or what it would show of people."""

    code = "unfit_facts"


class Happened(NamedTuple, Generic[_Event]):
    """An event with its record. Its personal fields are None, and the record has them sealed or not at all; `parts`
    holds what a declaration names of them."""

    event: _Event
    recorded: RecordedEvent
    parts: Mapping[str, str | None]


class Earlier:
    """What happened before in the stream of an event, of the types that the declaration recalls."""

    __slots__ = ("_recalled", "parts", "recorded")

    def __init__(
        self,
        recorded: RecordedEvent,
        parts: Mapping[str, str | None],
        recalled: Mapping[type[DomainEvent], Happened[Any]],
    ) -> None:
        self.recorded = recorded
        """The record of the event itself."""
        self.parts = parts
        """What the declaration names of the event's own personal fields: `field.part` -> text, None once erased."""
        self._recalled = recalled

    def last(self, kind: type[_Event]) -> Happened[_Event] | None:
        """The last event of this type before this one, or None."""
        return self._recalled.get(kind)


Handler = Callable[[Any, Earlier], Iterable[tuple[Any, ...]]]
"""Takes a domain event and what happened earlier, gives rows: pure, no clock, no store, no memory of its own."""


@dataclass(frozen=True, slots=True)
class Earliest:
    """A row a value of the column `key`: the `most` smallest different values of `column`, whole numbers from 0, in the
    rows that fit `where`, a condition in SQL.

    Readers see them as `<column>_1`, `<column>_2` and so on; where there are fewer, 2**64 - 1 is in their place.
    """

    column: str
    key: str
    where: str
    most: int = 1


class Facts:
    """A table of facts for analytics. `row` is a NamedTuple, whose fields are the columns beside those of every table:
    log, position, line, type, stream, at.

    Each public method whose first parameter is annotated with an event takes that event and an `Earlier`, and gives
    rows. An event that gives none still has its place in the table, which only `<name>_rows` shows, so that the table
    can tell how far it is. Personal fields are None in every event. `parts` names, as `field.part`, what may be kept of
    a personal field that has parts, such as the country of an address: never the whole. `recalls` are event types, the
    last of which in the event's stream a handler can look at. `version` grows when the rows must be made anew.

    `derived` are columns that the store works out of a row as it comes in, by SQL over the row's columns: numbers in
    the place of long ids, say, for reports that compare many of them.

    `earliest` names digests, so that no report reads the whole past to learn how something began. Readers see each as
    `<name>_<digest>`, at any time as if it were computed from all rows.

    `view` is the SELECT of what readers see under `name`, where that is more than the rows; `{rows}` stands for them.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    row: ClassVar[type[tuple[Any, ...]]]
    recalls: ClassVar[tuple[type[DomainEvent], ...]] = ()
    parts: ClassVar[Mapping[type[DomainEvent], tuple[str, ...]]] = {}
    derived: ClassVar[Mapping[str, str]] = {}
    earliest: ClassVar[Mapping[str, Earliest]] = {}
    view: ClassVar[str] = "SELECT * FROM {rows}"

    def __init_subclass__(cls) -> None:
        if "name" in vars(cls):
            expect_name("table of facts", cls.name)

    @classmethod
    def all_in(cls, package: str) -> "tuple[Facts, ...]":
        """One of every class of facts in the modules of a package."""
        return tuple(declared() for declared in classes_in(package, Facts))

    @cached_property
    def handlers(self) -> Mapping[type[DomainEvent], Handler]:
        """The method of each event type that matters here. Raises TypeError when two take the same."""
        return {event: getattr(self, name) for event, name in handler_names(type(self), Facts).items()}

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """The categories of aggregates whose logs it follows."""
        return tuple(dict.fromkeys(happens_to(event) for event in self.handlers))

    def follows(self, log: str) -> bool:
        """Whether this log holds events of a category that matters here."""
        return log.partition(".")[0] in self.categories

    @cached_property
    def columns(self) -> Mapping[str, str]:
        """Column -> its type. Raises UnfitFacts."""
        hints = get_type_hints(self.row, include_extras=True)
        return {name: _column(self.name, name, hints[name]) for name in getattr(self.row, "_fields", ())}


def _column(table: str, name: str, annotation: Any) -> str:
    if get_origin(annotation) is UnionType:
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        if len(kinds) == 1 and kinds[0] in COLUMN_TYPES and kinds[0] is not Label:
            return f"Nullable({COLUMN_TYPES[kinds[0]]})"
    elif annotation in COLUMN_TYPES:
        return COLUMN_TYPES[annotation]
    raise UnfitFacts(f"facts {table}: the column {name} has a type that no column can have: {annotation}")

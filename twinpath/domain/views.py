"""Views as a team declares them, their documents, and the changes to them that a projection gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from twinpath.domain.searchable import Searchable

EVERY = "$[]"
"""In a path, every element of a list."""

NOTHING: Mapping[str, Any] = MappingProxyType({})

Document = dict[str, Any]
"""A document of a view. `_id` is its id; `revision` grows with each commit that changes it; the rest is the view's."""


@dataclass(frozen=True, slots=True)
class Cached:
    """A document in the cache: the body as it is sent, and the revision it shows.

    `reached` is how far the cache was, log -> position, at the moment in which the document was read from it.
    """

    id: str
    revision: int
    etag: str
    body: bytes
    reached: Mapping[str, int] | None = field(default=None, compare=False)


def shown_fields(model: type[BaseModel]) -> Callable[[Document], dict[str, Any]]:
    """Gives what a model shows of a document.

    A field that the document lacks, since it was written before the model had it, is the model's default, else null.
    """
    fields = tuple((name, _default(field)) for name, field in model.model_fields.items())

    def shown(document: Document) -> dict[str, Any]:
        return {name: document.get(name, default) for name, default in fields}

    return shown


def _default(field: FieldInfo) -> Any:
    return None if field.is_required() else to_jsonable_python(field.get_default(call_default_factory=True))


@dataclass(frozen=True)
class View:
    """A view, as its writer and its readers know it: everything about it is declared here.

    `model` is what a query answers with of a document; without one, as for a view in parts that are added up, it is all
    but `_id` and `revision`. A list may be filtered by the fields `filters` and sorted by `sorts`: the name that a
    caller gives -> the field; a text to sort by holds 1,000 characters at most, since cursors carry it. With `copy` the
    documents are kept in the cache too, by id; without `live` nobody follows their changes. `collated` are the fields
    of text that lists sort as people expect, accents and upper case beside the plain letters, by the locale of the
    settings. `owner` is the field that names whose document it is: a caller whose token names an owner reaches that
    owner's documents alone; with one, or with `personal`, no cache on the way keeps an answer. `internal` are fields
    which such a caller, and one without a token, is not shown: lists are empty, numbers and flags zero, everything else
    null. `search` says what of its documents can be searched.
    """

    name: str
    model: type[BaseModel] | None = None
    filters: tuple[str, ...] = ()
    sorts: Mapping[str, str] = field(default_factory=dict, hash=False)
    copy: bool = False
    live: bool = True
    owner: str | None = None
    collated: tuple[str, ...] = ()
    personal: bool = False
    internal: tuple[str, ...] = ()
    search: Searchable | None = None
    indexes: tuple[tuple[str, ...], ...] = ()
    """Each followed by `_id` in the index; one for each filter and each sort unless others are given."""

    def __post_init__(self) -> None:
        if not self.indexes:
            fields = dict.fromkeys((*self.filters, *self.sorts.values()))
            object.__setattr__(self, "indexes", tuple((name,) for name in fields))

    @property
    def is_personal(self) -> bool:
        """Whether its documents are somebody's own."""
        return self.personal or self.owner is not None

    def shown(self, document: Document) -> dict[str, Any]:
        """What a query answers with."""
        return self._shown(document)

    def without_internal(self, shown: dict[str, Any]) -> dict[str, Any]:
        """What an owner is shown of a document or of a row of a list."""
        return {name: _blank(value) if name in self.internal else value for name, value in shown.items()}

    def rendered(self, document: Document) -> Cached:
        """The document ready to send; its etag is its version where it has one, else its revision.

        An erasure changes a document without another version, so what is `erased` has an etag of its own. Raises
        TypeError for what JSON can't hold.
        """
        erased = ".erased" if document.get("erased") else ""
        etag = f'"{document.get("version", document["revision"])}{erased}"'
        body = orjson.dumps(self._shown(document), option=orjson.OPT_UTC_Z)
        return Cached(document["_id"], document["revision"], etag, body)

    @cached_property
    def _shown(self) -> Callable[[Document], dict[str, Any]]:
        return _own_fields if self.model is None else shown_fields(self.model)


def _blank(value: Any) -> Any:
    return type(value)() if isinstance(value, list | bool | int) else None


def _own_fields(document: Document) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in ("_id", "revision")}


@dataclass(slots=True)
class Put:
    """Write a whole document: every field of the view is named; creates it, or replaces each of these fields."""

    view: str
    id: str
    document: Mapping[str, Any]


@dataclass(slots=True)
class Change:
    """Change a document that exists (or, with `create`, may not yet): fields are dotted paths.

    `set` first, then `increment` (a missing number is 0), then `append` one element each to lists, of which the last
    `keep` stay. A change of a document that is missing without `create` is an error of the projection.
    """

    view: str
    id: str
    set: Mapping[str, Any] = field(default_factory=dict)
    increment: Mapping[str, int | float] = field(default_factory=dict)
    append: Mapping[str, Any] = field(default_factory=dict)
    keep: int | None = None
    create: bool = False


@dataclass(slots=True)
class Remove:
    """Delete a document; one that is missing already is fine."""

    view: str
    id: str


@dataclass(slots=True)
class ChangeWhere:
    """Set fields on every document of a view whose fields equal `where`.

    In a path `$[]` stands for every element of a list, as in `notes.$[].note`; such a path is the only one in `set`. A
    document without that list, or with an empty one, stays as it is.
    """

    view: str
    where: Mapping[str, Any]
    set: Mapping[str, Any]

    @property
    def list(self) -> str | None:
        """The path of the list whose elements are set; None where fields of the documents are."""
        before, every, _ = next(iter(self.set)).partition(f".{EVERY}.")
        return before if every else None


ViewChange = Put | Change | Remove | ChangeWhere
"""Nobody changes one; they are not frozen since that makes each take three times as long to make."""


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted: by a field, null and missing first, equal ones by id; without a field, by id alone."""

    field: str | None = None
    descending: bool = False
    collated: bool = False
    """Text is compared as people of the stores' locale expect, not by its code points."""

    def place_of(self, document: Document) -> "Place":
        """Where a document stands in this order."""
        return (None if self.field is None else document.get(self.field), document["_id"])


Place = tuple[Any, str]
"""A place in a list to go on after: the value of the field that sorts it (None where there is none), and the id."""

Range = tuple[int | float | None, int | float | None]
"""At least, at most; None where there is no bound."""

BY_ID = Order()
NEWEST_FIRST = Order(descending=True)

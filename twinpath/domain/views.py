"""What a projection says: views, their documents, and the changes to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

NOTHING: Mapping[str, Any] = MappingProxyType({})

Document = dict[str, Any]
"""A document of a view. `_id` is its id; `revision` grows with each commit that changes it; the rest is the view's."""


@dataclass(frozen=True, slots=True)
class Cached:
    """A document in the cache: the body as it is sent, and the revision it shows."""

    id: str
    revision: int
    etag: str
    body: bytes


@dataclass(frozen=True, slots=True)
class View:
    """A view's name and form, known to both its writer and its readers.

    `indexes` are the fields a list may be filtered by, each tuple followed by `_id` in the index. `render` gives the
    bytes that a query answers with; a view that has it is also kept in the cache, by id.
    """

    name: str
    indexes: tuple[tuple[str, ...], ...] = ()
    render: Callable[[Document], bytes] | None = None

    def rendered(self, document: Document) -> Cached:
        """The document ready to send; its etag is its version where it has one, else its revision.

        An erasure changes a document without another version, so what is `erased` has an etag of its own.
        """
        assert self.render is not None, f"{self.name} is not kept in the cache"
        erased = ".erased" if document.get("erased") else ""
        etag = f'"{document.get("version", document["revision"])}{erased}"'
        return Cached(document["_id"], document["revision"], etag, self.render(document))


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
    """Set fields on every document of a view whose fields equal `where`."""

    view: str
    where: Mapping[str, Any]
    set: Mapping[str, Any]


ViewChange = Put | Change | Remove | ChangeWhere
"""Nobody changes one; they are not frozen since that makes each take three times as long to make."""


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted: by a field that every document has, equal ones by id; without a field, by id alone."""

    field: str | None = None
    descending: bool = False

    def place_of(self, document: Document) -> "Place":
        """Where a document stands in this order."""
        return (None if self.field is None else document[self.field], document["_id"])


Place = tuple[Any, str]
"""A place in a list to go on after: the value of the field that sorts it (None when none does), and the id."""

Range = tuple[int | float | None, int | float | None]
"""At least, at most; None where there is no bound."""

BY_ID = Order()
NEWEST_FIRST = Order(descending=True)

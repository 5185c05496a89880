"""What the query service shows of views: documents, lists, live streams, dashboards, declared once.

The engine makes of each declaration its routes, the OpenAPI page, live streams, ETags, causal waits and histories.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from twinpath.domain.views import NOTHING, Document, Order, Range, View


class Filters(BaseModel):
    """The query parameters of a list; what is not declared is refused.

    A list takes its view's filters and sorts by itself. A subclass adds parameters with another meaning, which `where`
    and `ranges` say; one of the name of a filter stands in the place of that filter's parameter.
    """

    model_config = ConfigDict(extra="forbid")

    def where(self) -> Mapping[str, Any]:
        """What further fields must equal: dotted path -> value."""
        return {}

    def ranges(self) -> Mapping[str, Range]:
        """What numbers must lie within: field -> bounds."""
        return {}


@dataclass(frozen=True)
class Join:
    """Fields that are shown with a document and stand in another view's, which is named by the id in the field `by`.

    `put` changes what is shown of the document, given the joined one as its view shows it, None where there is none.
    `model` describes the fields that are new.
    """

    view: View
    by: str
    model: type[BaseModel]
    put: Callable[[dict[str, Any], Document | None], None]


@dataclass(frozen=True)
class Listing:
    """A list of documents: pages, newest first or sorted, and a live stream with the events `<name>`, `left`.

    `name` is what an item is called. `row` is what it shows, the view's model unless given, and the fields of the
    `join`.
    """

    name: str
    view: View
    example: Mapping[str, Any]
    row: type[BaseModel] | None = None
    filters: type[Filters] = Filters
    join: Join | None = None
    description: str = ""

    @property
    def rows(self) -> type[BaseModel]:
        """What an item shows, without what is joined. Raises ValueError."""
        model = self.row or self.view.model
        if model is None:
            raise ValueError(f"the list of {self.view.name} needs a row: the view has no model")
        return model


@dataclass(frozen=True)
class SubList:
    """A list below a resource, as `/orders` of `/customers/{customer_id}`: the documents whose field `by` has its id.

    With `keyed` their ids begin with that id and `@`, so that a live stream need not look at any others. `allow` is the
    permission that a caller needs: unless given the resource's, and that of the resource whose list it is.
    """

    path: str
    listing: Listing
    by: str
    keyed: bool = False
    allow: str = ""


class Endpoints:
    """Something that gives the query service endpoints."""

    def reads(self) -> tuple[View, ...]:
        """The views whose documents it shows."""
        raise NotImplementedError


@dataclass(frozen=True)
class Resource(Endpoints):
    """A kind of document, asked for by the id of its aggregate, alone or in lists, with its history.

    `allow` is the permission that a caller needs. `category` and `plural` are those of the aggregate.
    """

    category: str
    document: View
    example: Mapping[str, Any]
    allow: str
    listing: Listing | None = None
    sublists: Sequence[SubList] = ()
    join: Join | None = None
    history: bool = True
    plural: str = ""

    @property
    def path(self) -> str:
        """Below /api/v1, without an id."""
        return f"/{self.plural or self.category + 's'}"

    def reads(self) -> tuple[View, ...]:
        listings = ([self.listing] if self.listing else []) + [sublist.listing for sublist in self.sublists]
        return (self.document, *(listing.view for listing in listings))


class Reads(Protocol):
    """What a dashboard is computed from."""

    now: datetime
    """In UTC."""
    zone: tzinfo
    """The time zone of the days that dashboards show, a setting of the query service."""

    async def logs(self) -> Sequence[str]:
        """The logs that the dashboard's first view follows. Raises Unavailable."""

    async def documents(self, view: View, ids: Sequence[str]) -> Mapping[str, Document]:
        """Those of the documents that exist, by id, as JSON has them. Raises Unavailable."""

    async def first(
        self, view: View, count: int, order: Order, ranges: Mapping[str, Range] = NOTHING
    ) -> Sequence[Document]:
        """The first of a list, as the view shows them. Raises Unavailable."""


@dataclass(frozen=True)
class Dashboard(Endpoints):
    """One document that is computed when it is asked for, from a few documents of its views.

    A live stream computes it after changes of these views, at most once in `pace` seconds.
    """

    path: str
    views: tuple[View, ...]
    body: Callable[[Reads], Awaitable[Mapping[str, Any]]]
    model: type[BaseModel]
    example: Mapping[str, Any]
    allow: str
    summary: str
    description: str = field(default="", kw_only=True)
    pace: float = field(default=0.25, kw_only=True)

    def reads(self) -> tuple[View, ...]:
        return self.views

    @property
    def name(self) -> str:
        """The last name of the path, which its event has too."""
        return self.path.rpartition("/")[2]

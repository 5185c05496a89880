"""The query parameters of lists: which page, and what a view's declaration lets a caller filter and sort by."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model

from twinpath.domain.resource import Filters, Listing
from twinpath.domain.views import NEWEST_FIRST, Order, View
from twinpath.ids import id_pattern
from twinpath.queries.reading.cursor import LONGEST_CURSOR
from twinpath.queries.reading.views import Selection

FIRST_PAGE = 20
_CURSOR: dict[str, Any] = {"maxLength": LONGEST_CURSOR}
"""Only described: a cursor that was given out is taken, whatever its length."""


class PageQuery(BaseModel):
    """Which page."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=100, description="items a page")] = FIRST_PAGE
    cursor: Annotated[str | None, Field(json_schema_extra=_CURSOR, description="`next` of the page before")] = None


def filters_of(listing: Listing, fixed: str = "", names: Sequence[str] | None = None) -> type[Filters]:
    """The filters and the sorting that a list takes; `fixed` names a filter that its path stands for.

    A search takes these `names` of them, and sorts by itself.
    """
    own = listing.filters.model_fields
    searched = names is not None
    taken = listing.view.filters if names is None else names
    names = [name for name in taken if name != fixed and name not in own]
    fields: dict[str, Any] = {name: (_annotation(listing.view, name) | None, None) for name in names}
    if listing.view.sorts and not searched:
        choices = tuple(sign + name for name in listing.view.sorts for sign in ("", "-"))
        described = Field(description="a minus turns it round")
        fields["sort"] = (Annotated[Literal[choices], described], choices[0])
    return create_model(f"{listing.name}Filters", __base__=listing.filters, **fields)


def page_of(filters: type[Filters]) -> type[BaseModel]:
    """The same, and which page."""
    return create_model(f"{filters.__name__}Page", __base__=(filters, PageQuery))


def _annotation(view: View, name: str) -> Any:
    """The type of a filter: that of the field; a field `<category>_id` takes ids of that category."""
    if name.endswith("_id"):
        return Annotated[str, StringConstraints(pattern=id_pattern(name.removesuffix("_id")))]
    field = None if view.model is None else view.model.model_fields.get(name)
    return str if field is None else field.annotation


def selection_of(view: View, filters: Filters, fixed: Mapping[str, Any]) -> Selection:
    """What a caller asks for; `fixed` are fields whose values the path gives."""
    asked = {name: getattr(filters, name, None) for name in view.filters}
    where = {name: value for name, value in asked.items() if value is not None}
    where = {**where, **filters.where(), **fixed}
    sort: str | None = getattr(filters, "sort", None)
    if sort is None:
        return Selection(view, where, NEWEST_FIRST, filters.ranges())
    field = view.sorts[sort.lstrip("-")]
    return Selection(view, where, Order(field, sort.startswith("-"), field in view.collated), filters.ranges())

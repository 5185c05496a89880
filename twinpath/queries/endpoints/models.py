"""The models of what is shown: a document with what is joined, a page of items."""

from types import GenericAlias
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, create_model

from twinpath.domain.resource import Join

Row = TypeVar("Row")


class PageOf(BaseModel, Generic[Row]):
    """A page of a list; `next` is the cursor of the page after it, null on the last."""

    items: list[Row]
    next: str | None


def shown_model(model: type[BaseModel] | None, join: Join | None) -> type[BaseModel]:
    """What is shown of a document."""
    model = model or BaseModel
    return model if join is None else create_model(model.__name__, __base__=(model, join.model), __doc__=model.__doc__)


def page_model(name: str, row: type[BaseModel]) -> type[BaseModel]:
    """A page of rows, as the OpenAPI page names it: `TicketPage`."""
    title = "".join(word.capitalize() for word in name.split("_"))
    rows: Any = GenericAlias(list, (row,))
    return create_model(f"{title}Page", __doc__=PageOf.__doc__, items=(rows, ...), next=(str | None, ...))

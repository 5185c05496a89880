"""customers: one document a customer; orders take the name from here when they are shown."""

from datetime import datetime
from typing import Literal

import orjson
from pydantic import BaseModel

from twinpath.domain.views import Document, View


class CustomerDetails(BaseModel):
    """A customer. Of an erased one the name is `erased customer` and the email null; times are UTC."""

    customer_id: str
    name: str
    email: str | None
    status: Literal["active", "erased"]
    registered_at: datetime
    updated_at: datetime
    version: int


class CustomerPage(BaseModel):
    """A page of customers, newest first; `next` is the cursor of the page after it, null on the last."""

    items: list[CustomerDetails]
    next: str | None


_FIELDS = tuple(CustomerDetails.model_fields)


def _render(document: Document) -> bytes:
    return orjson.dumps({name: document[name] for name in _FIELDS}, option=orjson.OPT_UTC_Z)


CUSTOMERS = View(name="customers", indexes=(("status",),), render=_render)

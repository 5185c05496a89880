"""customers: one document a customer; orders take the name from here when they are shown."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from twinpath.domain import Searchable, View


class CustomerDetails(BaseModel):
    """A customer. Of an erased one the name is `erased customer` and the email null; times are UTC."""

    customer_id: str
    name: str
    email: str | None
    status: Literal["active", "erased"]
    registered_at: datetime
    updated_at: datetime
    version: int


CUSTOMERS = View(
    "customers",
    CustomerDetails,
    filters=("status",),
    copy=True,
    owner="customer_id",
    search=Searchable(text=("name",), exact=("email",), facets=("status",), suggest=("name",)),
)

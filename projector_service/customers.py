"""Writes customers: who they are, as long as they are not erased."""

from collections.abc import Iterable
from typing import Any

from shared.events.customer import CustomerEmailChanged, CustomerErased, CustomerRegistered, CustomerRenamed
from shared.read_models.customers import CUSTOMERS
from shared.read_models.erased import ERASED_CUSTOMER
from twinpath.domain import Change, Projection, Put, RecordedEvent, ViewChange


class CustomersProjection(Projection):
    """A name that can't be opened any more is shown as the erasure shows it, so that a rebuild gives the same."""

    name = "customers"
    views = (CUSTOMERS,)

    def registered(self, event: CustomerRegistered, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """A new customer."""
        document: dict[str, object] = {
            "customer_id": recorded.stream,
            "name": event.name or ERASED_CUSTOMER,
            "email": event.email,
            "status": "active",
            "registered_at": recorded.at,
            "updated_at": recorded.at,
            "version": recorded.version,
        }
        yield Put(CUSTOMERS.name, recorded.stream, document)

    def renamed(self, event: CustomerRenamed, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Another name."""
        yield _change(recorded, name=event.name or ERASED_CUSTOMER)

    def email_changed(self, event: CustomerEmailChanged, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Another address."""
        yield _change(recorded, email=event.email)

    def erased(self, event: CustomerErased, recorded: RecordedEvent) -> Iterable[ViewChange]:
        """Nobody any more."""
        yield _change(recorded, name=ERASED_CUSTOMER, email=None, status="erased")


def _change(recorded: RecordedEvent, **fields: Any) -> Change:
    fields |= {"updated_at": recorded.at, "version": recorded.version}
    return Change(CUSTOMERS.name, recorded.stream, set=fields)

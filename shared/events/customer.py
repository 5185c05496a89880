"""What can happen to a customer. Name and email are personal: None once the customer is erased."""

from typing import ClassVar, get_args

from twinpath.domain import DomainEvent


class CustomerRegistered(DomainEvent):
    """Somebody became a customer."""

    type: ClassVar[str] = "customer.registered"
    personal: ClassVar[tuple[str, ...]] = ("name", "email")

    name: str | None
    email: str | None


class CustomerRenamed(DomainEvent):
    """The customer has another name."""

    type: ClassVar[str] = "customer.renamed"
    personal: ClassVar[tuple[str, ...]] = ("name",)

    name: str | None


class CustomerEmailChanged(DomainEvent):
    """The customer has another address for mail."""

    type: ClassVar[str] = "customer.email_changed"
    personal: ClassVar[tuple[str, ...]] = ("email",)

    email: str | None


class CustomerErased(DomainEvent):
    """The personal data of this customer are forgotten, everywhere and for good."""

    type: ClassVar[str] = "customer.erased"
    erases: ClassVar[bool] = True


CustomerEvent = CustomerRegistered | CustomerRenamed | CustomerEmailChanged | CustomerErased
CUSTOMER_EVENTS: tuple[type[DomainEvent], ...] = get_args(CustomerEvent)

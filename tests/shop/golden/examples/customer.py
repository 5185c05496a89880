"""Examples of every event of a customer as it is today."""

from shared.events.customer import CustomerEmailChanged, CustomerErased, CustomerRegistered, CustomerRenamed
from twinpath.domain.events import DomainEvent

EXAMPLES: list[DomainEvent] = [
    CustomerRegistered(name="Ada Lovelace", email="ada@example.org"),
    CustomerRenamed(name="Ada King"),
    CustomerEmailChanged(email="ada@example.com"),
    CustomerErased(),
]

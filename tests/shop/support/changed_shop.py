"""The shop of a later version, in which an event type has another schema; upcasters read what was stored before."""

from typing import ClassVar

from shared.events import CATALOGUE
from shared.events.customer import CustomerRenamed
from twinpath.domain import Application, Catalogue, Upcaster


class CustomerRenamedNow(CustomerRenamed):
    """The customer has another name, and why."""

    upcasters: ClassVar[tuple[Upcaster, ...]] = (
        *CustomerRenamed.upcasters,
        Upcaster(lambda data: {**data, "reason": "unknown"}),
    )

    reason: str


CHANGED = Catalogue(CustomerRenamedNow if event is CustomerRenamed else event for event in CATALOGUE.types)
LATER = Application(events=CHANGED)

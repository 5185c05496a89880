"""The published events of the shop, and the catalogue of all of them."""

from shared.events.customer import CUSTOMER_EVENTS
from shared.events.order import ORDER_EVENTS
from shared.events.product import PRODUCT_EVENTS
from shared.events.ticket import TICKET_EVENTS
from twinpath.domain.catalogue import Catalogue

CATALOGUE = Catalogue([*TICKET_EVENTS, *PRODUCT_EVENTS, *CUSTOMER_EVENTS, *ORDER_EVENTS])
"""The events of this shop."""

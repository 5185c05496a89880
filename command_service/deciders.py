"""The rules of every kind of aggregate, by the category of their streams."""

from command_service.customer import CUSTOMER
from command_service.order import ORDER
from command_service.product import PRODUCT
from command_service.ticket import TICKET
from twinpath.domain.aggregate import AnyDecider

DECIDERS: dict[str, AnyDecider] = {"ticket": TICKET, "product": PRODUCT, "customer": CUSTOMER, "order": ORDER}

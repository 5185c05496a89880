"""The rules of every kind of aggregate, by the category of their streams."""

from command_service.customer import CUSTOMER
from command_service.order import ORDER
from command_service.product import PRODUCT
from command_service.ticket import TICKET
from twinpath.domain.aggregate import AnyAggregate

DECIDERS: dict[str, AnyAggregate] = {"ticket": TICKET, "product": PRODUCT, "customer": CUSTOMER, "order": ORDER}

"""The rules of every kind of aggregate, by the category of their streams."""

from command_service.domain.customer import CUSTOMER
from command_service.domain.decider import AnyDecider
from command_service.domain.order import ORDER
from command_service.domain.product import PRODUCT
from command_service.domain.ticket import TICKET

DECIDERS: dict[str, AnyDecider] = {"ticket": TICKET, "product": PRODUCT, "customer": CUSTOMER, "order": ORDER}

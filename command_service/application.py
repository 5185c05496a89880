"""What the shop's command service runs: one line an aggregate, one a process."""

from command_service.allowance.endpoints import ALLOWANCE
from command_service.customer.endpoints import CUSTOMER
from command_service.fulfilment import Fulfilment
from command_service.order.endpoints import ORDER
from command_service.orphaned_orders import OrphanedOrders
from command_service.product.endpoints import PRODUCT
from command_service.product.feed import ProductFeed
from command_service.settings import Settings
from command_service.ticket.endpoints import TICKET
from command_service.ticket_retention import TicketRetention
from shared.events import CATALOGUE
from shared.roles import AUDITED, ROLES
from twinpath.domain import Application

COMMANDS = Application(
    events=CATALOGUE,
    aggregates=(TICKET, PRODUCT, CUSTOMER, ORDER, ALLOWANCE),
    processes=(Fulfilment, OrphanedOrders, TicketRetention),
    settings=Settings,
    importers=(ProductFeed,),
    roles=ROLES,
    audited=AUDITED,
)

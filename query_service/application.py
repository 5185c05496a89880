"""What the shop's query service shows."""

from query_service.analytics import ANALYTICS
from query_service.customers import CUSTOMER
from query_service.orders import ORDER
from query_service.products import PRODUCT
from query_service.shop_dashboard import DASHBOARD
from query_service.ticket_dashboard import DESK
from query_service.tickets import TICKET
from shared.events import CATALOGUE
from shared.roles import AUDITED, ROLES
from twinpath.domain import Application

RESOURCES = (TICKET, PRODUCT, CUSTOMER, ORDER, DESK, DASHBOARD, *ANALYTICS)

QUERIES = Application(events=CATALOGUE, resources=RESOURCES, roles=ROLES, audited=AUDITED)

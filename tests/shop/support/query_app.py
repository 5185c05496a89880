"""The shop's query service in this process, on the in-memory adapters or on any others."""

from functools import partial

from query_service.application import QUERIES
from tests.shop.support.ticket_views import TicketViews
from tests.support import query_app

QueryService = query_app.QueryService[TicketViews]
running = partial(query_app.running, QUERIES)
in_memory = partial(query_app.in_memory, QUERIES, TicketViews)

"""The workshop's query service in this process, on the in-memory adapters or on any others."""

from functools import partial

from tests.engine.support.repair_views import RepairViews
from tests.engine.workshop.application import QUERIES
from tests.support import query_app

QueryService = query_app.QueryService[RepairViews]
running = partial(query_app.running, QUERIES)
in_memory = partial(query_app.in_memory, QUERIES, RepairViews)

"""The metrics of the three services, made without any server, for pages and tests."""

from twinpath.commands.metrics import CommandMetrics
from twinpath.observability.metrics import Metrics
from twinpath.projecting.metrics import ProjectorMetrics
from twinpath.queries.metrics import QueryMetrics


def all_metrics() -> dict[str, Metrics]:
    """Name of the service, which is the job in Prometheus -> its metrics."""
    return {"command": CommandMetrics(), "projector": ProjectorMetrics(), "query": QueryMetrics()}

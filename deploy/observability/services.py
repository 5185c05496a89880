"""The metrics of the three services, made without any server, for pages and tests."""

from twinpath.commands.metrics import CommandMetrics
from twinpath.observability.metrics import Metrics
from twinpath.projecting.metrics import ProjectorMetrics
from twinpath.queries.metrics import QueryMetrics


def all_metrics() -> dict[str, Metrics]:
    """By the name of the service, as Prometheus has it for a job."""
    return {"command": CommandMetrics(), "projector": ProjectorMetrics(), "query": QueryMetrics()}

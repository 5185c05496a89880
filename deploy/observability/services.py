"""The metrics of the three services, made without any server, for pages and tests."""

from command_service.metrics import CommandMetrics
from projector_service.metrics import ProjectorMetrics
from query_service.metrics import QueryMetrics
from shared.observability.metrics import Metrics


def all_metrics() -> dict[str, Metrics]:
    """By the name of the service, as Prometheus has it for a job."""
    return {"command": CommandMetrics(), "projector": ProjectorMetrics(), "query": QueryMetrics()}

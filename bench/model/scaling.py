"""Calculates the needs of 1,000, 100,000 and 1,000,000 commands a second from the measured costs; no server runs.

Change the assumptions below and run `make bench NAME=scaling`.
"""

from dataclasses import asdict

from bench.model import costs
from bench.model.needs import Assumptions, models_of, needs
from bench.model.requests import on_the_favourite, shares
from bench.run import Run

NAME = "scaling"
RATES = (1_000, 100_000, 1_000_000)
ASSUMED = Assumptions(
    queries_a_command=20,
    busy=0.6,
    events_a_log=300,
    logs_a_projector=4,
    busy_categories=2,
    mongod_cores=16,
    secondary=0.5,
    broker_cores=8,
    quorum=2.0,
    copies_of_an_event=2.5,
    hot_hours=1,
    core_hour=0.04,
    gibibyte_memory_hour=0.005,
    gigabyte_month=0.08,
)


def measure(run: Run) -> None:
    """From the latest costs."""
    measured = costs.latest_costs(run.sizes)
    models = models_of(measured, costs.TICKET, costs.MIXED, shares(), on_the_favourite())
    columns = [
        {"variant": variant, "rate": rate, "needs": needs(model, ASSUMED, rate)}
        for variant, model in models.items()
        for rate in RATES
    ]
    run.keep(NAME, {"columns": columns, "assumed": asdict(ASSUMED), "costs of": measured["date"]})

"""The calculation of what many commands a second need."""

from dataclasses import replace
from math import inf
from typing import Any

import pytest

from bench.model.needs import LARGE_BATCHES, MEASURED, Model, models_of, needs
from bench.model.probe import COMMAND, OTHER, PROCESSES, PROJECTOR, QUERY
from bench.model.scaling import ASSUMED
from bench.model.sections.scaling import cell

MODEL = Model(
    events=2.0,
    busiest_category=0.5,
    command=1_000.0,
    relaying=100.0,
    projector=1_000.0,
    mongod=100.0,
    redis=100.0,
    rabbitmq=100.0,
    following=1.0,
    query={QUERY: 300.0, "mongod": 0.0, "Redis": 10.0},
    message=500.0,
    log=1_000.0,
    views=1_000.0,
    copy=300.0,
    stream=400.0,
    favourite=0.3,
)
PLAIN = replace(ASSUMED, busy=0.5, queries_a_command=20, events_a_log=100, logs_a_projector=4, busy_categories=2)


def load(name: str, us: float, to: str = COMMAND, rate: float = 100, held: str = "") -> dict[str, Any]:
    """A load as costs keep it, every process at `us` for one of it."""
    events = {"events": 2.0, "order events": 1.5, "ticket events": 0.5}
    sizes = dict.fromkeys(("bytes in log", "bytes in views", "bytes in Redis"), 100.0)
    times = {f"us {process}": us for process in PROCESSES}
    return {"name": name, "to": to, "rate": rate, "held_back": held, "medians": {**events, **sizes, **times}}


def costs() -> dict[str, Any]:
    loads = [
        *(load("ticket", 40, OTHER), load("ticket", 4, OTHER, held=COMMAND), load("ticket", 400)),
        *(load("mix", 900, rate=10), load("mix", 200, rate=50), load("mix", 60, rate=50, held=PROJECTOR)),
        *(load("by id", 500, QUERY, rate=10), load("by id", 100, QUERY, rate=90), load("list", 1_000, QUERY)),
    ]
    disk = {"size": 100.0, "storage": 30.0, "index": 20.0}
    sizes = {"event bytes": {"order": 600.0, "ticket": 400.0}, "stored": {"log": disk, "views": disk}}
    return {"loads": loads, "one stream": 300.0, **sizes}


def test_what_is_measured_is_the_cost_at_the_highest_rate_with_nobody_held_back() -> None:
    model = models_of(costs(), "ticket", "mix", {"by id": 0.9, "list": 0.1}, 0.3)[MEASURED]
    assert (model.command, model.projector, model.relaying) == (200, 100, 20)
    assert model.query[QUERY] == pytest.approx(0.9 * 100 + 0.1 * 1_000)
    assert (model.busiest_category, model.log) == (0.75, 50)
    assert model.message == pytest.approx((600 * 1.5 + 400 * 0.5) / 2)


def test_large_batches_are_those_of_who_was_held_back_and_taking_a_command_stays_what_it_is() -> None:
    model = models_of(costs(), "ticket", "mix", {"by id": 1.0}, 0.3)[LARGE_BATCHES]
    assert (model.command, model.projector, model.relaying, model.rabbitmq) == (200, 30, 2, 2)


def test_replicas_are_as_many_as_keep_each_as_busy_as_it_may_be() -> None:
    result = needs(MODEL, PLAIN, 1_000)
    assert result["events a second"] == 2_000
    assert result["command replicas"] == 2
    assert result["projector replicas"] == 4
    assert result["cores of the relay's leader"] == pytest.approx(0.2)


def test_partitions_are_enough_for_the_projectors_and_for_the_busiest_log() -> None:
    assert needs(MODEL, PLAIN, 1_000)["partitions a category"] == 10
    assert needs(MODEL, replace(PLAIN, events_a_log=10_000), 1_000)["partitions a category"] == 8
    assert needs(MODEL, PLAIN, 10)["partitions a category"] == 4


def test_replicas_of_queries_pay_for_following_the_views_until_nothing_is_left_of_them() -> None:
    assert needs(MODEL, PLAIN, 1_000)["query replicas"] == 13  # 6 cores of queries, at 0.498 of a core each
    assert needs(MODEL, PLAIN, 1_000_000)["query replicas"] == inf


def test_what_is_asked_of_the_favourite_stands_beside_what_one_stream_takes() -> None:
    result = needs(MODEL, PLAIN, 1_000)
    assert result["commands a second on the favourite product"] == pytest.approx(300)
    assert result["commands a second that one stream takes"] == 400


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("query replicas", inf, "not possible"),
        ("events a second", 12_345.6, "12,346"),
        ("cores", 12.345, "12.3"),
        ("Gbit/s", 0.00012, "1.2e-04"),
        ("share of one stream", 0.0011, "0.11 %"),
    ],
)
def test_numbers_have_their_significant_digits(name: str, value: float, text: str) -> None:
    assert cell(name, value) == text

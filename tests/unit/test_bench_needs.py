"""The calculation of what many commands a second need."""

from dataclasses import replace
from math import inf

import pytest

from bench.model.needs import Assumptions, Line, Model, line, needs
from bench.model.probe import QUERY
from bench.model.scaling_shown import shown
from bench.scaling import ASSUMED

FLAT = Line(100.0, 0.0)
MODEL = Model(
    events=2.0,
    busiest_category=0.5,
    command=1_000.0,
    relaying=FLAT,
    projector=Line(100.0, 900.0),
    mongod=FLAT,
    redis=FLAT,
    rabbitmq=FLAT,
    following=Line(0.0, 1.0),
    query={QUERY: 300.0, "mongod": 0.0, "Redis": 10.0},
    transaction_ms=10.0,
    message_ms=5.0,
    message=500.0,
    log=1_000.0,
    views=1_000.0,
    copy=300.0,
    stream=400.0,
    favourite=0.3,
)
PLAIN: Assumptions = replace(ASSUMED, busy=0.5, queries_a_command=20, mongod_cores=16, secondary=0.5)


def test_points_on_a_line_in_one_by_n_give_the_line() -> None:
    found = line([(1, 110.0), (2, 60.0), (10, 20.0)])
    assert found.item == pytest.approx(10)
    assert found.batch == pytest.approx(100)
    assert found.at(100) == pytest.approx(11)


def test_no_part_of_a_cost_is_below_zero_and_one_point_is_all_item() -> None:
    assert line([(1, 10.0), (10, 20.0)]).batch == 0
    assert line([(1, 100.0), (10, 1.0)]).item == pytest.approx(0, abs=1e-9)
    assert line([(3, 50.0)]) == Line(50.0, 0.0)


def test_logs_are_as_many_as_keep_the_busiest_below_its_rate() -> None:
    found = needs(MODEL, PLAIN, 1_000, 100)
    assert found["events a second"] == 2_000
    assert found["partitions a category"] == 10
    assert found["events a transaction"] == 1


def test_a_busier_log_handles_more_at_once_and_so_each_event_costs_less() -> None:
    few, many = needs(MODEL, PLAIN, 1_000, 100), needs(MODEL, PLAIN, 1_000, 1_000)
    assert many["events a transaction"] > few["events a transaction"]
    assert many["projector replicas"] < few["projector replicas"]
    assert few["projector replicas"] == 4  # 2,000 events of 1,000 us each on half a core
    assert few["command replicas"] == 2


def test_replicas_of_queries_pay_for_following_the_views_until_nothing_is_left_of_them() -> None:
    at_ease = needs(MODEL, PLAIN, 1_000, 100)
    assert at_ease["query replicas"] == 13  # 6 cores of queries, at 0.498 of a core each
    assert needs(MODEL, PLAIN, 1_000_000, 100)["query replicas"] == inf


def test_what_is_asked_of_the_favourite_stands_beside_what_one_stream_takes() -> None:
    found = needs(MODEL, PLAIN, 1_000, 100)
    assert found["commands a second on the favourite product"] == pytest.approx(300)
    assert found["commands a second that one stream takes"] == 400


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("query replicas", inf, "not possible"),
        ("events a second", 12_345.6, "12,346"),
        ("cores", 12.345, "12.3"),
        ("Gbit/s", 0.00012, "1.2e-04"),
        ("share of one stream", 0.0011, "0.11 %"),
    ],
)
def test_numbers_have_the_digits_that_say_something(name: str, value: float, said: str) -> None:
    assert shown(name, value) == said

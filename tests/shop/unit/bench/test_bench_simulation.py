"""The simulation: how load spreads over logs and replicas, and one log written by one or several writers."""

import random

import pytest

from bench.model.batch_time import BatchTime
from bench.model.evenness import loads_of_logs, loads_of_replicas, one_hot, stream_names, unevenness, zipf
from bench.model.one_log import arrivals, one_writer, several_writers, share_within
from twinpath.feed.rabbit_queue import priority
from twinpath.ids import log_of

BATCH = BatchTime(2.0, 0.04)
LONG = 20_000.0


def test_the_shares_of_all_streams_are_one() -> None:
    assert sum(zipf(1_000, 1.2)) == pytest.approx(1)
    assert zipf(4, 0) == [0.25] * 4
    assert zipf(10, 1)[0] == pytest.approx(10 * zipf(10, 1)[9])
    assert sum(one_hot(1_000, 0.2)) == pytest.approx(1)
    assert one_hot(1_000, 0.2)[0] == 0.2


def test_a_stream_loads_the_log_that_the_services_put_it_into_and_empty_logs_count() -> None:
    (stream,) = stream_names(1, random.Random(1))
    loads = loads_of_logs([stream], [1.0], 8)
    assert loads[log_of(stream, 8)] == 1
    assert len(loads) == 8
    assert unevenness(loads) == 8


def test_many_streams_alike_spread_evenly_and_a_hot_one_makes_its_log_the_busiest() -> None:
    streams = stream_names(20_000, random.Random(1))
    assert unevenness(loads_of_logs(streams, zipf(20_000, 0), 16)) < 1.1
    hot = loads_of_logs(streams, one_hot(20_000, 0.2), 16)
    assert unevenness(hot) == pytest.approx(0.8 + 0.2 * 16, rel=0.05)
    assert max(hot, key=lambda log: hot[log]) == log_of(streams[0], 16)


def test_replicas_share_all_of_the_load_and_one_more_takes_only_from_others() -> None:
    loads = {f"order.{partition}": 1.0 for partition in range(64)}
    three, four = (loads_of_replicas(loads, [f"replica-{one}" for one in range(count)]) for count in (3, 4))
    assert sum(three.values()) == sum(four.values()) == 64
    assert all(four[replica] <= three[replica] for replica in three)


def test_a_log_is_the_replicas_that_rabbitmq_prefers() -> None:
    replicas = [f"replica-{one}" for one in range(5)]
    preferred = max(replicas, key=lambda replica: priority(replica, "twinpath.views.order.3"))
    assert loads_of_replicas({"order.3": 1.0}, replicas)[preferred] == 1


def test_arrivals_come_at_their_rate_in_order_and_not_after_the_end() -> None:
    times = list(arrivals(500, LONG, random.Random(1)))
    assert times == sorted(times)
    assert times[-1] < LONG
    assert len(times) == pytest.approx(10_000, rel=0.05)
    assert list(arrivals(0, LONG, random.Random(1))) == []


def test_a_lonely_append_takes_one_insert_and_under_load_at_most_two() -> None:
    waits = one_writer(BATCH, 0.5, 1_000, 0, LONG, random.Random(1)).others
    assert waits[0] == pytest.approx(BATCH.milliseconds(1))
    assert waits[-1] < 2 * BATCH.milliseconds(20)


def test_a_hot_stream_gets_no_more_through_than_one_command_an_insert_and_leaves_the_others_alone() -> None:
    calm = one_writer(BATCH, 0.5, 1_000, 0, LONG, random.Random(1))
    asked = one_writer(BATCH, 0.5, 1_000, 2_000, LONG, random.Random(1))
    assert len(asked.hot) <= LONG / BATCH.milliseconds(1)
    assert share_within(asked.hot, 0.5) > 1_000
    assert share_within(asked.others, 0.99) < 1.2 * share_within(calm.others, 0.99)


def test_a_log_of_one_writer_loses_no_race_and_is_as_quick_as_the_other_simulation_says() -> None:
    waits, lost = several_writers(BATCH, 0.5, 1_000, 1, LONG, random.Random(1))
    assert lost == 0
    other = one_writer(BATCH, 0.5, 1_000, 0, LONG, random.Random(1)).others
    assert share_within(waits, 0.5) == pytest.approx(share_within(other, 0.5), rel=0.15)


def test_with_several_writers_nothing_is_lost_but_races_and_latency_grows() -> None:
    alone, _ = several_writers(BATCH, 0.5, 300, 1, LONG, random.Random(1))
    waits, lost = several_writers(BATCH, 0.5, 300, 8, LONG, random.Random(1))
    assert len(waits) == pytest.approx(300 * LONG / 1000, rel=0.05)
    assert lost > 0.5
    assert share_within(waits, 0.99) > 3 * share_within(alone, 0.99)

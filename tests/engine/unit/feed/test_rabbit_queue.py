"""How replicas share the queues of the logs."""

from twinpath.feed.rabbit_queue import priority

QUEUES = [f"twinpath.views.{category}.{number}" for category in ("order", "product", "repair") for number in range(40)]


def shared_by(replicas: list[str]) -> dict[str, str]:
    """Queue -> the replica that wants it most."""
    return {queue: max(replicas, key=lambda replica: priority(replica, queue)) for queue in QUEUES}


def test_replicas_share_the_queues_about_evenly() -> None:
    replicas = ["a", "b", "c", "d"]
    having = list(shared_by(replicas).values())
    assert all(10 <= having.count(replica) <= 55 for replica in replicas), "of 120 queues about 30 each"


def test_a_replica_that_goes_moves_no_queue_but_its_own() -> None:
    one, two, goes = "abc"
    before, after = shared_by([one, two, goes]), shared_by([one, two])
    assert {queue for queue in QUEUES if before[queue] != after[queue]} == (
        {queue for queue in QUEUES if before[queue] == goes}
    )


def test_a_priority_is_one_that_rabbitmq_takes_and_stays_the_same() -> None:
    wanted = [priority("replica", queue) for queue in QUEUES]
    assert wanted == [priority("replica", queue) for queue in QUEUES]
    assert all(0 <= one < 65536 for one in wanted)

"""How many commands are let in: shown on a simulated server, in virtual time."""

from collections import deque
from dataclasses import dataclass, field

import pytest

from twinpath.commands.admission import BULK, Admission

CAPACITY = 2_000.0
WAITING, INSERT = 0.025, 0.005


@dataclass
class Server:
    """Does one command after the other at its capacity, each of which then waits for the store; refusing costs too."""

    capacity: float = CAPACITY
    insert: float = INSERT
    refusal: float = 0.00003
    now: float = 0.0
    busy_until: float = 0.0
    in_hand: deque[tuple[float, float, float]] = field(default_factory=deque)
    times: list[float] = field(default_factory=list)
    refused: int = 0

    def __post_init__(self) -> None:
        self.admission = Admission(WAITING, lambda: self.now)

    def load(self, rate: float, seconds: float) -> None:
        """Ask at this rate; afterwards `times` and `refused` are those of the second half."""
        begin = self.now
        for number in range(int(rate * seconds)):
            at = begin + number / rate
            if number == int(rate * seconds / 2):
                self.times, self.refused = [], 0
            self._answer(at)
            self.now = max(self.now, at)
            if self.admission.is_full:
                self.admission.refuse()
                self.refused += 1
                self.busy_until = max(self.busy_until, at) + self.refusal
            else:
                entered = self.admission.enter()
                self.busy_until = max(self.busy_until, at) + 1 / self.capacity
                self.in_hand.append((self.busy_until + self.insert, entered, at))
        self._answer(self.busy_until + self.insert)

    def _answer(self, until: float) -> None:
        while self.in_hand and self.in_hand[0][0] <= until:
            done, entered, at = self.in_hand.popleft()
            self.now = done
            self.admission.leave(entered)
            self.times.append(done - at)

    @property
    def median(self) -> float:
        return sorted(self.times)[len(self.times) // 2]


@pytest.mark.parametrize("factor", [1.5, 3.0, 10.0])
def test_what_is_too_much_is_refused_and_the_rest_is_done_in_time_at_the_full_rate(factor: float) -> None:
    server = Server()
    server.load(CAPACITY / 10, seconds=1)

    server.load(factor * CAPACITY, seconds=4)

    spent_on_refusing = factor * CAPACITY * server.refusal
    assert len(server.times) / 2 >= 0.9 * CAPACITY * (1 - spent_on_refusing)
    assert server.median <= 2.2 * (WAITING + INSERT)


@pytest.mark.parametrize("factor", [0.1, 0.5, 0.9])
def test_nobody_is_refused_while_there_is_enough_for_all(factor: float) -> None:
    server = Server()

    server.load(factor * CAPACITY, seconds=4)

    assert server.refused == 0


def test_a_burst_after_a_quiet_moment_is_let_in() -> None:
    server = Server()
    server.load(CAPACITY / 10, seconds=1)
    server.load(3 * CAPACITY, seconds=4)
    many = int(2 * server.admission.limit)

    server.load(CAPACITY / 10, seconds=1)
    server.load(1e9, seconds=many / 1e9)

    assert (server.refused, len(server.times)) == (0, many)


def test_a_slow_store_is_not_taken_for_an_overload() -> None:
    server = Server(insert=0.5)

    server.load(0.5 * CAPACITY, seconds=10)

    assert server.refused == 0


def test_a_server_that_became_slower_takes_less_and_recovers() -> None:
    server = Server()
    server.load(CAPACITY / 10, seconds=1)
    server.load(3 * CAPACITY, seconds=4)
    server.capacity = CAPACITY / 4
    server.load(3 * CAPACITY, seconds=40)
    slow_median = server.median
    server.capacity, server.refusal = CAPACITY, 0.0
    server.load(3 * CAPACITY, seconds=4)

    assert slow_median <= 5 * (WAITING + INSERT)
    assert len(server.times) / 2 >= 0.9 * CAPACITY


def test_a_pause_does_not_lower_the_limit() -> None:
    server = Server()
    server.load(3 * CAPACITY, seconds=4)
    before = server.admission.limit
    server.now += 3600
    server.busy_until = server.now
    server.load(CAPACITY / 10, seconds=1)

    assert server.admission.limit == pytest.approx(before, rel=0.2)


def test_bulk_work_leaves_half_of_the_room() -> None:
    admission = Admission()
    admission.limit = 10
    for _ in range(5):
        assert admission.has_room
        admission.enter()

    assert not admission.has_room
    assert not admission.is_full


def test_health_and_bulk_requests_are_never_refused() -> None:
    admission = Admission()

    assert admission.guards("/api/v1/repairs")
    assert not admission.guards(BULK)
    assert not admission.guards("/health/ready")
    assert not admission.guards("/metrics")

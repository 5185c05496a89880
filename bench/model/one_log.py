"""One log that is written by group commit, as a discrete event simulation; all times are milliseconds.

One writer: the commits that wait when an insert ends are the next insert, 500 at most. A hot stream has one command in
flight at a time (the command bus queues the others), and its next command reaches the writer `think` later.

Several writers, one a replica: an insert claims its place in the log when it reaches the server, is durable a batch
time later, and only then do others read the new head. A writer that meets a taken place has lost a race, and reads the
head again; the server answers this read as soon as the winner's insert is durable.
"""

import heapq
import random
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from bench.model.batch_time import BatchTime
from twinpath.log.group_commit import MAX_BATCH_COMMITS


@dataclass(frozen=True)
class Waits:
    """The latencies of finished commands, sorted: of the other streams and of the hot stream."""

    others: list[float]
    hot: list[float]


def share_within(times: Sequence[float], share: float) -> float:
    """The time that this share of the sorted times does not exceed; 0 where there are none."""
    return times[min(len(times) - 1, int(share * len(times)))] if times else 0.0


def arrivals(rate: float, until: float, chance: random.Random) -> Iterator[float]:
    """Moments, in milliseconds, of a Poisson process of `rate` a second."""
    at = 0.0
    while rate and (at := at + chance.expovariate(rate / 1000)) < until:
        yield at


def one_writer(
    batch: BatchTime, think: float, rate: float, hot_rate: float, until: float, chance: random.Random
) -> Waits:
    """A log with `rate` commands a second on new streams, and `hot_rate` on one hot stream."""
    others, hot = deque(arrivals(rate, until, chance)), deque(arrivals(hot_rate, until, chance))
    waits: list[float] = []
    hot_waits: list[float] = []
    now, hot_free = 0.0, 0.0
    while others or hot:
        hot_ready = max(hot[0], hot_free) if hot else float("inf")
        now = max(now, min(others[0] if others else float("inf"), hot_ready))
        if now > until:
            break
        taken: list[float] = []
        with_hot = hot_ready <= now
        while others and others[0] <= now and len(taken) + with_hot < MAX_BATCH_COMMITS:
            taken.append(others.popleft())
        now += batch.milliseconds(len(taken) + with_hot)
        waits += [now - arrived for arrived in taken]
        if with_hot:
            hot_waits.append(now - hot.popleft())
            hot_free = now + think
    return Waits(sorted(waits), sorted(hot_waits))


@dataclass
class _Log:
    """The state of the server: batches that have a place, and how many are durable and so visible to readers."""

    claimed: int = 0
    durable: int = 0
    durable_at: float = 0.0
    """The time at which the last claimed batch is durable."""
    lost: int = 0


def several_writers(
    batch: BatchTime,
    round_trip: float,
    rate: float,
    writers: int,
    until: float,
    chance: random.Random,
) -> tuple[list[float], float]:
    """A log with `rate` commands a second, spread over `writers` replicas at random.

    Returns:
        The sorted latencies, and the lost races for every insert that succeeds.
    """
    waiting: list[deque[float]] = [deque() for _ in range(writers)]
    for at in arrivals(rate, until, chance):
        waiting[chance.randrange(writers)].append(at)
    log, waits = _Log(), list[float]()
    running = [_writer(log, batch, round_trip, queue, waits) for queue in waiting if queue]
    times = [(next(writer), number) for number, writer in enumerate(running)]
    heapq.heapify(times)
    while times and times[0][0] < until:
        now, number = heapq.heappop(times)
        with suppress(StopIteration):
            heapq.heappush(times, (running[number].send(now), number))
    return sorted(waits), log.lost / max(1, log.durable)


def _writer(
    log: _Log, batch: BatchTime, round_trip: float, waiting: deque[float], waits: list[float]
) -> Generator[float, float, None]:
    """A replica: it yields the time at which it wants to go on, and receives the time at which it does."""
    head: int | None = 0
    now = 0.0
    while waiting:
        now = yield max(now, waiting[0])
        if head is None:
            reaches = now + round_trip / 2
            now = yield max(reaches, log.durable_at)
            seen = log.durable
            now = yield now + round_trip / 2
            head = seen
        taken = sum(arrived <= now for arrived in islice(waiting, MAX_BATCH_COMMITS))
        now = yield now + round_trip / 2
        if log.claimed != head:
            log.lost += 1
            now = yield now + round_trip / 2
            head = None
            continue
        log.claimed = place = head + 1
        log.durable_at = now + max(0.0, batch.milliseconds(taken) - round_trip)
        now = yield log.durable_at
        log.durable = place
        now = yield now + round_trip / 2
        waits += [now - waiting.popleft() for _ in range(taken)]
        head = place

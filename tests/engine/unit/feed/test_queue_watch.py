"""What a feed makes of its looks at the queues: which one is stuck, and what is tried with it."""

from dataclasses import replace

import pytest

from twinpath.feed.queue_watch import MOST_PASSED_BY, Look, QueueWatch, Remedy

LOG = "repair.0"
IDLE = Look(at=0, ready=0, consumers=1, delivered=0, passed_by=0, behind=False)
HOLDS = replace(IDLE, ready=3)


def looked(watch: QueueWatch, *looks: Look, start: float = 0) -> list[Remedy]:
    """Take looks that are a second apart; what was to be done."""
    done = []
    for second, look in enumerate(looks):
        watch.note(LOG, replace(look, at=start + second))
        done += [remedy] if (remedy := watch.remedy(LOG)) else []
    return done


@pytest.mark.parametrize(
    ("looks", "why"),
    [
        ([HOLDS] * 6, "its queue holds 3 messages and delivers none"),
        ([replace(HOLDS, ready=3 + more) for more in range(6)], "its queue holds 8 messages and delivers none"),
        ([replace(HOLDS, behind=bool(n % 2)) for n in range(7)], "its queue holds 3 messages and delivers none"),
        ([replace(IDLE, consumers=0)] * 6, "its queue has no consumer, although this replica is one"),
        (
            [replace(IDLE, passed_by=n) for n in range(MOST_PASSED_BY + 1)],
            f"it moved {MOST_PASSED_BY} times and no message told of it",
        ),
    ],
    ids=["holds", "grows", "keeps up by the log", "no consumer", "passed by"],
)
def test_a_queue_that_delivers_nothing_is_stuck(looks: list[Look], why: str) -> None:
    watch = QueueWatch()
    looked(watch, *looks)
    assert watch.stuck == {LOG: why}


@pytest.mark.parametrize(
    "looks",
    [
        [IDLE] * 60,
        [HOLDS] * 5,
        [replace(HOLDS, delivered=n) for n in range(60)],
        [replace(HOLDS, ready=1 + n % 4) for n in range(60)],
        [replace(HOLDS, ready=1 + n, behind=True) for n in range(60)],
        [replace(IDLE, consumers=n % 3) for n in range(60)],
        [replace(IDLE, passed_by=n % MOST_PASSED_BY) for n in range(60)],
        [replace(IDLE, passed_by=n, delivered=n // 8) for n in range(60)],
    ],
    ids=["idle", "a moment", "delivers", "others empty it", "all wait", "comes back", "now and then", "late"],
)
def test_a_queue_that_may_be_well_is_let_be(looks: list[Look]) -> None:
    watch = QueueWatch()
    assert looked(watch, *looks) == []
    assert watch.stuck == {}


def test_milder_remedies_come_first_and_the_last_is_repeated_less_and_less_often() -> None:
    watch = QueueWatch()
    assert looked(watch, *[HOLDS] * 6) == [Remedy.CONSUMER]
    assert looked(watch, *[HOLDS] * 5, start=6) == [Remedy.CONNECTION]
    assert looked(watch, *[HOLDS] * 5, start=11) == [Remedy.QUEUE]
    assert looked(watch, *[HOLDS] * 60, start=16) == [Remedy.QUEUE] * 2
    assert len(looked(watch, *[HOLDS] * 36_000, start=76)) in range(60, 75)


def test_what_is_delivered_ends_it_and_the_next_time_begins_mildly() -> None:
    watch = QueueWatch()
    looked(watch, *[HOLDS] * 30)
    looked(watch, replace(HOLDS, delivered=1), start=30)
    assert watch.stuck == {}
    assert looked(watch, *[replace(HOLDS, delivered=1)] * 6, start=31) == [Remedy.CONSUMER]


def test_an_empty_queue_that_nothing_passes_by_is_no_longer_stuck_but_what_was_tried_is_remembered() -> None:
    watch = QueueWatch()
    looked(watch, *[HOLDS] * 6)
    looked(watch, *[IDLE] * 6, start=6)
    assert watch.stuck == {}
    assert looked(watch, *[HOLDS] * 7, start=20) == [Remedy.CONNECTION]


def test_suspects_are_the_queues_that_something_speaks_against() -> None:
    watch = QueueWatch()
    for log, look in {"a": IDLE, "b": HOLDS, "c": replace(IDLE, passed_by=1)}.items():
        watch.note(log, look)
    assert watch.suspects() == ["b", "c"]

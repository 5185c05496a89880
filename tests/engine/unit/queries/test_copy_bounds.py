"""How far a copy must be: what its view had a second ago, each erasure at once, and nothing can be used unheard."""

import pytest

from tests.support.clocks import Seconds
from twinpath.errors import CopyTrails
from twinpath.queries.reading.copy_bounds import SILENT_SECONDS, TRAILING_SECONDS, CopyBounds

VIEW, REPAIRS, OWNERS = "details", "repair.0", "owner.1"


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def erasures() -> dict[str, int]:
    """Of the view, by log."""
    return {}


@pytest.fixture
def bounds(clock: Seconds, erasures: dict[str, int]) -> CopyBounds:
    bounds = CopyBounds(lambda view: erasures if view == VIEW else {}, clock)
    bounds.heard({(VIEW, REPAIRS): 5, (VIEW, OWNERS): 2, ("other", REPAIRS): 9}, everything=True)
    return bounds


def test_what_moved_is_needed_a_second_later(bounds: CopyBounds, clock: Seconds) -> None:
    bounds.heard({(VIEW, REPAIRS): 6})
    clock.pass_by(TRAILING_SECONDS / 2)
    bounds.heard({(VIEW, REPAIRS): 7})
    assert bounds.needed(VIEW) == {REPAIRS: 5, OWNERS: 2}

    clock.pass_by(TRAILING_SECONDS / 2)
    assert bounds.needed(VIEW) == bounds.settled(VIEW) == {REPAIRS: 6, OWNERS: 2}
    clock.pass_by(TRAILING_SECONDS / 2)
    assert bounds.needed(VIEW) == {REPAIRS: 7, OWNERS: 2}
    assert bounds.needed("other") == {REPAIRS: 9}


def test_an_erasure_is_needed_at_once_and_what_came_after_it_a_second_later(
    bounds: CopyBounds, clock: Seconds, erasures: dict[str, int]
) -> None:
    erasures[OWNERS] = 3
    bounds.heard({(VIEW, OWNERS): 4, ("other", REPAIRS): 10})

    assert bounds.needed(VIEW) == {REPAIRS: 5, OWNERS: 3}
    assert bounds.settled(VIEW) == {REPAIRS: 5, OWNERS: 2}
    clock.pass_by(TRAILING_SECONDS)
    assert bounds.needed(VIEW) == bounds.settled(VIEW) == {REPAIRS: 5, OWNERS: 4}
    assert bounds.needed("other") == {REPAIRS: 10}


def test_an_erasure_of_long_ago_lowers_nothing(bounds: CopyBounds, erasures: dict[str, int]) -> None:
    erasures[REPAIRS] = 1
    bounds.heard({(VIEW, REPAIRS): 6})

    assert bounds.needed(VIEW) == {REPAIRS: 5, OWNERS: 2}


def test_in_silence_nothing_is_known_and_a_word_that_nothing_moved_is_enough(
    bounds: CopyBounds, clock: Seconds
) -> None:
    for _ in range(3):
        clock.pass_by(SILENT_SECONDS)
        assert bounds.needed(VIEW)
        bounds.heard({})

    clock.pass_by(SILENT_SECONDS * 1.01)
    with pytest.raises(CopyTrails, match="nothing was heard"):
        bounds.needed(VIEW)
    with pytest.raises(CopyTrails, match="nothing was heard"):
        bounds.settled(VIEW)


def test_before_anything_was_heard_and_of_a_view_without_checkpoints_nothing_is_known(bounds: CopyBounds) -> None:
    with pytest.raises(CopyTrails, match="nothing was heard"):
        CopyBounds(lambda view: {}).needed(VIEW)
    with pytest.raises(CopyTrails, match="no projection has the name"):
        bounds.needed("orphan")


def test_checkpoints_that_were_set_back_are_what_is_needed(bounds: CopyBounds) -> None:
    bounds.heard({(VIEW, REPAIRS): 1}, everything=True)

    assert bounds.needed(VIEW) == {REPAIRS: 1}
    with pytest.raises(CopyTrails):
        bounds.needed("other")


def test_views_that_nobody_reads_leave_nothing_behind(bounds: CopyBounds, clock: Seconds) -> None:
    for position in range(6, 10_000):
        clock.pass_by(TRAILING_SECONDS / 10)
        bounds.heard({(VIEW, REPAIRS): position})

    assert len(bounds._reached[VIEW].recent) <= 11

"""The rules of an allowance: what a customer's open orders hold is never more than a setting."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from command_service.allowance.commands import AllowanceCommand, HoldUnits, ReleaseUnits
from command_service.allowance.rules import Allowance, decide, evolve
from shared.events.allowance import AllowanceEvent, HoldRefused, UnitsHeld, UnitsReleased, allowance_id_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EVENING = NOON + timedelta(hours=8)
ID = allowance_id_of("customer-0198c0de-0000-7000-8000-000000000002")


def hold(order: str, units: int, at: datetime = NOON) -> HoldUnits:
    return HoldUnits(allowance_id=ID, order_id=order, units=units, most=10, until=at + timedelta(hours=8), at=at)


def release(order: str) -> ReleaseUnits:
    return ReleaseUnits(allowance_id=ID, order_id=order, at=NOON)


def held(order: str, units: int, at: datetime = NOON) -> UnitsHeld:
    return UnitsHeld(order_id=order, units=units, held_at=at, until=at + timedelta(hours=8))


def after(history: Sequence[AllowanceEvent]) -> Allowance | None:
    allowance = None
    for event in history:
        allowance = evolve(allowance, event)
    return allowance


@pytest.mark.parametrize(
    ("history", "command", "expected"),
    [
        ([], hold("a", 10), [held("a", 10)]),
        ([], hold("a", 11), [HoldRefused(order_id="a", units=11, held=0, most=10)]),
        ([held("a", 6)], hold("b", 4), [held("b", 4)]),
        ([held("a", 6)], hold("b", 5), [HoldRefused(order_id="b", units=5, held=6, most=10)]),
        ([held("a", 6)], hold("a", 6), []),
        ([held("a", 6)], release("a"), [UnitsReleased(order_id="a")]),
        ([held("a", 6), UnitsReleased(order_id="a")], hold("b", 10), [held("b", 10)]),
        ([held("a", 6)], hold("b", 10, EVENING), [held("b", 10, EVENING)]),
        ([], release("a"), []),
        ([held("a", 6)], release("b"), []),
        ([held("a", 6), UnitsReleased(order_id="a")], release("a"), []),
    ],
)
def test_a_command_yields(
    history: list[AllowanceEvent], command: AllowanceCommand, expected: list[AllowanceEvent]
) -> None:
    assert decide(command, after(history)) == expected


def test_what_has_run_out_is_forgotten() -> None:
    allowance = after([held("a", 6), held("b", 1, EVENING)])
    assert allowance is not None
    assert list(allowance.holds) == ["b"]

"""Examples of an allowance's events."""

from datetime import UTC, datetime

from shared.events.allowance import HoldRefused, UnitsHeld, UnitsReleased

_ORDER = "order-0198c0de-0000-7000-8000-000000000001"
_NOON, _LATER = datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 4, 12, tzinfo=UTC)

EXAMPLES = [
    UnitsHeld(order_id=_ORDER, units=3, held_at=_NOON, until=_LATER),
    HoldRefused(order_id=_ORDER, units=3, held=9_999, most=10_000),
    UnitsReleased(order_id=_ORDER),
]

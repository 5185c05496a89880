"""A customer's segment at the time of an order: by the number of orders that were confirmed before."""

LOYAL_AFTER = 3
"""A customer with so many confirmed orders is loyal."""
SEGMENT = f"multiIf(orders_before = 0, 'new', orders_before < {LOYAL_AFTER}, 'returning', 'loyal')"
"""SQL: the segment, where `orders_before` is their number."""
_TICKS = 1 << 22
"""So many moments has a millisecond."""


def moment(order_id: str, placed_at: str, at: str) -> str:
    """SQL: a number that is the lower the earlier something happened to an order; orders have different ones.

    It begins with the time in milliseconds. In the same millisecond a confirmation is before the placing of another
    order, except that orders which were placed and confirmed in the same one follow each other by their ids, which
    begin with the time of their making.
    """
    begin = f"reinterpretAsUInt64(reverse(unhex(substring(replaceAll({order_id}, '-', ''), 6, 16))))"
    half, same = _TICKS // 2, f"intDiv({begin}, 65536) % 512 * 4096 + {begin} % 4096"
    within = f"if({at} = {placed_at}, {half} + {same}, cityHash64({order_id}) % {half})"
    return f"toUInt64(toUnixTimestamp64Milli({at}) * {_TICKS} + {within})"


def begin_of_moments(at: str) -> str:
    """SQL: the lowest number of this time."""
    return f"toUInt64(toUnixTimestamp64Milli({at}) * {_TICKS})"


def time_of(number: str) -> str:
    """SQL: the time of a moment."""
    return f"fromUnixTimestamp64Milli(toInt64(intDiv({number}, {_TICKS})), 'UTC')"

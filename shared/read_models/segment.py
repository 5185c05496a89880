"""A customer's segment at the time of an order: by the number of orders that were confirmed before."""

LOYAL_AFTER = 3
"""A customer with so many confirmed orders is loyal."""
SEGMENT = f"multiIf(orders_before = 0, 'new', orders_before < {LOYAL_AFTER}, 'returning', 'loyal')"
"""SQL: the segment, where `orders_before` is their number."""

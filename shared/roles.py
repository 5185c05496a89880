"""What the people of the shop may do: the permissions of each role, which TWINPATH_ROLES may replace.

`own` limits a role to what is its caller's own: a customer's orders, tickets and profile.
"""

ROLES = {
    "customer": (
        "own",
        "catalogue:read",
        "customers:read",
        "customers:write",
        "history:read",
        "orders:cancel",
        "orders:place",
        "orders:read",
        "tickets:open",
        "tickets:read",
    ),
    "agent": (
        "catalogue:read",
        "customers:*",
        "history:read",
        "on-behalf",
        "orders:cancel",
        "orders:place",
        "orders:read",
        "orders:return",
        "tickets:*",
    ),
    "merchandiser": ("bulk", "catalogue:*", "history:read", "shop:read"),
    "warehouse": ("bulk", "catalogue:read", "catalogue:stock", "orders:read", "orders:return", "orders:ship"),
    "analyst": ("analytics:read", "catalogue:read", "shop:read"),
    "operator": ("*",),
}

AUDITED = ("customers:erase", "customers:read", "history:read", "orders:read", "tickets:read")
"""Permissions whose use by staff and machines goes on the audit record: what they read of people, and erasures."""

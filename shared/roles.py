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

"""What the people and machines of the shop may do: the permissions of each role, which TWINPATH_ROLES may replace."""

ROLES = {
    "customer": (
        "catalogue:read",
        "customers:read",
        "history:read",
        "orders:cancel",
        "orders:place",
        "orders:read",
        "tickets:open",
        "tickets:read",
    ),
    "agent": (
        "catalogue:read",
        "customers:read",
        "customers:write",
        "history:read",
        "orders:cancel",
        "orders:place",
        "orders:read",
        "tickets:*",
    ),
    "merchandiser": ("bulk", "catalogue:*", "history:read", "shop:read"),
    "warehouse": ("catalogue:read", "catalogue:stock", "orders:read", "orders:return", "orders:ship"),
    "analyst": ("analytics:read", "catalogue:read", "shop:read"),
    "operator": ("*",),
}

"""ClickHouse's side: its users and their rights, as a file below `users.d`. The default user stays in its container."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from twinpath.servers.accounts import Account, Passwords

WRITES = (
    "GRANT SELECT, INSERT, CREATE TABLE, CREATE VIEW, DROP TABLE, DROP VIEW ON {database}.*",
    "GRANT CREATE DATABASE ON {database}.*",
)
READS = ("GRANT SELECT ON {database}.*",)
RIGHTS: Mapping[Account | Literal["bi"], Sequence[str]] = {
    "projector": WRITES,
    "query": READS,
    "tools": WRITES,
    "bi": READS,
}
"""Who fills the tables, or makes them anew, and who only asks them."""
_LIMITS = {
    "query": {"readonly": 2, "max_execution_time": 10},
    "bi": {"readonly": 2, "max_execution_time": 60, "max_memory_usage": 600_000_000},
}
"""Of those who only ask: seconds and bytes of a query."""


def users(passwords: Passwords, database: str) -> str:
    """The file, in XML; an account without a password is left out. Passwords are in it as SHA-256 only."""
    root = Element("clickhouse")
    profiles, accounts = SubElement(root, "profiles"), SubElement(root, "users")
    for account, limits in _LIMITS.items():
        profile = SubElement(profiles, f"twinpath_{account}")
        for name, value in limits.items():
            SubElement(profile, name).text = str(value)
    default = SubElement(SubElement(accounts, "default"), "networks", {"replace": "replace"})
    for address in ("127.0.0.1", "::1"):
        SubElement(default, "ip").text = address
    for account, grants in RIGHTS.items():
        if (password := passwords.password_of(account)) is not None:
            user = SubElement(accounts, account)
            SubElement(user, "password_sha256_hex").text = hashlib.sha256(password.encode()).hexdigest()
            SubElement(SubElement(user, "networks"), "ip").text = "::/0"
            SubElement(user, "profile").text = f"twinpath_{account}" if account in _LIMITS else "default"
            SubElement(user, "quota").text = "default"
            granted = SubElement(user, "grants")
            for grant in grants:
                SubElement(granted, "query").text = grant.format(database=database)
    indent(root)
    return tostring(root, encoding="unicode") + "\n"

"""Redis's side: its users, as the lines of an ACL file. The default user can do nothing but ask whether it is there."""

import hashlib

from twinpath.identity.rates import RATES
from twinpath.servers.accounts import ADMINISTRATOR, Account, Passwords

_COUNTING = f"~{{prefix}}:{RATES}:* +evalsha +script|load +get +set +pttl +rename +exists +incrby"
"""What the scripts of the library limits do, by which all replicas count how much each caller asks for."""
RIGHTS: dict[Account, str] = {
    "command": f"{_COUNTING} +@connection -@dangerous",
    "projector": "~{prefix}:* +@all -@admin -@dangerous +info",
    "query": f"%R~{{prefix}}:* +@read +@connection -@dangerous ({_COUNTING})",
    "tools": "~{prefix}:* +@all -@admin -@dangerous +info",
}
"""The account that only counts callers, those that write the copy of the views, and that which reads it and counts."""
_ALL = "~* &* +@all"


def acl(passwords: Passwords, prefix: str) -> list[str]:
    """The lines of the file; `prefix` is what every key begins with. Passwords are in it as SHA-256 only."""
    lines = ["user default on nopass resetkeys resetchannels -@all +ping"]
    if passwords.redis_admin_password is not None:
        lines.append(f"user {ADMINISTRATOR} on #{_digest(passwords.redis_admin_password.get_secret_value())} {_ALL}")
    for account, rights in RIGHTS.items():
        if (password := passwords.password_of(account)) is not None:
            lines.append(f"user {account} on #{_digest(password)} resetchannels -@all {rights.format(prefix=prefix)}")
    return lines


def _digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()

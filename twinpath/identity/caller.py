"""A caller as every operation sees it: who it is, what it may do, and whose documents are its own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twinpath.errors import NotAuthenticated, NotPermitted

EVERYTHING = "*"
"""The permission that holds all others; `orders:*` holds every one that begins with `orders:`."""
OWN = "own"
"""No permission, but a limit among a role's permissions: who has such a role reaches what is its own alone, which is
nothing where its token names no owner."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls.

    `issuer` and `subject` together are one caller: the provider's URL, or `keys` for a machine key. `permissions` are
    those of its roles. `owner` is the id that its own documents name (a customer's), empty where nothing is its own;
    None where it is staff or a machine, which see all that they may read. `expires` is when the token ends, in seconds
    since 1970, None for never.
    """

    issuer: str
    subject: str
    permissions: frozenset[str] = frozenset()
    owner: str | None = None
    expires: float | None = None

    @property
    def is_known(self) -> bool:
        """Whether the request was authenticated."""
        return bool(self.issuer)

    def may(self, permission: str) -> bool:
        """Whether a permission is among the caller's."""
        held = self.permissions
        return permission in held or EVERYTHING in held or f"{permission.partition(':')[0]}:*" in held

    def need(self, permission: str) -> None:
        """Refuse a caller that lacks a permission. Raises NotAuthenticated, NotPermitted."""
        if self.may(permission):
            return
        if not self.is_known:
            raise NotAuthenticated("This needs an access token or a machine key: Authorization: Bearer ….")
        raise NotPermitted(f"This needs the permission {permission}.", permission=permission)

    @property
    def key(self) -> str:
        """Issuer and subject in one text that no other pair has: the length of the first stands before it."""
        return f"{len(self.issuer)}:{self.issuer}{self.subject}"


def permissions_of(roles: Iterable[str], declared: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The permissions of these roles; a role that nobody declared has none."""
    return frozenset(permission for role in roles for permission in declared.get(role, ()))

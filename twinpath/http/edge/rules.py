"""What a service's border goes by: its limits, who is let in, and which bodies are read as they come."""

from typing import Protocol

from twinpath.http.edge.in_hand import InHand
from twinpath.http.edge.request_head import Head
from twinpath.http.other_sites import Sharing
from twinpath.http.settings import HttpSettings
from twinpath.http.site import Site

_READS = (b"GET", b"HEAD", b"OPTIONS")


class Gate(Protocol):
    """Says who is let in, and is told who is through."""

    def guards(self, path: str) -> bool:
        """Whether a request that is no read may be refused here."""
        ...

    @property
    def is_full(self) -> bool:
        """Whether one more would be one too many."""
        ...

    def enter(self) -> float:
        """One is let in; the answer is for `leave`."""
        ...

    def leave(self, entered: float) -> None:
        """It has its answer."""
        ...

    def refuse(self) -> None:
        """One is refused."""
        ...


class _Open:
    """Lets everybody in."""

    is_full = False

    def guards(self, path: str) -> bool:
        """See Gate.guards."""
        return False

    def enter(self) -> float:
        """See Gate.enter."""
        return 0.0

    def leave(self, entered: float) -> None:
        """See Gate.leave."""

    def refuse(self) -> None:
        """See Gate.refuse."""


class Rules:
    """The rules of all connections of a service. A `streamed` path takes a body of any length, line by line."""

    def __init__(self, limits: HttpSettings, streamed: frozenset[str] = frozenset(), gate: Gate | None = None) -> None:
        self.limits = limits
        self.streamed = streamed
        self.gate: Gate = gate or _Open()
        self.shared = Sharing(Site(allowed_origins=limits.allowed_origins).origins)
        self.in_hand = InHand(limits.http_bytes_in_hand, limits.http_connections)

    def guards(self, head: Head) -> bool:
        """Whether this request may be turned away."""
        return head.method not in _READS and self.gate.guards(head.path)

"""How much all clients together make a service keep, and which of them gives way when it is too much."""

from typing import Protocol


class Holder(Protocol):
    """A client's connection."""

    @property
    def waits_since(self) -> float | None:
        """When it began to wait for its client, on the loop's clock, or None while the client waits for an answer."""
        ...

    def give_way(self) -> None:
        """Free what is kept for this client."""
        ...


class InHand:
    """The connections of a service, with the bytes that are kept for each."""

    def __init__(self, most_bytes: int, most_connections: int) -> None:
        self._most_bytes, self._most_connections = most_bytes, most_connections
        self._connections: set[Holder] = set()
        self._bytes: dict[Holder, int] = {}
        self._total = 0

    def opened(self, holder: Holder) -> None:
        """One more connection; where it is one too many, the one that has waited longest for its client is closed."""
        self._connections.add(holder)
        if len(self._connections) > self._most_connections:
            waiting = {peer: since for peer in self._connections if (since := peer.waits_since) is not None}
            min(waiting, key=lambda peer: waiting[peer], default=holder).give_way()

    def closed(self, holder: Holder) -> None:
        """The connection is over."""
        self._connections.discard(holder)
        self.keeps(holder, 0)

    def keeps(self, holder: Holder, count: int) -> None:
        """So many bytes are kept for this connection; where all are too many, the one with the most gives way."""
        self._total += count - self._bytes.pop(holder, 0)
        if count:
            self._bytes[holder] = count
        if self._total > self._most_bytes:
            waiting = [peer for peer in self._bytes if peer.waits_since is not None]
            max(waiting, key=lambda peer: self._bytes[peer], default=holder).give_way()

"""What waits on either side of a connection: bytes that the application can't take yet, and bytes that the client does
not take."""

import asyncio
from typing import Literal, Protocol

from twinpath.http.edge.outlet import Outlet
from twinpath.http.edge.patience import Patience
from twinpath.http.edge.rules import Rules

MOST_UNTAKEN = 16 * 1024
"""Bytes that are written and not taken; beyond them the application waits, and they are counted."""

_MOST_AHEAD = 64 * 1024
"""Bytes that a client may send ahead of its answers; the others stay in the network."""

_WORTH_COUNTING = 4096
"""Bytes; a request that keeps less is not counted among what all clients together make the service keep."""

Phase = Literal["waiting", "streaming", "answering", "over"]
"""For a request, while the body of the request in hand still comes, with all of it in hand, and at the end."""


class Sides(Protocol):
    """A connection between its two sides."""

    phase: Phase
    outlet: Outlet

    @property
    def received(self) -> int:
        """Bytes that were received and are not answered."""
        ...

    @property
    def ahead(self) -> int:
        """Those of them that the application has not seen."""
        ...

    @property
    def waits_since(self) -> float | None:
        """See Holder.waits_since."""
        ...

    def give_way(self) -> None:
        """See Holder.give_way."""
        ...

    def let_wait(self) -> bool:
        """Let the application wait before it writes more; whether there is one."""
        ...


class Flow:
    """Lets each side wait for the other, and says what is kept meanwhile."""

    def __init__(self, sides: Sides, transport: asyncio.Transport, patience: Patience, rules: Rules) -> None:
        self._sides, self._transport, self._patience, self._rules = sides, transport, patience, rules
        self._wanted, self._reads = True, True
        self._stalls, self._waits_for_taking = False, False
        self.is_counted = False

    def want(self, wanted: bool) -> None:
        """The application wants more of a body, or has enough just now."""
        self._wanted = wanted
        if not wanted:
            self._patience.hold_up()
        self._read_or_pause()

    def stall(self) -> None:
        """The client takes less than is written."""
        self._stalls = True
        self.look()

    def taken(self) -> None:
        """The client has taken enough."""
        self._stalls, self._waits_for_taking = False, False
        self._patience.taken()

    def look_if_worth(self) -> None:
        """Look, unless there is so little that nothing can follow from it."""
        if self._stalls or self.is_counted or self._sides.received >= _WORTH_COUNTING:
            self.look()

    def look(self) -> None:
        """Let the application wait for a client that does not take its answer. A client that still sends may be one
        that reads only when it has sent all, so its body is read on, as long as what waits for it is little.
        """
        sides, unsent = self._sides, self._sides.outlet.unsent if self._stalls else 0
        reads_on = sides.phase == "streaming" and unsent < self._rules.limits.http_unsent_bytes
        if self._stalls and not self._waits_for_taking and not reads_on and sides.let_wait():
            self._waits_for_taking = True
            self._patience.await_taking(sides.outlet)
        kept = sides.received + unsent
        counts = kept >= _WORTH_COUNTING
        if counts or self.is_counted:
            self.is_counted = counts
            self._rules.in_hand.keeps(sides, kept if counts else 0)
        self._read_or_pause()

    def _read_or_pause(self) -> None:
        phase = self._sides.phase
        enough = phase == "answering" and self._sides.ahead > _MOST_AHEAD
        reads = phase == "over" or (self._wanted and not enough)
        if reads is not self._reads and not self._transport.is_closing():
            self._reads = reads
            if reads:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

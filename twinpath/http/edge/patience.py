"""How long a connection waits for its client: for a request, for the rest of it, and for the answer to be taken."""

import asyncio
from collections.abc import Callable
from math import inf
from typing import Literal

from twinpath.http.edge.outlet import Outlet
from twinpath.http.settings import HttpSettings

_LINGER_SECONDS = 2.0
"""So long a client that is refused may go on sending until it has read why (RFC 9112 §9.6)."""


class Patience:
    """Two deadlines behind a single timer, which is set anew only when it fires or would fire too late: a deadline that
    moves away, as with every request, costs nothing. `on_idle` is called when no request came, `on_late` when the rest
    of one did not, `on_stuck` when an answer is not taken.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        limits: HttpSettings,
        on_idle: Callable[[], None],
        on_late: Callable[[], None],
        on_stuck: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._limits = limits
        self._on_idle, self._on_late, self._on_stuck = on_idle, on_late, on_stuck
        self._timer: asyncio.TimerHandle | None = None
        self._read_by, self._write_by = inf, inf
        self._awaits: Literal["nothing", "request", "head", "body", "end"] = "nothing"
        self._came, self._held_up = 0, False
        self._outlet: Outlet | None = None
        self._taken = 0
        self.since: float | None = None
        """Since when the client keeps the service waiting, on the loop's clock; None while it waits itself."""

    def await_request(self, seconds: float) -> None:
        """The next request may begin within this time."""
        self._await("request", seconds)
        self.since = self._loop.time()

    def await_head(self) -> None:
        """A head has begun."""
        if self._awaits == "request":
            self._await("head", self._limits.http_head_seconds)

    def await_body(self) -> None:
        """A head is there, and not all of its body."""
        if self._awaits != "body":
            self._await("body", self._limits.http_body_seconds)
            self._came, self._held_up = 0, False

    def await_nothing(self) -> None:
        """It is the client that waits."""
        self._awaits, self._read_by = "nothing", inf
        if self._write_by == inf:
            self.since = None

    def await_end(self) -> None:
        """The client may read why it is refused, and close."""
        self._await("end", _LINGER_SECONDS)
        self.since = self._loop.time()

    def came(self, count: int) -> None:
        """So many bytes have come."""
        self._came += count

    def hold_up(self) -> None:
        """It is not the client's fault that nothing comes: nobody reads."""
        self._held_up = True

    def await_taking(self, outlet: Outlet) -> None:
        """Much waits in this outlet to be taken, or the last of it."""
        self._outlet, self._taken = outlet, outlet.taken
        self.since = self._loop.time()
        self._write_by = self.since + self._limits.http_write_seconds
        self._arm()

    def taken(self) -> None:
        """The client has taken enough."""
        self._write_by = inf
        if self._awaits == "nothing":
            self.since = None

    def end(self) -> None:
        """Nothing is waited for any more."""
        self._read_by, self._write_by = inf, inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _await(self, what: Literal["request", "head", "body", "end"], seconds: float) -> None:
        self._awaits, self._read_by = what, self._loop.time() + seconds
        self._arm()

    def _arm(self) -> None:
        at = min(self._read_by, self._write_by)
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._fire) if at < inf else None

    def _fire(self) -> None:
        self._timer = None
        now = self._loop.time()
        if now >= self._read_by:
            self._read_by = inf
            self._nothing_came()
        if now >= self._write_by and self._outlet is not None:
            self._write_by = inf
            if self._outlet.taken - self._taken < self._limits.http_write_seconds * self._limits.http_slowest_rate:
                self._on_stuck()
            else:
                self.await_taking(self._outlet)
        self._arm()

    def _nothing_came(self) -> None:
        enough = self._limits.http_body_seconds * self._limits.http_slowest_rate
        match self._awaits:
            case "end":
                self._on_stuck()
            case "request":
                self._on_idle()
            case "body" if self._held_up or self._came >= enough:
                self._awaits = "nothing"
                self.await_body()
            case _:
                self._on_late()

"""How far the copy of a view must be for readers to use it: as far as the view was a second ago, and every erasure.

What is known of a view are its checkpoints, followed through the store's watch. A copy may trail them by the moment
that copying takes, but it must have every erasure that the view is known to have. While the watch is silent nobody
knows where a view is, and no copy is used.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic

from twinpath.errors import CopyTrails
from twinpath.views.interface import Checkpoints

TRAILING_SECONDS = 1.0
"""For how long a copy may lack what its view has."""
SILENT_SECONDS = 2.5
"""The watch tells something every second, if only that nothing moved."""


@dataclass(slots=True)
class _Reached:
    """Where a projection is, log -> position."""

    settled: dict[str, int] = field(default_factory=dict)
    """As it was known to be TRAILING_SECONDS ago."""
    needed: dict[str, int] = field(default_factory=dict)
    """The same, and the last erasure that it is known to have."""
    recent: deque[tuple[float, str, int]] = field(default_factory=deque)
    """When a move was heard of, its log and position; oldest first."""


class CopyBounds:
    """`erasures` are those of ViewReader. `clock` gives seconds that never go back."""

    def __init__(self, erasures: Callable[[str], Mapping[str, int]], clock: Callable[[], float] = monotonic) -> None:
        self.clock = clock
        self._erasures = erasures
        self._heard_at: float | None = None
        self._reached: dict[str, _Reached] = {}

    def heard(self, moved: Checkpoints, everything: bool = False) -> None:
        """Take note of checkpoints that moved, or of all of them; of none, when the watch says that none moved."""
        self._heard_at = now = self.clock()
        if everything:
            self._reached.clear()
        for (projection, log), position in moved.items():
            reached = self._reached.get(projection) or self._reached.setdefault(projection, _Reached())
            if everything:  # nobody knows since when
                reached.settled[log] = reached.needed[log] = position
                continue
            reached.needed[log] = max(reached.needed.get(log, 0), self._erasures(projection).get(log, 0))
            reached.recent.append((now, log, position))
            self._settle(reached, now)

    def needed(self, view: str) -> Mapping[str, int]:
        """Log -> position that a copy of the view must have reached to be read. Raises CopyTrails: it is not known."""
        return self._of(view).needed

    def settled(self, view: str) -> Mapping[str, int]:
        """Log -> position without which a copy trails for longer than it may. Raises CopyTrails: it is not known."""
        return self._of(view).settled

    def _of(self, view: str) -> _Reached:
        now = self.clock()
        if self._heard_at is None or now > self._heard_at + SILENT_SECONDS:
            raise CopyTrails("nothing was heard of the views' checkpoints for a while, so no copy can be checked")
        reached = self._reached.get(view)
        if reached is None:  # its projection has another name, or has never run
            raise CopyTrails(f"no projection has the name of the view {view}, so its copy can't be checked")
        self._settle(reached, now)
        return reached

    def _settle(self, reached: _Reached, now: float) -> None:
        while reached.recent and reached.recent[0][0] <= now - TRAILING_SECONDS:
            _, log, position = reached.recent.popleft()
            reached.settled[log] = position
            reached.needed[log] = max(reached.needed.get(log, 0), position)

"""What is wrong with a copy, seen from two looks at its positions: what stands still between them is not under way."""

from collections.abc import Mapping
from dataclasses import dataclass

Positions = Mapping[str, int]
"""Log -> position."""


@dataclass(frozen=True, slots=True)
class Drift:
    """The checkpoints of a view, the positions of its copy read after them, and those at the look before, if any."""

    checkpoints: Positions
    positions: Positions
    before: Positions | None

    @property
    def is_lost(self) -> bool:
        """Whether the copy was never begun, was emptied, has lost its position in a log, or is of a time that the views
        have not seen: nothing that it holds can be believed."""
        if not self.positions:
            return bool(self.checkpoints)
        return any(self._is_odd(log) and self._stands_still(log) for log in self.checkpoints)

    @property
    def behind(self) -> list[str]:
        """The logs of which it lacks something that does not come by itself."""
        reached = self.positions
        return [log for log, at in self.checkpoints.items() if reached.get(log, 0) < at and self._stands_still(log)]

    def _is_odd(self, log: str) -> bool:
        copied, at = self.positions.get(log), self.checkpoints[log]
        return at > 0 if copied is None else copied > at

    def _stands_still(self, log: str) -> bool:
        return self.before is not None and self.before.get(log) == self.positions.get(log)

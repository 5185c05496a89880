"""Where every projection is, as a query service has heard: each is there by now, or further."""

from collections.abc import Mapping, Set

from twinpath.domain.views import NOTHING
from twinpath.views.interface import Checkpoints


class HeardCheckpoints:
    """The checkpoints by projection; false before any were heard of."""

    def __init__(self) -> None:
        self._positions: dict[str, dict[str, int]] = {}
        """Projection -> log -> position."""
        self._given: dict[str, Mapping[str, int]] = {}
        """What was given out of it; a move changes none, so that whoever has it knows what was heard by then."""
        self._logs: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._positions)

    @property
    def logs(self) -> Set[str]:
        """Every log that any projection follows."""
        return self._logs

    def positions(self, projection: str) -> Mapping[str, int]:
        """Log -> position, as heard until now; empty when nothing was heard of the projection."""
        given = self._given.get(projection)
        if given is None:
            given = self._given[projection] = dict(self._positions.get(projection, NOTHING))
        return given

    def at(self, projection: str, log: str, default: float) -> float:
        """The position of a projection in a log, the default when it was not heard of."""
        return self._positions.get(projection, NOTHING).get(log, default)

    def begin(self, everything: Checkpoints) -> None:
        """All checkpoints there are: what was heard before counts no more."""
        self._positions.clear()
        self._given.clear()
        self._logs.clear()
        self.move(everything)

    def move(self, moved: Checkpoints) -> None:
        """These checkpoints have moved."""
        for (projection, log), position in moved.items():
            self._positions.setdefault(projection, {})[log] = position
            self._given.pop(projection, None)
            self._logs.add(log)

    def raise_to(self, looked: Checkpoints) -> Checkpoints:
        """Take what a look has found, which may be behind what was heard meanwhile; gives what is not."""
        higher = {key: at for key, at in looked.items() if at >= self.at(*key, 0)}
        self.move(higher)
        return higher

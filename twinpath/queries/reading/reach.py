"""How far what an answer shows has come: the positions that its causal token names.

Each read of an answer is a part, with positions that what it read had surely reached: of a copy those that came with
the document, of a view the checkpoints that had been heard of before the read began. A log counts at its least position
in all parts that follow it, so the token never promises more than was shown.
"""

from collections.abc import Mapping

from twinpath.http.causal_token import join_token
from twinpath.ids import category_of, log_of
from twinpath.queries.reading.heard import HeardCheckpoints

Positions = Mapping[str, int]
"""Log -> position."""


class Reach:
    """How far one answer reaches: its parts, as they are read.

    `stream` is the one that the answer is about, if any; with `alone` it shows no event of another.
    """

    __slots__ = ("_alone", "_heard", "_parts", "_stream")

    def __init__(self, heard: HeardCheckpoints, stream: str | None = None, alone: bool = False) -> None:
        self._heard = heard
        self._stream = stream
        self._alone = alone
        self._parts: list[tuple[Positions, Positions]] = []
        """What a part has reached, and every log that it follows."""

    def view(self, *views: str) -> None:
        """These views are read next."""
        for view in views:
            positions = self._heard.positions(view)
            self._parts.append((positions, positions))

    def copy(self, view: str, reached: Positions) -> None:
        """The copy of a view was read, which was this far at that moment. A log that it has nothing of is at 0."""
        self._parts.append((reached, self._heard.positions(view)))

    @property
    def positions(self) -> Positions:
        """Log -> position that all of the answer has reached; empty where that is not known."""
        if len(self._parts) == 1:
            return self._parts[0][0]
        least: dict[str, int] = {}
        for reached, followed in self._parts:
            if not followed:  # nothing was heard of this view: it may follow any log, from its beginning
                return {}
            for log in followed:
                position = reached.get(log, 0)
                least[log] = min(position, least.get(log, position))
        return least

    @property
    def token(self) -> str:
        """The same as a causal token, with the log of the stream first; empty where nothing is known."""
        positions = self.positions
        if self._stream is None:
            return join_token(positions)
        category = f"{category_of(self._stream)}."
        own = log_of(self._stream, max(1, sum(log.startswith(category) for log in positions)))
        if own not in positions:
            return "" if self._alone else join_token(positions)
        return join_token({own: positions[own], **({} if self._alone else positions)})

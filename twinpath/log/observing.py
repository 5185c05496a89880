"""Who wants to know how appending goes: told of each insert, and of each race that was lost."""

from typing import Literal


class AppendObserver:
    """Does nothing; what is told must be taken without blocking."""

    def inserted(self, commits: int, seconds: float) -> None:
        """An insert of that many commits came back, whatever became of it."""

    def lost_race(self, over: Literal["position", "version", "claim"]) -> None:
        """Another writer had the log's next position, the stream's next version or a claim first."""

"""What an import has come to: how many rows were taken, and why the others were not, by kind and line."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from twinpath.importing.batches import Refusal

_LINES = 10
"""Lines that are named of each kind."""


@dataclass
class Report:
    """Counts; of each kind of refusal the first lines and the words of the first are kept, not more."""

    taken: int = 0
    skipped: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    lines: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    words: dict[str, str] = field(default_factory=dict)

    def refused(self, refusal: Refusal) -> None:
        """Count a refusal."""
        self.kinds[refusal.kind] += 1
        self.words.setdefault(refusal.kind, refusal.detail)
        if len(self.lines[refusal.kind]) < _LINES:
            self.lines[refusal.kind].append(refusal.line)

    @property
    def refusals(self) -> int:
        """How many rows were not taken."""
        return self.kinds.total()

    def summary(self) -> dict[str, Any]:
        """As JSON data."""
        kinds = [
            {"kind": kind, "rows": count, "lines": self.lines[kind], "detail": self.words[kind]}
            for kind, count in self.kinds.most_common()
        ]
        return {"taken": self.taken, "refused": self.refusals, "skipped": self.skipped, "kinds": kinds}

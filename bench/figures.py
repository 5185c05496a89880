"""A figure: what was measured of ours and of its limit, round by round, and the goal that it is held against."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Goal:
    """A bound on the median, be it of the ratios or, where there is nothing to compare with, of the values."""

    bound: float
    at_most: bool = False
    unit: str = ""

    def __str__(self) -> str:
        return f"{'at most' if self.at_most else 'at least'} {self.bound:g}{self.unit and ' ' + self.unit}"

    def is_reached_by(self, median: float) -> bool:
        """Whether a median is within the bound."""
        return median <= self.bound if self.at_most else median >= self.bound


def at_least(bound: float) -> Goal:
    """A goal for ratios of rates."""
    return Goal(bound)


def at_most(bound: float, unit: str = "") -> Goal:
    """A goal for ratios of times, or with a unit for what is not compared."""
    return Goal(bound, True, unit)


@dataclass(frozen=True)
class Round:
    """One value of ours and one of the limit, measured next to each other; None where there is no limit."""

    ours: float
    against: float | None

    @property
    def value(self) -> float:
        """What the goal is about."""
        return self.ours if self.against is None else self.ours / self.against


@dataclass
class Curve:
    """What something costs at growing sizes: `of` is what grows, `line` whose cost it is; each round a cost a size."""

    of: str
    line: str
    sizes: Sequence[int]
    costs: list[Sequence[float]] = field(default_factory=list)


@dataclass
class Figure:
    """`name` says what is divided by what; `unit` is that of both. Of a curve: the largest size, and the smallest."""

    name: str
    goal: Goal
    unit: str
    rounds: list[Round] = field(default_factory=list)
    curve: Curve | None = None

    def add(self, ours: float, against: float | None = None) -> None:
        """Count in a round."""
        self.rounds.append(Round(ours, against))

    def add_costs(self, costs: Sequence[float]) -> None:
        """Count in a round of a curve: the cost at each of its sizes."""
        assert self.curve is not None
        self.curve.costs.append(costs)
        self.add(costs[-1], costs[0])

    @property
    def values(self) -> Sequence[float]:
        """The ratio of each round, or the value where nothing is compared."""
        return [round_.value for round_ in self.rounds]

    @property
    def reached(self) -> bool:
        """Whether the median reaches the goal."""
        return self.goal.is_reached_by(statistics.median(self.values))

    def __str__(self) -> str:
        values = self.values
        spread = f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"
        return f"{self.name}: {spread}, goal {self.goal}: {'reached' if self.reached else 'missed'}"

    def latest(self) -> str:
        """The last round in a line."""
        last = self.rounds[-1]
        if self.curve is not None:
            costs = (f"{size:,}: {cost:.4g}" for size, cost in zip(self.curve.sizes, self.curve.costs[-1], strict=True))
            return f"{self.name}: {last.value:.2f} ({', '.join(costs)} {self.unit})"
        against = "" if last.against is None else f" against {last.against:,.4g}: {last.value:.2f}"
        return f"{self.name}: {last.ours:,.4g}{against} {self.unit}"

    def as_json(self) -> dict[str, Any]:
        """Medians, and the rounds that they come from."""
        limits = [round_.against for round_ in self.rounds if round_.against is not None]
        return {
            "figure": self.name,
            "unit": self.unit,
            "ours": statistics.median(round_.ours for round_ in self.rounds),
            "against": statistics.median(limits) if limits else None,
            "ratio": statistics.median(self.values) if limits else None,
            "goal": str(self.goal),
            "bound": self.goal.bound,
            "at_most": self.goal.at_most,
            "reached": self.reached,
            "rounds": [{"ours": round_.ours, "against": round_.against} for round_ in self.rounds],
            **({"curve": asdict(self.curve)} if self.curve else {}),
        }

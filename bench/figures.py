"""A figure: measurements of Twinpath and of a limit, round by round, and the goal for their ratio."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Goal:
    """A bound on the median: of the ratios, or of the values where the figure has no limit."""

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
    """A goal for ratios of times, or, with a unit, for a value that has no limit beside it."""
    return Goal(bound, True, unit)


@dataclass(frozen=True)
class Round:
    """A value of Twinpath and a value of the limit, measured one after the other; None where there is no limit."""

    ours: float
    against: float | None

    @property
    def value(self) -> float:
        """The number that the goal applies to."""
        return self.ours if self.against is None else self.ours / self.against


@dataclass
class Curve:
    """A cost at growing sizes: `quantity` is what grows, `line` the cost; `costs` has a cost a size for each round."""

    quantity: str
    line: str
    sizes: Sequence[int]
    costs: list[Sequence[float]] = field(default_factory=list)


@dataclass
class Figure:
    """`name` gives numerator / denominator, `unit` the unit of both. A curve divides the largest size by the least."""

    name: str
    goal: Goal
    unit: str
    rounds: list[Round] = field(default_factory=list)
    curve: Curve | None = None

    def add(self, ours: float, against: float | None = None) -> None:
        """Add a round."""
        self.rounds.append(Round(ours, against))

    def add_costs(self, costs: Sequence[float]) -> None:
        """Add a round of a curve: the cost at each size."""
        assert self.curve is not None
        self.curve.costs.append(costs)
        self.add(costs[-1], costs[0])

    @property
    def values(self) -> Sequence[float]:
        """The ratio of every round, or the value where there is no limit."""
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
        """The last round, as a line of text."""
        last = self.rounds[-1]
        if self.curve is not None:
            costs = (f"{size:,}: {cost:.4g}" for size, cost in zip(self.curve.sizes, self.curve.costs[-1], strict=True))
            return f"{self.name}: {last.value:.2f} ({', '.join(costs)} {self.unit})"
        against = "" if last.against is None else f" against {last.against:,.4g}: {last.value:.2f}"
        return f"{self.name}: {last.ours:,.4g}{against} {self.unit}"

    def as_json(self) -> dict[str, Any]:
        """The medians and the rounds, as results keep them."""
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

"""Draws the figures as bars, each as a share of its goal, so that they fit on one axis."""

import statistics
from collections.abc import Sequence
from pathlib import Path

import matplotlib

from bench.results import Kept, values

matplotlib.use("Agg")
from matplotlib import pyplot  # after the choice of the backend

_REACHED, _MISSED = "#2a7f62", "#c0504d"


def draw(figures: Sequence[Kept], file: Path) -> None:
    """Write a PNG: a bar goes from the goal to the median; whiskers go from the least to the most."""
    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.38 * len(figures)), layout="constrained")
    for place, kept in enumerate(reversed(figures)):
        shares = [_share(kept, value) for value in values(kept)]
        median = statistics.median(shares)
        spread = [[median - min(shares)], [max(shares) - median]]
        axes.barh(
            place, median - 1, left=1, xerr=spread, color=_REACHED if kept["reached"] else _MISSED, ecolor="#444444"
        )
    axes.set_yticks(range(len(figures)), [kept["figure"] for kept in reversed(figures)], fontsize=8)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlabel("times as good as the goal asks (1 is the goal)")
    figure.savefig(file, dpi=110)
    pyplot.close(figure)


def _share(kept: Kept, value: float) -> float:
    bound: float = kept["bound"]
    return bound / max(value, 1e-9) if kept["at_most"] else max(value, 1e-9) / bound

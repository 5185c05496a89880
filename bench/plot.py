"""Draws the figures as bars, each as a share of its goal, so that they fit on one axis."""

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.results import Kept, values

_REACHED, _MISSED = "#2a7f62", "#c0504d"


@contextmanager
def picture(file: Path, *grid: int, dpi: int = 110, **options: Any) -> Iterator[Any]:
    """The axes of a new picture, one or a grid of them; at the end it is written as a PNG."""
    import matplotlib  # takes a second, which those who only read results need not wait

    matplotlib.use("Agg")
    from matplotlib import pyplot  # after the choice of the backend

    figure, axes = pyplot.subplots(*grid, layout="constrained", **options)
    yield axes
    figure.savefig(file, dpi=dpi, facecolor="white")
    pyplot.close(figure)


def draw(figures: Sequence[Kept], file: Path) -> None:
    """Write a PNG: a bar goes from the goal to the median; whiskers go from the least to the most."""
    with picture(file, figsize=(9, 1.2 + 0.38 * len(figures))) as axes:
        for place, kept in enumerate(reversed(figures)):
            shares = [_share(kept, value) for value in values(kept)]
            median = statistics.median(shares)
            spread = [[median - min(shares)], [max(shares) - median]]
            colour = _REACHED if kept["reached"] else _MISSED
            axes.barh(place, median - 1, left=1, xerr=spread, color=colour, ecolor="#444444")
        axes.set_yticks(range(len(figures)), [kept["figure"] for kept in reversed(figures)], fontsize=8)
        axes.axvline(1, color="black", linewidth=1)
        axes.set_xscale("log")
        axes.set_xlabel("times as good as the goal asks (1 is the goal)")


def _share(kept: Kept, value: float) -> float:
    bound: float = kept["bound"]
    return bound / max(value, 1e-9) if kept["at_most"] else max(value, 1e-9) / bound

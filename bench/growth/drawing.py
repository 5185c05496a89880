"""Draws the curves, a panel for every quantity that grows: costs as multiples of the cost at the smallest size."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.growth.curves import multiples, panels
from bench.plot import picture
from bench.results import Kept

_ACROSS = 2
_COLOURS = ("#2a6f97", "#c0504d", "#2a7f62", "#8a6d3b", "#6d4c8a")
_LEAST_TOP = 2.0
"""The least top of a panel, so that noise does not look like growth."""


def draw(figures: Sequence[Kept], file: Path) -> bool:
    """Write a PNG; returns False when there is no curve. Points are medians, whiskers go from the least to the most."""
    curves = panels(figures)
    if not curves:
        return False
    down = -(-len(curves) // _ACROSS)
    with picture(file, down, _ACROSS, figsize=(11, 0.6 + 4.2 * down), squeeze=False) as places:
        for axes, (quantity, lines) in zip(places.flat, curves.items(), strict=False):
            _panel(axes, quantity, lines)
        for axes in list(places.flat)[len(curves) :]:
            axes.remove()
    return True


def _panel(axes: Any, quantity: str, lines: Sequence[Kept]) -> None:
    sizes = max((kept["curve"]["sizes"] for kept in lines), key=len)
    top, bounds = _LEAST_TOP, set[float]()
    for kept, colour in zip(lines, _COLOURS, strict=False):
        values = multiples(kept)
        medians = [statistics.median(rounds) for rounds in values]
        low = [median - min(rounds) for median, rounds in zip(medians, values, strict=True)]
        high = [max(rounds) - median for median, rounds in zip(medians, values, strict=True)]
        smallest = statistics.median(round_[0] for round_ in kept["curve"]["costs"])
        label = f"{kept['curve']['line']} ({smallest:.3g} {kept['unit']})"
        axes.errorbar(
            kept["curve"]["sizes"], medians, [low, high], label=label, color=colour, marker="o", markersize=4, capsize=3
        )
        bounds.add(kept["bound"])
        top = max(top, 1.1 * max(map(max, values)))
    for bound in bounds:
        axes.axhline(bound, color="#444444", linewidth=1, linestyle=":")
        at = axes.get_yaxis_transform()
        axes.text(0.01, bound, f"goal {bound:g}", transform=at, va="bottom", fontsize=8)
    least = min(size for size in sizes if size)
    axes.set_xscale("symlog", linthresh=least, linscale=0.6)
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.set_xlim(-least / 4 if 0 in sizes else least / 1.6, sizes[-1] * 2)
    axes.set_ylim(0, top)
    axes.set_xlabel(quantity)
    axes.set_ylabel("times the cost at the smallest size")
    axes.grid(axis="y", alpha=0.3)
    axes.legend(loc="lower right", fontsize=8, title="cost at the smallest size in brackets", title_fontsize=8)

"""Writes the newest figures into docs/performance.md, between two markers, as a table with its plot."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from bench.results import Kept, values

BEGIN = "<!-- bench: written by `make bench`, whatever stands here is replaced -->"
END = "<!-- bench: end -->"
_HEAD = "| figure | ratio | ours | against | goal | reached | measured |\n|---|---|---|---|---|---|---|\n"


def table(figures: Sequence[Kept], machine: Kept) -> str:
    """The machine of the latest run, and a row for every figure."""
    servers = ", ".join(f"{name} {version}" for name, version in machine["servers"].items())
    measured = (
        f"Latest run: {machine['cores']} cores, {machine['memory'] / 2**30:.0f} GiB, Python {machine['python']},"
        f" PyMongo {machine['libraries']['pymongo']}, {servers}. Medians (least to most):\n\n"
    )
    return measured + _HEAD + "".join(_row(figure) for figure in figures)


def _row(kept: Kept) -> str:
    spread = values(kept)
    median = f"{statistics.median(spread):.2f} ({min(spread):.2f} to {max(spread):.2f})"
    compared = kept["against"] is not None
    ours = f"{kept['ours']:,.4g} {kept['unit']}" if compared else f"{median} {kept['unit']}"
    against = f"{kept['against']:,.4g} {kept['unit']}" if compared else ""
    reached = "yes" if kept["reached"] else "no"
    ratio = median if compared else ""
    return f"| {kept['figure']} | {ratio} | {ours} | {against} | {kept['goal']} | {reached} | {kept['date']} |\n"


def put(page: str, written: str, begin: str = BEGIN, end: str = END) -> str:
    """The page with `written` between the markers.

    Raises:
        ValueError: the page has no markers.
    """
    before, begun, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not (begun and ended):
        raise ValueError(f"the page has no {begin} with its end")
    return f"{before}{begin}\n\n{written}\n{end}{after}"


def write(source: Path, target: Path, figures: Sequence[Kept], machine: Kept, plot: str, curves: str = "") -> None:
    """Write `source` with the table and the pictures called `plot` and `curves` to `target`, which may be the same."""
    pictures = f"![How far each figure is]({plot})\n"
    if curves:
        pictures += f"\n![What each thing costs at growing sizes]({curves})\n"
    target.write_text(put(source.read_text(), f"{table(figures, machine)}\n{pictures}"))

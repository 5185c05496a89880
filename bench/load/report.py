"""A load's figures for people: a line a second, a table, a picture."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.load.figures import KINDS, Second, milliseconds

_PERCENTILES = (50.0, 90.0, 99.0, 99.9)


def total(seconds: Sequence[Second]) -> Second:
    """The sum of all seconds."""
    whole = Second()
    for second in seconds:
        whole.add(second)
    return whole


def line(number: int, second: Second) -> str:
    """A second as a line of text."""
    p99 = ", ".join(f"{kind} {milliseconds(second.times[kind], 99):,.1f}" for kind in KINDS)
    bad = f", {second.refused} refused, {second.failed} failed" if second.refused or second.failed else ""
    return f"{number:4} s: {second.answered:,} answered; p99 in ms: {p99}{bad}"


def table(rate: float, seconds: Sequence[Second], console: Console) -> None:
    """Print the percentiles of a load as a table."""
    whole = total(seconds)
    shown = Table("ms", "answers", *(f"p{percentile:g}" for percentile in _PERCENTILES), "longest")
    for kind in KINDS:
        times = whole.times[kind]
        cells = [f"{milliseconds(times, percentile):,.1f}" for percentile in (*_PERCENTILES, 100.0)]
        shown.add_row(kind, f"{times.total_count:,}", *cells)
    console.print(shown)
    console.print(f"{rate:,.0f} requests/s sent; {whole.refused:,} refused, {whole.failed:,} failed", highlight=False)


def picture(seconds: Sequence[Second], file: Path) -> None:
    """Draw latency and lag over time as a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (rates, times) = pyplot.subplots(2, 1, sharex=True, figsize=(9, 6))
    rates.plot([second.answered for second in seconds], label="answered")
    rates.plot([second.refused + second.failed for second in seconds], label="refused or failed")
    rates.set_ylabel("requests a second")
    for kind in KINDS:
        for percentile, style in ((50, "--"), (99, "-")):
            values = [milliseconds(second.times[kind], percentile) for second in seconds]
            times.plot(values, style, label=f"{kind}, p{percentile}")
    times.set_ylabel("ms, from when it was due")
    times.set_yscale("log")
    times.set_xlabel("seconds")
    for axes in (rates, times):
        axes.legend(fontsize="small")
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(file)

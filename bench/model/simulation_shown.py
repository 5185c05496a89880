"""What the simulation has found, as tables and a picture."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib

from bench.model.costs_shown import head, row
from bench.results import Kept

matplotlib.use("Agg")
from matplotlib import pyplot  # after the choice of what draws

PICTURE = "simulation.png"
Rows = list[dict[str, float]]


def section(found: Mapping[str, Kept], folder: Path) -> str:
    """The tables; the picture goes into the folder."""
    kept = found["simulation"]
    _draw(kept, folder / PICTURE)
    return "\n".join(
        (_logs(kept), _replicas(kept), f"![Spread, hot stream, shared log]({PICTURE})\n", _hot(kept), _shared(kept))
    )


def _values(rows: Rows, name: str) -> list[float]:
    return list(dict.fromkeys(each[name] for each in rows))


def _cell(rows: Rows, found: str, **given: float) -> str:
    (one,) = (each for each in rows if all(each[name] == value for name, value in given.items()))
    return f"{one[found]:.2f} ({one[f'most {found}']:.2f})"


def _logs(kept: Kept) -> str:
    rows, hot = kept["logs"], kept["hot logs"]
    partitions = _values(rows, "partitions")
    table = head(
        "busiest log / mean of all, median (most) of the seeds", *(f"{count:.0f} logs" for count in partitions)
    )
    for exponent in _values(rows, "exponent"):
        cells = (_cell(rows, "busiest", exponent=exponent, partitions=count) for count in partitions)
        table += row("all streams alike" if not exponent else f"Zipf, exponent {exponent:g}", *cells)
    for share in _values(hot, "share"):
        cells = (_cell(hot, "busiest", share=share, partitions=count) for count in partitions)
        table += row(f"one stream has {share:.0%}", *cells)
    return table


def _replicas(kept: Kept) -> str:
    rows = kept["replicas"]
    replicas = _values(rows, "replicas")
    table = head("busiest replica / mean of all", *(f"{count:.0f} replicas" for count in replicas))
    for partitions in _values(rows, "partitions"):
        cells = (_cell(rows, "busiest", partitions=partitions, replicas=count) for count in replicas)
        table += row(f"{partitions:.0f} logs", *cells)
    return table


def _hot(kept: Kept) -> str:
    table = head(
        "commands a second on the hot stream", "done", "hot p50, ms", "hot p99, ms", "others p50, ms", "others p99, ms"
    )
    for each in kept["hot"]:
        times = (f"{each[name]:,.1f}" for name in ("hot p50", "hot p99", "others p50", "others p99"))
        table += row(f"{each['rate']:,.0f}", f"{each['hot rate']:,.0f}", *times)
    return table


def _shared(kept: Kept) -> str:
    rows = kept["shared"]
    writers = _values(rows, "writers")
    table = head(
        "one log, written by so many replicas: p99 in ms (races lost an insert)", *(f"{count:.0f}" for count in writers)
    )
    for rate in _values(rows, "rate"):
        of = [each for each in rows if each["rate"] == rate]
        table += row(f"{rate:,.0f} commits/s", *(f"{each['p99']:,.0f} ({each['lost']:.1f})" for each in of))
    measured = {count: f"{p99:,.0f} ({lost:.1f})" for count, _, p99, lost in kept["measured"]}
    return table + row("300 commits/s, measured", *(measured.get(count, "") for count in writers))


def _draw(kept: Kept, file: Path) -> None:
    figure, ((logs, replicas), (hot, shared)) = pyplot.subplots(2, 2, figsize=(12, 8.5), layout="constrained")
    _lines(logs, kept["logs"], "exponent", "partitions", "busiest", "Zipf exponent {:g}")
    logs.set(title="Load over logs, 100,000 streams", xlabel="logs of a category", ylabel="busiest log / mean")
    _lines(replicas, kept["replicas"], "partitions", "replicas", "busiest", "{:.0f} logs")
    replicas.set(title="Logs over replicas, all logs alike", xlabel="replicas", ylabel="busiest replica / mean")
    for name, style in (("hot", "-"), ("others", "--")):
        for percentile in ("p50", "p99"):
            values = [each[f"{name} {percentile}"] for each in kept["hot"]]
            hot.plot([each["rate"] for each in kept["hot"]], values, style, marker=".", label=f"{name}, {percentile}")
    hot.set(title="One hot stream, 1,000 commits/s of others in its log", yscale="log")
    hot.set(xlabel="commands a second on the hot stream", ylabel="ms until durable")
    _lines(shared, kept["shared"], "rate", "writers", "p99", "{:,.0f} commits/s")
    measured = [(count, p99) for count, _, p99, _ in kept["measured"]]
    shared.plot(*zip(*measured, strict=True), "kx", label="300 commits/s, measured")
    shared.set(title="One log written by several replicas", xlabel="replicas", ylabel="p99, ms until durable")
    shared.set_ylim(
        1, 2 * max(p99 for p99 in (*(each["p99"] for each in kept["shared"]), *(p99 for _, p99 in measured)))
    )
    for axes in (logs, replicas, shared):
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter("{x:.0f}")
    for axes in (logs, replicas, hot, shared):
        axes.yaxis.set_major_formatter("{x:g}")
        axes.grid(alpha=0.3, which="both")
        axes.legend(fontsize="small", loc="lower right" if axes is shared else "upper left")
    figure.savefig(file, dpi=100)
    pyplot.close(figure)


def _lines(axes: Any, rows: Rows, line: str, along: str, of: str, label: str) -> None:
    """A line for each value of `line`, its points at the values of `along`."""
    for value in _values(rows, line):
        points = [(each[along], each[of]) for each in rows if each[line] == value]
        axes.plot(*zip(*points, strict=True), marker=".", label=label.format(value))

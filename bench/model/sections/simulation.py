"""The section of docs/scaling-tables.md with the results of the simulation: tables and a picture."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.model.sections.costs import head, row
from bench.plot import picture
from bench.results import Kept

PICTURE = "simulation.png"
Rows = list[dict[str, float]]


def section(data: Mapping[str, Kept], folder: Path) -> str:
    """The tables; the picture is written into the folder."""
    kept = data["simulation"]
    _draw(kept, folder / PICTURE)
    return "\n".join(
        (_logs(kept), _replicas(kept), f"![Spread, hot stream, shared log]({PICTURE})\n", _hot(kept), _shared(kept))
    )


def _values(rows: Rows, name: str) -> list[float]:
    return list(dict.fromkeys(point[name] for point in rows))


def _busiest(rows: Rows, line: str, label: Callable[[float], str]) -> str:
    """A line for every value of `line`, with the points in their order."""
    cells = {value: [point for point in rows if point[line] == value] for value in _values(rows, line)}
    return "".join(
        row(label(value), *(f"{point['busiest']:.2f} ({point['most busiest']:.2f})" for point in points))
        for value, points in cells.items()
    )


def _logs(kept: Kept) -> str:
    rows = kept["logs"]
    counts = (f"{count:.0f} logs" for count in _values(rows, "partitions"))
    table = head("busiest log / mean of all, median (most) of the seeds", *counts)
    table += _busiest(rows, "exponent", lambda value: f"Zipf, exponent {value:g}" if value else "all streams alike")
    return table + _busiest(kept["hot logs"], "share", lambda value: f"one stream has {value:.0%}")


def _replicas(kept: Kept) -> str:
    rows = kept["replicas"]
    table = head("busiest replica / mean of all", *(f"{count:.0f} replicas" for count in _values(rows, "replicas")))
    return table + _busiest(rows, "partitions", lambda value: f"{value:.0f} logs")


def _hot(kept: Kept) -> str:
    table = head(
        "commands a second on the hot stream", "done", "hot p50, ms", "hot p99, ms", "others p50, ms", "others p99, ms"
    )
    for point in kept["hot"]:
        times = (f"{point[name]:,.1f}" for name in ("hot p50", "hot p99", "others p50", "others p99"))
        table += row(f"{point['rate']:,.0f}", f"{point['hot rate']:,.0f}", *times)
    return table


def _shared(kept: Kept) -> str:
    rows = kept["shared"]
    writers = _values(rows, "writers")
    table = head(
        "one log, written by so many replicas: p99 in ms (races lost an insert)", *(f"{count:.0f}" for count in writers)
    )
    for rate in _values(rows, "rate"):
        points = [point for point in rows if point["rate"] == rate]
        table += row(f"{rate:,.0f} commits/s", *(f"{point['p99']:,.0f} ({point['lost']:.1f})" for point in points))
    measured = {count: f"{p99:,.0f} ({lost:.1f})" for count, _, p99, lost in kept["measured"]}
    return table + row("300 commits/s, measured", *(measured.get(count, "") for count in writers))


def _draw(kept: Kept, file: Path) -> None:
    with picture(file, 2, 2, dpi=100, figsize=(12, 8.5)) as ((logs, replicas), (hot, shared)):
        _lines(logs, kept["logs"], "exponent", "partitions", "busiest", "Zipf exponent {:g}")
        logs.set(title="Load over logs, 100,000 streams", xlabel="logs of a category", ylabel="busiest log / mean")
        _lines(replicas, kept["replicas"], "partitions", "replicas", "busiest", "{:.0f} logs")
        replicas.set(title="Logs over replicas, all logs alike", xlabel="replicas", ylabel="busiest replica / mean")
        for name, style in (("hot", "-"), ("others", "--")):
            for percentile in ("p50", "p99"):
                values = [point[f"{name} {percentile}"] for point in kept["hot"]]
                hot.plot(
                    [point["rate"] for point in kept["hot"]], values, style, marker=".", label=f"{name}, {percentile}"
                )
        hot.set(title="One hot stream, 1,000 commits/s of others in its log", yscale="log")
        hot.set(xlabel="commands a second on the hot stream", ylabel="ms until durable")
        _lines(shared, kept["shared"], "rate", "writers", "p99", "{:,.0f} commits/s")
        measured = [(count, p99) for count, _, p99, _ in kept["measured"]]
        shared.plot(*zip(*measured, strict=True), "kx", label="300 commits/s, measured")
        shared.set(title="One log written by several replicas", xlabel="replicas", ylabel="p99, ms until durable")
        shared.set_ylim(1, 2 * max(*(point["p99"] for point in kept["shared"]), *(p99 for _, p99 in measured)))
        for axes in (logs, replicas, shared):
            axes.set_xscale("log", base=2)
            axes.set_yscale("log")
            axes.xaxis.set_major_formatter("{x:.0f}")
        for axes in (logs, replicas, hot, shared):
            axes.yaxis.set_major_formatter("{x:g}")
            axes.grid(alpha=0.3, which="both")
            axes.legend(fontsize="small", loc="lower right" if axes is shared else "upper left")


def _lines(axes: Any, rows: Rows, line: str, along: str, result: str, label: str) -> None:
    """Draw a line of `result` for every value of `line`, with points at the values of `along`."""
    for value in _values(rows, line):
        points = [(point[along], point[result]) for point in rows if point[line] == value]
        axes.plot(*zip(*points, strict=True), marker=".", label=label.format(value))

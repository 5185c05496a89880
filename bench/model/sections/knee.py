"""The section of docs/scaling-tables.md with the knee: a table, and a picture of latency and lag over time."""

from collections.abc import Mapping
from pathlib import Path

from bench.load.figures import KINDS
from bench.load.knee import COMMAND_P99, QUERY_P99
from bench.model.sections.costs import head, measured_on, row
from bench.plot import picture
from bench.results import Kept

PICTURE = "knee.png"
_COLOURS = dict(zip(KINDS, ("tab:blue", "tab:orange", "tab:green"), strict=True))


def section(data: Mapping[str, Kept], folder: Path) -> str:
    """The table; the picture is written into the folder."""
    kept = data["knee"]
    _draw(kept, folder / PICTURE)
    table = head(
        "replicas of each service", "the knee, requests/s", "too much", *(f"{kind} p50, p99, ms" for kind in KINDS)
    )
    for replicas, knee in kept["replicas"].items():
        times = (f"{knee['whole'][f'{kind} p50']:,.1f}, {knee['whole'][f'{kind} p99']:,.1f}" for kind in KINDS)
        table += row(replicas, f"{knee['good']:,.0f}", f"{knee['bad']:,.0f}", *times)
    return f"{measured_on(kept)}\n{table}\n![Latency and lag over time at the knee]({PICTURE})\n"


def _draw(kept: Kept, file: Path) -> None:
    columns = kept["replicas"]
    with picture(file, 1, len(columns), dpi=100, figsize=(11, 4.5), sharey=True, squeeze=False) as [all_axes]:
        for axes, (replicas, knee) in zip(all_axes, columns.items(), strict=True):
            for kind in KINDS:
                for percentile, style in (("p50", "--"), ("p99", "-")):
                    values = [second[f"{kind} {percentile}"] or float("nan") for second in knee["seconds"]]
                    axes.plot(values, style, color=_COLOURS[kind], label=f"{kind}, {percentile}")
            for limit, kind in ((COMMAND_P99, "command"), (QUERY_P99, "query")):
                axes.axhline(limit, color=_COLOURS[kind], linewidth=0.8, linestyle=":")
            axes.set(
                title=f"{replicas} of each service, {knee['rate']:,.0f} requests/s", xlabel="seconds", yscale="log"
            )
            axes.yaxis.set_major_formatter("{x:g}")
            axes.grid(alpha=0.3, which="both")
        all_axes[0].set_ylabel("ms, from when it was due (lag: from the answer)")
        all_axes[0].figure.legend(
            *all_axes[0].get_legend_handles_labels(), fontsize="small", loc="outside lower center", ncols=6
        )

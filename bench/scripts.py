"""The scripts that measure, by name, and how a run of some of them goes."""

import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

from bench import page, plot, results
from bench.facts import filling, reports
from bench.growth import drawing, log_size, open_waits, parked_streams, stream_length, view_documents
from bench.load import measured_knee
from bench.log import append, contended, driver
from bench.machine import machine
from bench.model import costs, scaling, simulation
from bench.model.sections import page as scaling_page
from bench.run import Run
from bench.search import busy
from bench.services import identity, lag, over_http, overload, start
from bench.sizes import Sizes
from bench.views import live, rebuild
from deploy.checkout import CHECKOUT
from twinpath.running.settings import read_settings

SCRIPTS: dict[str, Callable[[Run], None]] = {
    "append": append.measure,
    "contended": contended.measure,
    "command": over_http.command,
    "query": over_http.query,
    "identity": identity.measure,
    "live": live.measure,
    "lag": lag.measure,
    "rebuild": rebuild.measure,
    "facts": filling.measure,
    "reports": reports.measure,
    "search": busy.measure,
    "start": start.measure,
    "driver": driver.measure,
    "overload": overload.measure,
    "costs": costs.measure,
    "simulation": simulation.measure,
    "scaling": scaling.measure,
    "knee": measured_knee.measure,
    "growth_stream": stream_length.measure,
    "growth_log": log_size.measure,
    "growth_documents": view_documents.measure,
    "growth_parked": parked_streams.measure,
    "growth_waits": open_waits.measure,
}
GROUPS = {
    "growth": [name for name in SCRIPTS if name.startswith("growth_")],
    "listing": ["growth_documents"],
    "long_stream": ["growth_stream"],
}
"""Name of a group, or of a figure that another script measures too -> the scripts."""
DOCS = CHECKOUT / "docs"


def run_scripts(wanted: list[str]) -> int:
    """Run these scripts and keep the results after each of them; returns the number of failures."""
    sizes = read_settings(Sizes)
    host = machine()
    failed = 0
    with Run(sizes, len(wanted)) as run:
        if host["load_before"] > host["cores"] / 2:
            run.say(
                f"A busy machine (load {host['load_before']:.1f}, {host['cores']} cores): the figures will say little."
            )
        for name in wanted:
            run.begin(name)
            try:
                SCRIPTS[name](run)
            except Exception:  # one failure must not cost the other figures
                run.say(f"{name} failed:\n{traceback.format_exc()}")
                failed += 1
            figures = run.end()
            if figures or run.data:
                results.write(sizes.folder, datetime.now(UTC).date(), host, figures, run.data)
    target = sizes.folder if sizes.trial else DOCS
    if newest := results.newest_figures(sizes.folder):
        plot.draw(newest, target / "performance.png")
        curves = "growth.png" if drawing.draw(newest, target / "growth.png") else ""
        page.write(DOCS / "performance.md", target / "performance.md", newest, host, "performance.png", curves)
        print(f"Written: {sizes.folder} and {target / 'performance.md'}")
    if data := results.newest_data(sizes.folder):
        scaling_page.write(DOCS / "scaling-tables.md", target / "scaling-tables.md", data)
        print(f"Written: {sizes.folder} and {target / 'scaling-tables.md'}")
    return failed


def run_chosen(arguments: list[str]) -> int:
    """Run the scripts that a command line names, all of them where it names none; returns the number of failures."""
    names = [name for argument in arguments or SCRIPTS for name in GROUPS.get(argument, [argument])]
    if unknown := set(names) - set(SCRIPTS):
        sys.exit(f"no figure {', '.join(sorted(unknown))}; there are {', '.join([*SCRIPTS, *GROUPS])}")
    return run_scripts(names)

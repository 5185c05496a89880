"""Runs the measurements: `python -m bench [NAME ...]`, all of them without a name."""

import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

from bench import (
    append,
    contended,
    costs,
    driver,
    knee,
    lag,
    listing,
    live,
    long_stream,
    over_http,
    overload,
    page,
    plot,
    rebuild,
    results,
    scaling,
    simulation,
    start,
)
from bench.growth import drawing, log_size, open_waits, parked_streams, stream_length, view_documents
from bench.machine import machine
from bench.model import scaling_page
from bench.run import Run
from bench.sizes import Sizes
from deploy.checkout import CHECKOUT
from twinpath.running.settings import read_settings

SCRIPTS: dict[str, Callable[[Run], None]] = {
    "append": append.measure,
    "contended": contended.measure,
    "command": over_http.command,
    "query": over_http.query,
    "listing": listing.measure,
    "live": live.measure,
    "lag": lag.measure,
    "rebuild": rebuild.measure,
    "long_stream": long_stream.measure,
    "start": start.measure,
    "driver": driver.measure,
    "overload": overload.measure,
    "costs": costs.measure,
    "simulation": simulation.measure,
    "scaling": scaling.measure,
    "knee": knee.measure,
    "growth_stream": stream_length.measure,
    "growth_log": log_size.measure,
    "growth_documents": view_documents.measure,
    "growth_parked": parked_streams.measure,
    "growth_waits": open_waits.measure,
}
GROUPS = {"growth": [name for name in SCRIPTS if name.startswith("growth_")]}
"""Names for several."""
DOCS = CHECKOUT / "docs"


def main(wanted: list[str]) -> int:
    """Run these scripts and keep what came out after each of them; how many have failed."""
    sizes = read_settings(Sizes)
    on = machine()
    failed = 0
    with Run(sizes, len(wanted)) as run:
        if on["load_before"] > on["cores"] / 2:
            run.say(f"A busy machine (load {on['load_before']:.1f}, {on['cores']} cores): the figures will say little.")
        for name in wanted:
            run.begin(name)
            try:
                SCRIPTS[name](run)
            except Exception:  # whatever it is, the other figures are still to be had
                run.say(f"{name} failed:\n{traceback.format_exc()}")
                failed += 1
            figures = run.end()
            if figures or run.kept:
                results.write(sizes.folder, datetime.now(UTC).date(), on, figures, run.kept)
    shown = sizes.folder if sizes.trial else DOCS
    if figures_known := results.newest(sizes.folder):
        plot.draw(figures_known, shown / "performance.png")
        curves = "growth.png" if drawing.draw(figures_known, shown / "growth.png") else ""
        page.write(DOCS / "performance.md", shown / "performance.md", figures_known, on, "performance.png", curves)
        print(f"Written: {sizes.folder} and {shown / 'performance.md'}")
    if found := results.newest_found(sizes.folder):
        scaling_page.write(DOCS / "scaling.md", shown / "scaling.md", found)
        print(f"Written: {sizes.folder} and {shown / 'scaling.md'}")
    return failed


if __name__ == "__main__":
    names = [name for asked in sys.argv[1:] or SCRIPTS for name in GROUPS.get(asked, [asked])]
    if unknown := set(names) - set(SCRIPTS):
        sys.exit(f"no figure {', '.join(sorted(unknown))}; there are {', '.join([*SCRIPTS, *GROUPS])}")
    sys.exit(main(names))

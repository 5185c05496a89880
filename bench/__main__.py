"""Runs the measurements: `python -m bench [NAME ...]`, all of them without a name."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime

from bench import (
    append,
    contended,
    driver,
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
    start,
)
from bench.machine import machine
from bench.run import Run
from bench.sizes import Sizes
from deploy.checkout import CHECKOUT
from shared.settings import read_settings

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
}
DOCS = CHECKOUT / "docs"


def main(wanted: list[str]) -> None:
    """Run these scripts, keep what came out after each of them."""
    sizes = read_settings(Sizes)
    on = machine()
    with Run(sizes, len(wanted)) as run:
        for name in wanted:
            before = len(run.figures)
            run.begin(name)
            SCRIPTS[name](run)
            run.end(before)
            if run.figures[before:]:
                results.write(sizes.folder, datetime.now(UTC).date(), on, run.figures[before:])
    figures = results.newest(sizes.folder)
    if figures:
        shown = sizes.folder if sizes.trial else DOCS
        plot.draw(figures, shown / "performance.png")
        page.write(DOCS / "performance.md", shown / "performance.md", figures, on, "performance.png")
        print(f"Written: {sizes.folder} and {shown / 'performance.md'}")


if __name__ == "__main__":
    names = sys.argv[1:] or list(SCRIPTS)
    if unknown := set(names) - set(SCRIPTS):
        sys.exit(f"no figure {', '.join(sorted(unknown))}; there are {', '.join(SCRIPTS)}")
    main(names)

"""Runs the measurements: `python -m bench [NAME ...]`, all of them without a name."""

import sys

from bench import append, driver, over_http, overload, rebuild

FIGURES = {
    "append": append.main,
    "command": over_http.command,
    "query": over_http.query,
    "driver": driver.main,
    "rebuild": rebuild.main,
    "overload": overload.main,
}

if __name__ == "__main__":
    wanted = sys.argv[1:] or list(FIGURES)
    if unknown := set(wanted) - set(FIGURES):
        sys.exit(f"no figure {', '.join(sorted(unknown))}; there are {', '.join(FIGURES)}")
    for name in wanted:
        print(f"\n{name}")
        FIGURES[name]()

"""Runs the measurements: `python -m bench [NAME]`."""

import sys

from bench import append

FIGURES = {"append": append.main}

if __name__ == "__main__":
    for name in sys.argv[1:] or FIGURES:
        FIGURES[name]()

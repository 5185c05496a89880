"""Runs the measurements: `python -m bench [NAME ...]`, all of them without a name."""

import sys

if __name__ == "__main__":
    # each process that a measurement starts imports this file: no script is to be charged for what the others need
    from bench.scripts import run_chosen

    sys.exit(run_chosen(sys.argv[1:]))

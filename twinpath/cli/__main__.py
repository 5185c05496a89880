"""Starts the command line: `python -m twinpath.cli`, the same as `twinpath`."""

from twinpath.cli.app import main

if __name__ == "__main__":
    main()

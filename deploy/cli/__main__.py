"""Starts the command line: `python -m deploy.cli`, the same as `twinpath`."""

from deploy.cli.app import app

if __name__ == "__main__":
    app()

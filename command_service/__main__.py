"""Starts the command service: `python -m command_service`; with `--check` it only says whether it would start."""

from command_service.application import COMMANDS
from twinpath.commands.service import run

if __name__ == "__main__":
    run(COMMANDS)

"""Starts the projector service: `python -m projector_service`; with `--check` it only says whether it would start."""

from projector_service.application import PROJECTIONS
from twinpath.projecting.service import run

if __name__ == "__main__":
    run(PROJECTIONS)

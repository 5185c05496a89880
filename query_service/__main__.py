"""Starts the query service: `python -m query_service`; with `--check` it only says whether it would start."""

from query_service.application import QUERIES
from twinpath.queries.service import run

if __name__ == "__main__":
    run(QUERIES)

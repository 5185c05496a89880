"""Writes the data of the model's scripts into docs/scaling-tables.md, every section between markers of its own."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bench.model.sections import costs, knee, scaling, simulation
from bench.page import put
from bench.results import Kept

SECTIONS: Mapping[str, Callable[[Mapping[str, Kept], Path], str]] = {
    "costs": costs.section,
    "simulation": simulation.section,
    "scaling": scaling.section,
    "knee": knee.section,
}
"""Name of the data -> its section, given all data and the folder for pictures."""


def marks(name: str) -> tuple[str, str]:
    """The markers at the beginning and the end of a section."""
    begin = f"<!-- bench {name}: written by `make bench NAME={name}`, whatever stands here is replaced -->"
    return begin, f"<!-- bench {name}: end -->"


def write(source: Path, target: Path, data: Mapping[str, Kept]) -> None:
    """Write `source` with the sections of the data to `target`, which may be the same, with the pictures beside it."""
    page = source.read_text()
    for name, section in SECTIONS.items():
        if name in data:
            page = put(page, section(data, target.parent), *marks(name))
    target.write_text(page)

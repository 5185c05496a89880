"""Writes what the scripts of the model have found into docs/scaling.md, each between markers of its own."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bench.model import costs_shown, knee_shown, scaling_shown, simulation_shown
from bench.page import put
from bench.results import Kept

SECTIONS: Mapping[str, Callable[[Mapping[str, Kept], Path], str]] = {
    "costs": costs_shown.section,
    "simulation": simulation_shown.section,
    "scaling": scaling_shown.section,
    "knee": knee_shown.section,
}
"""By name of what was found: what is written of it, given all that was found and the folder for pictures."""


def marks(name: str) -> tuple[str, str]:
    """Where a section begins and ends."""
    begin = f"<!-- bench {name}: written by `make bench NAME={name}`, whatever stands here is replaced -->"
    return begin, f"<!-- bench {name}: end -->"


def write(source: Path, target: Path, found: Mapping[str, Kept]) -> None:
    """Write `source` with the sections of what was found to `target`, which may be the same, its pictures beside it."""
    page = source.read_text()
    for name, section in SECTIONS.items():
        if name in found:
            page = put(page, section(found, target.parent), *marks(name))
    target.write_text(page)

"""Keeps figures as JSON, a file a day, and finds the newest of each among the files."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from bench.figures import Figure

Kept = dict[str, Any]
"""A figure as Figure.as_json gives it; what `newest` finds has its `date` too."""


def write(folder: Path, day: date, machine: Kept, figures: Sequence[Figure]) -> Path:
    """Put the figures into the day's file, in place of those of the same name."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{day.isoformat()}.json"
    kept = {old["figure"]: old for old in json.loads(file.read_text())["figures"]} if file.exists() else {}
    kept |= {figure.name: figure.as_json() for figure in figures}
    file.write_text(json.dumps({"machine": machine, "figures": list(kept.values())}, indent=1) + "\n")
    return file


def newest(folder: Path) -> list[Kept]:
    """Each figure as it was measured last, in the order in which they first appear."""
    found: dict[str, Kept] = {}
    for file in sorted(folder.glob("*.json")):
        for kept in json.loads(file.read_text())["figures"]:
            found[kept["figure"]] = {**kept, "date": file.stem}
    return list(found.values())


def values(kept: Kept) -> list[float]:
    """The ratio of each round, or the value where nothing is compared."""
    return [each["ours"] / each["against"] if each["against"] else each["ours"] for each in kept["rounds"]]

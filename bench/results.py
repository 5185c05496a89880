"""Keeps figures as JSON, a file a day, and finds the newest of each among the files."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bench.figures import Figure

Kept = dict[str, Any]
"""A figure as Figure.as_json gives it; what `newest` finds has its `date` too."""

NOTHING: Mapping[str, Kept] = MappingProxyType({})


def write(
    folder: Path, day: date, machine: Kept, figures: Sequence[Figure], found: Mapping[str, Kept] = NOTHING
) -> Path:
    """Put the figures, and whatever else was found, into the day's file, in place of those of the same name."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{day.isoformat()}.json"
    before = json.loads(file.read_text()) if file.exists() else {"figures": []}
    kept = {old["figure"]: old for old in before["figures"]}
    kept |= {figure.name: figure.as_json() for figure in figures}
    content = {"machine": machine, "figures": list(kept.values()), "found": {**before.get("found", {}), **found}}
    file.write_text(json.dumps(content, indent=1) + "\n")
    return file


def newest(folder: Path) -> list[Kept]:
    """Each figure as it was measured last, in the order in which they first appear."""
    found: dict[str, Kept] = {}
    for file in sorted(folder.glob("*.json")):
        for kept in json.loads(file.read_text())["figures"]:
            found[kept["figure"]] = {**kept, "date": file.stem}
    return list(found.values())


def newest_found(folder: Path) -> dict[str, Kept]:
    """By name, what scripts have found that is no figure, as it was last; each with its `date` and `machine`."""
    newest: dict[str, Kept] = {}
    for file in sorted(folder.glob("*.json")):
        content = json.loads(file.read_text())
        for name, found in content.get("found", {}).items():
            newest[name] = {**found, "date": file.stem, "machine": content["machine"]}
    return newest


def values(kept: Kept) -> list[float]:
    """The ratio of each round, or the value where nothing is compared."""
    return [each["ours"] / each["against"] if each["against"] else each["ours"] for each in kept["rounds"]]

"""Keeps figures and data as JSON, a file a day, and reads the newest of every name."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bench.figures import Figure

Kept = dict[str, Any]
"""A figure as Figure.as_json gives it, or the data of a script; the newest ones carry their `date`."""

NOTHING: Mapping[str, Kept] = MappingProxyType({})


def write(
    folder: Path, day: date, machine: Kept, figures: Sequence[Figure], data: Mapping[str, Kept] = NOTHING
) -> Path:
    """Put figures and data into the file of the day, in place of those of the same name."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{day.isoformat()}.json"
    before = json.loads(file.read_text()) if file.exists() else {"figures": []}
    kept = {old["figure"]: old for old in before["figures"]}
    kept |= {figure.name: figure.as_json() for figure in figures}
    content = {"machine": machine, "figures": list(kept.values()), "data": {**before.get("data", {}), **data}}
    file.write_text(json.dumps(content, indent=1) + "\n")
    return file


def newest_figures(folder: Path) -> list[Kept]:
    """The latest measurement of every figure, in the order of first appearance."""
    figures: dict[str, Kept] = {}
    for file in sorted(folder.glob("*.json")):
        for kept in json.loads(file.read_text())["figures"]:
            figures[kept["figure"]] = {**kept, "date": file.stem}
    return list(figures.values())


def newest_data(folder: Path) -> dict[str, Kept]:
    """Name -> the latest data of that script, with `date` and `machine`."""
    newest: dict[str, Kept] = {}
    for file in sorted(folder.glob("*.json")):
        content = json.loads(file.read_text())
        for name, data in content.get("data", {}).items():
            newest[name] = {**data, "date": file.stem, "machine": content["machine"]}
    return newest


def values(kept: Kept) -> list[float]:
    """The ratio of every round, or the value where there is no limit."""
    return [round_["ours"] / round_["against"] if round_["against"] else round_["ours"] for round_ in kept["rounds"]]

"""The section of docs/scaling-tables.md with the needs of many commands a second: tables and assumptions."""

from collections.abc import Mapping
from pathlib import Path

from bench.model.sections.costs import head, row
from bench.results import Kept


def section(data: Mapping[str, Kept], _: Path) -> str:
    """The assumptions, and a table a variant of the calculation."""
    kept = data["scaling"]
    assumed = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in kept["assumed"].items())
    variants = dict.fromkeys(column["variant"] for column in kept["columns"])
    tables = (_table([column for column in kept["columns"] if column["variant"] == variant]) for variant in variants)
    return f"By the costs of {kept['costs of']}. Assumed (`bench/model/scaling.py`): {assumed}.\n\n" + "\n".join(tables)


def _table(columns: list[Kept]) -> str:
    first = columns[0]
    table = head(first["variant"], *(f"{column['rate']:,} commands/s" for column in columns))
    for name in first["needs"]:
        table += row(name, *(cell(name, column["needs"][name]) for column in columns))
    return table


def cell(name: str, value: float) -> str:
    """A need as text: shares in per cent, infinity as `not possible`."""
    if value == float("inf"):
        return "not possible"
    if name.startswith("share"):
        return f"{number(100 * value)} %"
    return number(value)


def number(value: float) -> str:
    """A number as text with its significant digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value >= 0.001 else f"{value:.1e}"

"""What many commands a second need, as tables with what was assumed."""

from collections.abc import Mapping
from pathlib import Path

from bench.model.costs_shown import head, row
from bench.results import Kept


def section(found: Mapping[str, Kept], _: Path) -> str:
    """The calculation, a table a variant, and what it takes in."""
    kept = found["scaling"]
    assumed = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in kept["assumed"].items())
    variants = dict.fromkeys(column["variant"] for column in kept["columns"])
    tables = (_table([column for column in kept["columns"] if column["variant"] == variant]) for variant in variants)
    return f"By the costs of {kept['costs of']}. Assumed (`bench/scaling.py`): {assumed}.\n\n" + "\n".join(tables)


def _table(columns: list[Kept]) -> str:
    first = columns[0]
    table = head(first["variant"], *(f"{column['rate']:,} commands/s" for column in columns))
    for name in first["needs"]:
        table += row(name, *(shown(name, column["needs"][name]) for column in columns))
    return table


def shown(name: str, value: float) -> str:
    """With as many digits as say something; shares in per cent; more than any number is impossible."""
    if value == float("inf"):
        return "not possible"
    if name.startswith("share"):
        return f"{number(100 * value)} %"
    return number(value)


def number(value: float) -> str:
    """With as many digits as say something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value >= 0.001 else f"{value:.1e}"

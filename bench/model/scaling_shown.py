"""What many commands a second need, as a table with what was assumed."""

from collections.abc import Mapping
from pathlib import Path

from bench.model.costs_shown import head, row
from bench.results import Kept


def section(found: Mapping[str, Kept], _: Path) -> str:
    """The calculation, and what it takes in."""
    kept = found["scaling"]
    columns = kept["columns"]
    table = head("", *(f"{column['rate']:,}/s, {column['variant']}" for column in columns))
    for name in columns[0]["needs"]:
        table += row(name, *(number(column["needs"][name]) for column in columns))
    assumed = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in kept["assumed"].items())
    return f"From the costs of {kept['costs of']}. Assumed: {assumed}.\n\n{table}"


def number(value: float) -> str:
    """With as many digits as say something; more than any number is impossible."""
    if value == float("inf"):
        return "not possible"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 0.001 else f"{value:.1e}"

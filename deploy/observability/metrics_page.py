"""docs/metrics.md, made from the metrics themselves."""

from collections.abc import Iterable
from pathlib import Path

from deploy.checkout import CHECKOUT
from deploy.observability.services import all_metrics
from twinpath.observability.metrics import Family

FILE = CHECKOUT / "docs/metrics.md"

_HEAD = """# Metrics

Every service has its metrics on `/metrics`, in the text format of Prometheus. Prometheus adds the labels `job`
(`command`, `projector` or `query`) and `instance`. No label holds an id or another value that a caller can make up. A
metric that needs a store is missing from a scrape while that store is away.

A histogram's `…_count` counts its measurements: commands a second are
`rate(twinpath_command_duration_seconds_count[5m])`. The alerts are in [guides/alerts.md](guides/alerts.md).
This page is written by `make pages`.
"""


def page() -> str:
    """The whole page."""
    services = all_metrics()
    everywhere = set.intersection(*({family.name for family in metrics.families} for metrics in services.values()))
    parts = [_HEAD]
    for service, metrics in services.items():
        own = [family for family in metrics.families if family.name not in everywhere]
        parts.append(f"## {service.capitalize()}\n\n{_table(own)}")
    shared = [family for family in services["command"].families if family.name in everywhere]
    more = (
        "\nEvery service also has `process_*` (CPU, memory, open files, start) and `python_*` (garbage collection,\n"
        "version), by the names of prometheus-client.\n"
    )
    return "\n".join([*parts, f"## Every service\n\n{_table(shared)}{more}"])


def write(file: Path = FILE) -> None:
    """Write the page."""
    file.write_text(page())


def _table(families: Iterable[Family]) -> str:
    rows = [
        f"| `{f.name}` | {kind_of(f)} | {', '.join(f'`{label}`' for label in f.labels)} | {f.meaning} |"
        for f in families
    ]
    return "\n".join(["| name | type | labels | meaning |", "|---|---|---|---|", *rows, ""])


def kind_of(family: Family) -> str:
    """`counter`, `gauge` or `histogram`."""
    return next(iter(family.describe())).type

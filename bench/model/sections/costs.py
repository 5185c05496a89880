"""The section of docs/scaling-tables.md with the measured costs, as tables."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.model.batch_time import fitted
from bench.model.probe import COMMAND, OTHER, PROCESSES, QUERY
from bench.results import Kept

_BATCHES = ("commits an insert", "events a message", "events a transaction")
_LEAST_SHARE = 0.02
"""The least share of the whole cost that is shown; a smaller share is noise."""
_SHOWN = tuple(process for process in PROCESSES if process != OTHER)


def section(data: Mapping[str, Kept], _: Path) -> str:
    """All tables of the costs."""
    costs = data["costs"]
    parts = (measured_on(costs), _processor_time(costs), _full(costs), _bytes(costs), _idle(costs), _inserts(costs))
    return "\n".join(parts)


def measured_on(kept: Kept) -> str:
    """The date and the machine of a measurement."""
    machine = kept["machine"]
    servers = ", ".join(f"{name} {version}" for name, version in machine["servers"].items() if name != "postgres")
    busy = " The machine was busy with other work." if machine["load_before"] > machine["cores"] / 2 else ""
    return (
        f"Measured {kept['date']}: {machine['cores']} cores ({machine['processor']}),"
        f" {machine['memory'] / 2**30:.0f} GiB, Python {machine['python']}, {servers}. Medians of the rounds.{busy}\n"
    )


def row(*cells: object) -> str:
    """A line of a table."""
    return f"| {' | '.join(map(str, cells))} |\n"


def head(*names: str) -> str:
    """The first two lines of a table; every column but the first is aligned to the right."""
    return row(*names) + row("---", *["---:"] * (len(names) - 1)).replace(" ", "")


def named(load: Kept) -> str:
    """A load in words."""
    text = f"{load['name']}, {load['rate']:,.0f}/s"
    if load["to"] == OTHER:
        text += ", through a replica that does not relay"
    if load["held_back"]:
        text += f", {'relay' if load['held_back'] == COMMAND else 'projector'} held back meanwhile"
    return text


def _processor_time(costs: Kept) -> str:
    table = head("µs of CPU for one", *_SHOWN, "all", "events", *_BATCHES)
    for load in costs["loads"]:
        medians = load["medians"]
        spent = {process: max(0.0, medians[f"us {process}"]) for process in PROCESSES}
        total = sum(spent.values())
        cells = [f"{spent[process]:,.0f}" for process in _SHOWN]
        if load["to"] == OTHER:
            cells[0] = f"{spent[OTHER]:,.0f} + {spent[COMMAND]:,.0f} relaying"
        else:
            cells[0] = f"{spent[COMMAND] + spent[OTHER]:,.0f}"
        batches = ("events", *_BATCHES)
        events = [""] * len(batches) if load["to"] == QUERY else [f"{medians[name]:,.1f}" for name in batches]
        table += row(named(load), *cells, f"{total:,.0f}", *events)
    return table


def _full(costs: Kept) -> str:
    """The rate at which one core of a process is always busy, by the cost at the highest rate of every kind of load."""
    table = head("a second, until one core of it is full", *_SHOWN)
    for name in dict.fromkeys(load["name"] for load in costs["loads"]):
        plain = [
            load for load in costs["loads"] if load["name"] == name and load["to"] != OTHER and not load["held_back"]
        ]
        spent = max(plain, key=lambda load: float(load["rate"]))["medians"]
        times = [max(0.0, spent[f"us {process}"]) for process in _SHOWN]
        rates = (1e6 / us if us > _LEAST_SHARE * sum(times) else 0.0 for us in times)
        table += row(name, *(f"{rate:,.0f}" if rate else "" for rate in rates))
    return table


def _bytes(costs: Kept) -> str:
    table = head(
        "bytes of one event",
        "commit in the log",
        "views",
        "copy in Redis",
        "message",
        "written by mongod",
        "by RabbitMQ",
    )
    for load in costs["loads"]:
        if load["to"] != QUERY:
            medians = load["medians"]
            places = (f"{medians[f'bytes in {place}']:,.0f}" for place in ("log", "views", "Redis"))
            written = (
                f"{medians.get(f'written by {process}', 0) / medians['events']:,.0f}"
                for process in ("mongod", "RabbitMQ")
            )
            table += row(named(load), *places, f"{message_bytes(costs, load):,.0f}", *written)
    shares = {
        place: {part: sizes[part] / sizes["size"] for part in ("storage", "index")}
        for place, sizes in costs["stored"].items()
    }
    kept = "; ".join(
        f"in the {place} {share['storage']:.2f} after compression, and indexes of {share['index']:.2f} more"
        for place, share in shares.items()
    )
    return f"{table}\nOn disk a byte above takes, {kept}.\n"


def message_bytes(costs: Kept, load: Kept) -> float:
    """The average size of an event of a load in a message to the broker."""
    sizes: Mapping[str, float] = costs["event bytes"]
    counts = {category: float(load["medians"].get(f"{category} events", 0.0)) for category in sizes}
    return sum(sizes[category] * count for category, count in counts.items()) / sum(counts.values())


def _idle(costs: Kept) -> str:
    shares = (f"{process} {100 * statistics.median(costs['idle'][process]):.1f} %" for process in _SHOWN)
    return f"Idle, in shares of one core: {', '.join(shares)}.\n"


def _inserts(costs: Kept) -> str:
    batch = fitted([(commits, milliseconds) for commits, milliseconds in costs["batches"]])
    points: Sequence[str] = [f"{commits}: {milliseconds:.1f}" for commits, milliseconds in costs["batches"]]
    return (
        f"An insert of n commits into one log takes {batch.base_ms:.2f} ms + n x {1000 * batch.ms_per_commit:.0f} µs"
        f" until it is durable (measured, commits: ms: {', '.join(points)}). Commands on a single stream, 64 callers:"
        f" {costs['one stream']:,.0f} a second.\n"
    )

"""The SQL of digests: what is kept of `Earliest`, up to where the rows had no gap, and the view that adds later rows.

A digest is a table that never changes. Its comment names the very table of rows that it was made of, and how far it
goes in each log, so that nothing has to be written together with the rows.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from twinpath.domain.facts import Earliest
from twinpath.facts.clickhouse.statements import quoted
from twinpath.facts.tables import Table

COMMENT = "digest kept by twinpath "
_NEVER = (1 << 64) - 1
"""In the place of a value that is not there."""

Positions = Mapping[str, int]
"""Log -> position."""


@dataclass(frozen=True, slots=True)
class Digest:
    """One digest: its table, what it was made by, the identity of its rows' table, how far it has each log."""

    table: str
    declared: str
    rows: str
    upto: Positions

    @classmethod
    def of_comment(cls, table: str, comment: str) -> "Digest":
        """The digest whose table has this comment."""
        return cls(table, **json.loads(comment.removeprefix(COMMENT)))

    @property
    def comment(self) -> str:
        """What its table says of itself, quoted."""
        return f"'{COMMENT}{json.dumps({'declared': self.declared, 'rows': self.rows, 'upto': dict(self.upto)})}'"


def create_view(database: str, table: Table, name: str, digest: Digest | None) -> str:
    """The view that readers use: the digest, and whatever rows came later."""
    view = quoted(database, view_name(table, name))
    return f"CREATE OR REPLACE VIEW {view} AS {_values(database, table, table.earliest[name], digest, None)}"


def create_digest(database: str, table: Table, name: str, before: Digest | None, digest: Digest) -> str:
    """The digest that goes further than the one before."""
    declared = table.earliest[name]
    return (
        f"CREATE OR REPLACE TABLE {quoted(database, digest.table)} ENGINE = MergeTree ORDER BY `{declared.key}`"
        f" COMMENT {digest.comment} AS {_values(database, table, declared, before, digest.upto)}"
    )


def counted(database: str, table: Table, before: Positions, upto: Positions) -> str:
    """By log: how many positions there are beyond a digest and up to where the next is to go."""
    return (
        f"SELECT log, uniqExact(position) FROM {quoted(database, table.name)}"
        f" WHERE {_between(before, upto)} GROUP BY log"
    )


DIGESTS = (
    f"SELECT name, comment FROM system.tables WHERE database = {{database:String}} AND startsWith(comment, '{COMMENT}')"
)
"""Every digest of a database."""
OLD = f"{DIGESTS} AND metadata_modification_time <= now() - {{seconds:UInt32}}"
"""Those that are so old."""
TABLES = "SELECT toString(uuid) FROM system.tables WHERE database = {database:String}"
"""The identities of all tables of a database."""


def declaration(table: Table, name: str) -> str:
    """What tells a digest by this declaration from one by another, also of the same name."""
    return f"{name} {sha256(repr(table.earliest[name]).encode()).hexdigest()[:16]}"


def view_name(table: Table, name: str) -> str:
    """The name of the view."""
    return f"{table.shown}_{name}"


def _values(database: str, table: Table, declared: Earliest, digest: Digest | None, upto: Positions | None) -> str:
    """SELECT the earliest values by key, of a digest and of the rows beyond it, up to `upto`."""
    key, rows = f"`{declared.key}`", quoted(database, table.name)
    fits = f"({declared.where})"
    if upto is not None or digest is not None:
        fits += f" AND ({_between(digest.upto if digest else {}, upto)})"
    columns = [f"`{declared.column}_{n}`" for n in range(1, declared.most + 1)]
    source = f"SELECT {key}, [toUInt64(`{declared.column}`)] AS some FROM {rows} WHERE {fits}"
    untouched = ""
    if digest is not None:
        touched, kept = f"(SELECT {key} FROM {rows} WHERE {fits})", quoted(database, digest.table)
        source += f" UNION ALL SELECT {key}, [{', '.join(columns)}] AS some FROM {kept} WHERE {key} IN {touched}"
        untouched = f" UNION ALL SELECT {key}, {', '.join(columns)} FROM {kept} WHERE {key} NOT IN {touched}"
    first = f"arrayResize(arraySort(groupUniqArrayArray(some)), {declared.most}, toUInt64({_NEVER})) AS first"
    values = ", ".join(f"first[{n}] AS {column}" for n, column in enumerate(columns, 1))
    return f"SELECT {key}, {values} FROM (SELECT {key}, {first} FROM ({source}) GROUP BY {key}){untouched}"


def _between(after: Positions, upto: Positions | None) -> str:
    """SQL: beyond these positions and, where the ends are given, in their logs up to them."""
    if upto is not None:
        spans = [f"log = '{log}' AND position > {after.get(log, 0)} AND position <= {end}" for log, end in upto.items()]
        return " OR ".join(f"({span})" for span in spans)
    logs = ", ".join(f"'{log}'" for log in after)
    return " OR ".join(
        [f"(log = '{log}' AND position > {position})" for log, position in after.items()] + [f"log NOT IN ({logs})"]
    )

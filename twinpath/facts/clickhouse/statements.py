"""The SQL of tables of facts."""

from twinpath.facts.tables import Table

_QUIET_SECONDS = 600
"""A month to which nothing was added for so long is merged into one part, of which FINAL costs nothing."""
MARK = "made by twinpath, version "
"""The comment of a table of rows begins so; the version of its declaration follows."""


def create_table(database: str, table: Table, further: str = "", instead: bool = False) -> str:
    """The table of rows. A month is a partition: it follows from the event alone, so that a row which comes again
    comes into the same one, and replaces itself. `further` are settings beside those that every server has."""
    declared = {**table.all_columns, **{name: f"DEFAULT {sql}" for name, sql in table.derived.items()}}
    columns = ", ".join(f"`{name}` {kind}" for name, kind in declared.items())
    settings = f"min_age_to_force_merge_seconds = {_QUIET_SECONDS}, min_age_to_force_merge_on_partition_only = 1"
    create = "CREATE OR REPLACE TABLE" if instead else "CREATE TABLE IF NOT EXISTS"
    return (
        f"{create} {quoted(database, table.name)} ({columns}) ENGINE = ReplacingMergeTree(position)"
        " PARTITION BY toYYYYMM(at) ORDER BY (log, position, line)"
        f" SETTINGS {settings}{further} COMMENT '{MARK}{table.version}'"
    )


def create_view(database: str, table: Table) -> str:
    """The view that readers use: each row once, without marks."""
    rows = (
        f"(SELECT * FROM {quoted(database, table.name)} FINAL WHERE line > 0"
        " SETTINGS do_not_merge_across_partitions_select_final = 1)"
    )
    return f"CREATE OR REPLACE VIEW {quoted(database, table.shown)} AS {table.view.replace('{rows}', rows)}"


def positions(database: str, table: Table) -> str:
    """By log: the highest position, and how many there are."""
    return (
        f"SELECT log, max(position), uniqExact(position) FROM {quoted(database, table.name)}"
        " WHERE log IN {logs:Array(String)} GROUP BY log"
    )


def highest(database: str, table: Table) -> str:
    """By log: the highest position."""
    return f"SELECT log, max(position) FROM {quoted(database, table.name)} GROUP BY log"


def end_before_gap(database: str, table: Table) -> str:
    """The first position of a log that no other follows."""
    of_log = f"(SELECT DISTINCT position FROM {quoted(database, table.name)} WHERE log = {{log:String}})"
    return f"SELECT min(position) FROM {of_log} WHERE position + 1 NOT IN {of_log}"


def holds(database: str, table: Table, count: int) -> str:
    """The logs of which the table has these places: `log0` with `at0`, and so on, `count` of them."""
    places = " OR ".join(f"(log = {{log{n}:String}} AND position = {{at{n}:UInt64}})" for n in range(count))
    return f"SELECT DISTINCT log FROM {quoted(database, table.name)} WHERE {places}"


def sums(database: str, table: Table) -> str:
    """What the table holds of a log up to a position."""
    summed = "".join(f", sum(`{name}`)" for name in table.summed)
    return (
        f"SELECT uniqExact(position), countIf(line > 0){summed} FROM {quoted(database, table.name)} FINAL"
        " WHERE log = {log:String} AND position <= {upto:UInt64}"
    )


def quoted(*names: str) -> str:
    """Names with a dot between them."""
    return ".".join(f"`{name}`" for name in names)

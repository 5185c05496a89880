"""`twinpath rebuild` and `twinpath verify` on tables of facts: built anew, and each planted fault named."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.shop.support.written_log import Written
from twinpath.facts.clickhouse.connection import Connection

NAMES = ("order_lines", "ticket_steps", "stock_movements")


class WrittenFacts(Written):
    """A ticket of 120 events, and a ClickHouse for its facts."""

    def __init__(self, url: str, name: str, clickhouse_url: str) -> None:
        super().__init__(url, name)
        self._clickhouse_url = clickhouse_url
        self.environment |= {"TWINPATH_CLICKHOUSE_URL": clickhouse_url, "TWINPATH_FACTS_DATABASE": f"{name}_facts"}

    def sql(self, statement: str) -> list[Any]:
        """Carry out a statement; tables are named as `facts.order_lines`."""

        async def carry_out() -> list[Any]:
            connection = Connection(self._clickhouse_url)
            try:
                statement_here = statement.replace("facts.", f"{self._name}_facts.")
                if statement.startswith("SELECT"):
                    return [tuple(row) for row in await connection.rows(statement_here)]
                await connection.command(statement_here)
                return []
            finally:
                await connection.close()

        return asyncio.run(carry_out())


@pytest.fixture
def written(mongodb_url: str, unique: str, clickhouse_url: str) -> Iterator[WrittenFacts]:
    written = WrittenFacts(mongodb_url, unique, clickhouse_url)
    asyncio.run(written.write_long())
    with written.client:
        result = written.run("rebuild", *NAMES)
        assert result.exit_code == 0, result.output
        yield written


def test_a_table_is_built_anew_beside_the_one_in_service(written: WrittenFacts) -> None:
    assert written.sql("SELECT step, count() FROM facts.ticket_steps GROUP BY step") == [("opened", 1)]
    written.sql("INSERT INTO facts.ticket_steps_rows (log, position, line, type) VALUES ('ticket.0', 500, 1, 'bad')")

    result = written.run("rebuild", "ticket_steps", "--json")

    assert json.loads(result.stdout.splitlines()[-1]) == {
        "facts": "ticket_steps",
        "events": 120,
        "switched": True,
    }, result.output
    assert written.sql("SELECT count(), uniqExact(position) FROM facts.ticket_steps_rows") == [(120, 120)]
    assert written.run("verify", "--no-views").exit_code == 0


def test_what_a_table_holds_otherwise_than_the_log_is_named(written: WrittenFacts) -> None:
    result = written.run("verify", "--no-views")
    assert result.exit_code == 0, result.output
    assert "facts ticket_steps: 120 events, right" in result.stdout
    (log,) = written.sql("SELECT DISTINCT log FROM facts.ticket_steps_rows")[0]
    written.sql(
        f"INSERT INTO facts.ticket_steps_rows (log, position, line, type, at) VALUES ('{log}', 7, 2, 'bad', now()),"
        f" ('{log}', 500, 1, 'bad', now())"
    )

    result = written.run("verify", "--no-views", "--json")

    problems = {json.loads(line)["problem"] for line in result.stdout.splitlines() if "problem" in line}
    assert result.exit_code == 1
    assert problems == {"the number of rows is not what the log gives", "events are missing"}


def test_an_unknown_name_and_a_missing_clickhouse_are_told(written: WrittenFacts) -> None:
    assert "there is no view order_line; there are: " in written.run("rebuild", "order_line").output
    result = written.run("rebuild", "order_lines", TWINPATH_CLICKHOUSE_URL="")
    assert (result.exit_code, "analytics are off" in result.output) == (2, True)

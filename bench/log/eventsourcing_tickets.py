"""A peer: the same tickets with the library eventsourcing on PostgreSQL, appended and projected as the manual says."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL, Identifier

from bench.log.postgresql import USER, postgresql_alone
from bench.run import Run
from deploy.local.install import MissingProgram
from deploy.local.ports import HOST

MESSAGE = "x" * 100
_LONGEST = 900.0


class Ticket(Aggregate):
    """A ticket with one event, as in the figure of our append."""

    @event("Opened")
    def __init__(self, subject: str, message: str) -> None:
        self.subject = subject
        self.message = message


class Rows(PostgresTrackingRecorder):
    """The view: one row a ticket, written in the transaction that moves the checkpoint."""

    def __init__(self, datastore: PostgresDatastore, **options: Any) -> None:
        super().__init__(datastore, **options)
        table = Identifier(f"{self.tracking_table_name}_rows")
        columns = SQL("CREATE TABLE IF NOT EXISTS {} (id uuid PRIMARY KEY, subject text, preview text, status text)")
        self.sql_create_statements.append(columns.format(table))
        self._put = SQL(
            "INSERT INTO {} VALUES (%s, %s, %s, 'open') ON CONFLICT (id) DO UPDATE SET subject = EXCLUDED.subject"
        ).format(table)

    def put(self, opened: Any, tracking: Tracking) -> None:
        """Write one row and the checkpoint."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(self._put, (opened.originator_id, opened.subject, opened.message[:50]))


class TicketRows(Projection[Rows]):
    """Hands each event to the view."""

    name = "rows"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Every event in this log opens a ticket."""
        self.view.put(domain_event, tracking)


class Tickets:
    """The peer's application on a server of its own."""

    def __init__(self, env: dict[str, str]) -> None:
        self._env = env
        self._application: Application[Any] = Application(env=env)

    def rate(self, count: int, callers: int) -> float:
        """Tickets opened a second by `callers` threads."""

        def open_one(_: int) -> None:
            self._application.save(Ticket("Parcel has not arrived", MESSAGE))

        with ThreadPoolExecutor(callers) as pool:
            list(pool.map(open_one, range(callers)))  # the connections are open before the measurement
            began = time.perf_counter()
            list(pool.map(open_one, range(count)))
            return count / (time.perf_counter() - began)

    def projected(self, name: str) -> float:
        """Events a second into a new view of this name, over all events of the log."""
        projection = type("TicketRows", (TicketRows,), {"name": name})
        total = self._application.recorder.max_notification_id()
        began = time.perf_counter()
        with ProjectionRunner(
            application_class=Application, projection_class=projection, view_class=Rows, env=self._env
        ) as runner:
            runner.wait(total, timeout=_LONGEST)
            return float(total or 0) / (time.perf_counter() - began)

    def close(self) -> None:
        """Close its connections."""
        self._application.close()


@contextmanager
def tickets_on_postgresql(run: Run) -> Iterator[Tickets | None]:
    """The peer on a private PostgreSQL, stopped at the end; None, after a message, where PostgreSQL is missing."""
    with ExitStack() as stack:
        try:
            port = stack.enter_context(postgresql_alone())
        except MissingProgram as missing:
            run.say(f"Without the peer: {missing}")
            yield None
            return
        tickets = Tickets(
            {
                "PERSISTENCE_MODULE": "eventsourcing.postgres",
                "POSTGRES_DBNAME": "postgres",
                "POSTGRES_HOST": HOST,
                "POSTGRES_PORT": str(port),
                "POSTGRES_USER": USER,
                "POSTGRES_PASSWORD": "any",
                "POSTGRES_POOL_SIZE": "64",
                "POSTGRES_MAX_OVERFLOW": "16",
            }
        )
        stack.callback(tickets.close)
        yield tickets

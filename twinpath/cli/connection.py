"""One connection to a running system for the length of a command, and how a command ends."""

import asyncio
import errno
import os
import select
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import typer
from pymongo import AsyncMongoClient
from pymongo.errors import InvalidURI, OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from twinpath.cli.application import find_application
from twinpath.cli.callers.recording import put_on_record
from twinpath.cli.output import errors
from twinpath.cli.settings import Settings, find_system
from twinpath.domain.application import Application
from twinpath.domain.catalogue import Catalogue
from twinpath.errors import TwinpathError
from twinpath.feed.rabbit_nodes import places_of
from twinpath.ids import logs_of
from twinpath.log.commits import Document
from twinpath.log.layout import read_partitions
from twinpath.log.mongodb import MongoEventLog
from twinpath.mongo_client import driver_message, mongo_client
from twinpath.personal_data.mongo import MongoKeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.running.data_version import expect_data_version

CANNOT = 2
"""The exit code of a command that could not be carried out; 1 says that it was, and found something wrong."""
_READER_LEFT = 141
"""The exit code where nobody reads on, as after `| head`: that of a program that SIGPIPE ends."""


class NoLogYet(TwinpathError):
    """The servers answer, but no command service has ever started on them."""

    code = "no_log_yet"


@dataclass(frozen=True)
class Connection:
    """A system at hand: what it declares, its log, what opens personal data, and the client for everything else."""

    settings: Settings
    application: Application
    client: AsyncMongoClient[Document]
    partitions: int
    log: MongoEventLog
    seals: Seals

    @property
    def events(self) -> Catalogue:
        """The events of the application."""
        return self.application.events

    @property
    def logs(self) -> tuple[str, ...]:
        """The names of its logs."""
        return tuple(logs_of(self.events.categories, self.partitions))


@asynccontextmanager
async def connected(settings: Settings, application: Application) -> AsyncIterator[Connection]:
    """A connection, closed at the end.

    Raises:
        PyMongoError: MongoDB does not answer, or refuses what is asked of it.
        NoLogYet: there is no log in it.
        DataTooNew: a later release has written what is in it.
    """
    client = mongo_client(settings.mongodb_url, "cli")
    try:
        partitions = await read_partitions(client[settings.log_database])
        if partitions is None:
            raise NoLogYet(f"no command service has made a log in the database {settings.log_database} yet")
        await expect_data_version(client[settings.views_database])
        events = application.events
        log = MongoEventLog(client, settings.log_database, logs_of(events.categories, partitions))
        seals = Seals(MongoKeyStore(client, settings.keys_database), events)
        yield Connection(settings, application, client, partitions, log, seals)
    finally:
        await client.close()


def ask(work: Callable[[Connection], Awaitable[int]], change: str | None = None) -> None:
    """Say which system is talked to, do the work with a connection to it, and end with the exit code it returns.

    What changes something is named in `change` and goes on the audit record first.
    """
    settings, which = find_system()

    async def whole() -> int:
        if change is not None:
            await put_on_record(settings, change)
        async with connected(settings, find_application()) as connection:
            return await work(connection)

    carry_out(which, settings.mongodb_url, whole)


def ask_broker(work: Callable[[str], Awaitable[int]], change: str | None = None) -> None:
    """As `ask`, for work that needs nothing but the broker's address."""
    settings, which = find_system()

    async def whole() -> int:
        if change is not None:
            await put_on_record(settings, change)
        return await work(settings.rabbitmq_url)

    carry_out(which, settings.rabbitmq_url, whole)


def carry_out(which: str, url: str, work: Callable[[], Coroutine[Any, Any, int]]) -> NoReturn:
    """Name the system and the server at `url` on stderr, do the work, and end with the exit code it returns.

    What goes wrong is one line on stderr and the exit code CANNOT; Ctrl-C is 130, as of every program, and a reader
    that leaves ends it without a word.
    """
    try:
        server = _server(url)
    except (ValueError, InvalidURI):  # which may quote the password
        fail(f"{which}: an address can't be read; it looks like mongodb://user:password@host:27017/ or amqp://…")
    errors.print(f"{which}: {server}", style="dim", markup=False, soft_wrap=True)
    try:
        code = asyncio.run(work())
    except (TwinpathError, PyMongoError, OSError) as error:
        if not (isinstance(error, BrokenPipeError) and _reader_left()):
            fail(reason(error))
        code = _READER_LEFT
    except KeyboardInterrupt:
        code = 130
    raise typer.Exit(code)


def _reader_left() -> bool:
    """Whether it is standard output that nobody reads, and no server's connection; then nothing more is written."""
    looks = select.poll()
    looks.register(sys.stdout, 0)  # errors are always told
    if not looks.poll(0):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python would write the rest at its end
    return True


def fail(why: str) -> NoReturn:
    """End with a line on stderr and the exit code CANNOT."""
    errors.print(" ".join(why.split()), style="red", markup=False, soft_wrap=True)
    raise typer.Exit(CANNOT)


def reason(error: TwinpathError | PyMongoError | OSError) -> str:
    """Why a command could not be carried out: what is in the way, and nothing of a driver's inner life."""
    match error:
        case TwinpathError():
            return error.detail
        case OperationFailure():
            message = (error.details or {}).get("errmsg", error)
            return f"MongoDB refuses this: {message} (the address has the user and the password)"
        case PyMongoError():
            return f"MongoDB does not answer: {driver_message(error).partition(': ')[2] or type(error).__name__}"
        case OSError(filename=str() | bytes() as name, strerror=str() as why):
            return f"{os.fsdecode(name)}: {why}"
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG | errno.EIO, strerror=why):
            return f"what is written finds no place: {why}"
        case _:
            return f"no server answers: {getattr(error, 'reason', error)}"


def _server(url: str) -> str:
    """The kind and the hosts of a server; the user and the password in its address are nobody's business."""
    if url.startswith("mongodb"):
        return f"MongoDB at {', '.join(f'{host}:{port}' for host, port in parse_uri(url)['nodelist'])}"
    return f"RabbitMQ at {', '.join(places_of(url))}"

"""Pages of 20 from anywhere in a long, filtered list of tickets, against the same pages of a short list."""

import random
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import uvloop
from pydantic import SecretStr

from bench.connection import Connection
from bench.figures import at_most
from bench.measuring import Servers, filling, running, servers
from bench.run import Run
from shared.read_models.ticket_list import TICKET_LIST
from twinpath.ids import new_id
from twinpath.log.commits import Document
from twinpath.mongo_client import mongo_client
from twinpath.queries.reading.cursor import Cursors, bound_to
from twinpath.queries.reading.views import Selection
from twinpath.views.mongodb.stores import MongoViewWriter

_BATCH = 5_000
_CURSOR_KEY = "the measured services sign with it"
_A_CUSTOMER = 50
"""Tickets a customer has."""
FILTERS: tuple[dict[str, Any], ...] = (
    {"status": "open"},
    {"has_note": True},
    {"status": "closed", "has_note": False},
)


async def _fill(url: str, database: str, count: int) -> list[str]:
    """Make a view with `count` rows; returns the ids of some rows from anywhere in it."""
    async with mongo_client(url, "bench") as client:
        await MongoViewWriter(client, database).prepare([TICKET_LIST], [(TICKET_LIST.name, "ticket.0")])
        collection = client[database][TICKET_LIST.name]
        places: list[str] = []
        for start in range(0, count, _BATCH):
            batch = list(rows(range(start, min(count, start + _BATCH))))
            places += [row["_id"] for row in random.sample(batch, min(5, len(batch)))]
            await collection.insert_many(batch, ordered=False)
    return places


def rows(numbers: Sequence[int]) -> Iterator[Document]:
    """A row of ticket_list for every number."""
    now = datetime.now(UTC)
    customer = new_id("customer")
    for number in numbers:
        if number % _A_CUSTOMER == 0:
            customer = new_id("customer")
        ticket = new_id("ticket")
        yield {
            "_id": ticket,
            "revision": 1,
            "ticket_id": ticket,
            "subject": "Parcel has not arrived",
            "status": ("open", "triaged", "closed")[number % 3],
            "customer_id": customer,
            "has_note": number % 2 == 0,
            "preview": "x" * 50,
            "note_preview": "called the carrier" if number % 2 == 0 else None,
            "opened_at": now,
            "updated_at": now,
            "version": 1,
        }


def _pages(places: Sequence[str], count: int) -> list[str]:
    """Paths of pages that begin after one of the places."""
    paths = []
    cursors = Cursors(SecretStr(_CURSOR_KEY))
    for number in range(count):
        filters = FILTERS[number % len(FILTERS)]
        cursor = cursors.encode((None, random.choice(places)), bound_to(Selection(TICKET_LIST, filters).identity))
        fields = {name: str(value).lower() for name, value in filters.items()}
        paths.append(f"/api/v1/tickets?{urlencode({**fields, 'limit': 20, 'cursor': cursor})}")
    return paths


def _milliseconds(url: str, paths: Sequence[str]) -> float:
    """The median time of a page; the pages are requested one after the other."""
    times = []
    with Connection(url) as connection:
        for path in paths:
            began = time.perf_counter()
            connection.ask("GET", path)
            times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


def _measure(started: Servers, run: Run) -> None:
    sizes = run.sizes
    figure = run.figure(
        f"list, 20 of {sizes.tickets:,} tickets, any page / of {sizes.few_tickets:,}", at_most(1.3), "ms"
    )
    with filling(started.mongodb) as patient:
        many = uvloop.run(_fill(patient, "many", sizes.tickets))
        few = uvloop.run(_fill(patient, "few", sizes.few_tickets))
    signing = {"TWINPATH_CURSOR_KEY": _CURSOR_KEY}
    with (
        running(started, "query", env={"TWINPATH_VIEWS_DATABASE": "many", **signing}) as (long,),
        running(started, "query", env={"TWINPATH_VIEWS_DATABASE": "few", **signing}) as (short,),
    ):
        for service, places in ((long, many), (short, few)):
            _milliseconds(service.url, _pages(places, sizes.pages))  # both warm
        for _ in run.rounds():
            ours = _milliseconds(long.url, _pages(many, sizes.pages))
            figure.add(ours, _milliseconds(short.url, _pages(few, sizes.pages)))


def measure(run: Run) -> None:
    """On private servers, with a query service for each list."""
    with servers() as started:
        _measure(started, run)

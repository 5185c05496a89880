"""Searches over HTTP in an index of many products, while products change at a steady pace."""

import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import uvloop
from pymongo import WriteConcern

from bench.figures import at_least, at_most
from bench.measuring import Servers, filling, running, servers
from bench.run import Run
from bench.search.products import products, typed
from bench.search.writer import LOG
from bench.services.connection import Connection
from shared.read_models.product_catalogue import PRODUCT_CATALOGUE
from twinpath.mongo_client import mongo_client
from twinpath.views.mongodb.stores import MongoViewWriter

_DATABASE = "search_views"
_PAGE = 5_000
_SECONDS = 10.0


async def _fill_view(mongodb: str, size: int) -> None:
    async with mongo_client(mongodb, "bench") as client:
        view = PRODUCT_CATALOGUE.name
        await MongoViewWriter(client, _DATABASE).prepare([PRODUCT_CATALOGUE], [(view, LOG)])
        documents = client.get_database(_DATABASE, write_concern=WriteConcern(1))[view]
        for start in range(0, size, _PAGE):
            await documents.insert_many(list(products(range(start, min(size, start + _PAGE)))), ordered=False)


class _Writer:
    """The process that writes the index."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to, self._from = process.stdin, process.stdout

    def wait_filled(self) -> None:
        """Wait until it has every product."""
        if self._from.readline() != "filled\n":
            raise RuntimeError("the index could not be filled")

    def begin(self, rate: int, seconds: float) -> None:
        """Have it change so many a second."""
        self._to.write(f"{rate} {seconds}\n")
        self._to.flush()

    def ended(self) -> float:
        """Changes a second, once it has ended."""
        return float(self._from.readline())


@contextmanager
def _writing(folder: Path, size: int) -> Iterator[_Writer]:
    command = [sys.executable, "-m", "bench.search.writer", str(folder), str(size)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield _Writer(process)
        assert process.stdin is not None
        process.stdin.close()


def _searched(url: str, size: int, seconds: float) -> list[float]:
    """Milliseconds of each search, one after the other."""
    chance, times = random.Random(), list[float]()
    over = time.perf_counter() + seconds
    with Connection(url) as connection:
        while time.perf_counter() < over:
            path = f"/api/v1/products/search?{urlencode({'q': typed(chance, size)})}"
            began = time.perf_counter()
            connection.ask("GET", path)
            times.append((time.perf_counter() - began) * 1000)
    return times


def _measure(started: Servers, run: Run) -> None:
    size, rate = run.sizes.products, run.sizes.changes
    p99 = run.figure(f"a search of {size:,} products, {rate:,} changes a second, p99", at_most(50, "ms"), "ms")
    p50 = run.figure(f"a search of {size:,} products, {rate:,} changes a second / without any, p50", at_most(2), "ms")
    kept = run.figure("changes that an index takes / changes that come", at_least(0.99), "/s")
    folder = started.folder / "search"
    with _writing(folder, size) as writer:
        with filling(started.mongodb) as patient:
            uvloop.run(_fill_view(patient, size))
        writer.wait_filled()
        env = {"TWINPATH_VIEWS_DATABASE": _DATABASE, "TWINPATH_SEARCH_URL": folder.as_uri()}
        with running(started, "query", env=env) as (service,):
            _searched(service.url, size, 2.0)
            for _ in run.rounds():
                quiet = _searched(service.url, size, _SECONDS)
                writer.begin(rate, _SECONDS)
                busy = _searched(service.url, size, _SECONDS)
                kept.add(writer.ended(), rate)
                p99.add(statistics.quantiles(busy, n=100)[98])
                p50.add(statistics.median(busy), statistics.median(quiet))


def measure(run: Run) -> None:
    """On private servers, a query service and a process that writes the index."""
    with servers() as started:
        _measure(started, run)

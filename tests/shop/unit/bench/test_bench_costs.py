"""What the cost model is made of: CPU time from /proc, the line through batch times, the shop's requests by kind."""

import os
import random
from pathlib import Path

import pytest

from bench.load.mix import Request, Shop
from bench.model.batch_time import fitted
from bench.model.probe import COMMAND, PROCESSES, Load
from bench.model.requests import KINDS, kind_of, on_the_favourite, sample, shares, wired
from bench.model.sections.page import SECTIONS, marks
from bench.model.used import session_and_cpu, used_by, written
from bench.page import put
from deploy.checkout import CHECKOUT

STAT = "41 (a (wild) name) S 1 41 40 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 100 1000 100"


def test_a_name_with_brackets_moves_no_field_of_stat() -> None:
    session, cpu_seconds = session_and_cpu(STAT)
    assert session == 40
    assert cpu_seconds == pytest.approx(300 / os.sysconf("SC_CLK_TCK"))


def test_bytes_written_are_those_to_the_disk_not_those_that_were_called_off() -> None:
    assert written(["rchar: 1", "wchar: 2", "read_bytes: 3", "write_bytes: 4096", "cancelled_write_bytes: 5"]) == 4096


def test_a_process_is_counted_with_all_of_its_session() -> None:
    uses = used_by({"this": os.getsid(0), "nobody": -1})
    assert uses["this"].cpu_seconds > 0
    assert uses["nobody"].cpu_seconds == 0


def test_batch_times_on_a_line_give_the_line() -> None:
    batch = fitted([(commits, 1.5 + 0.04 * commits) for commits in (1, 10, 100, 500)])
    assert batch.base_ms == pytest.approx(1.5)
    assert batch.milliseconds(250) == pytest.approx(11.5)


def test_the_kind_of_a_request_follows_from_its_path() -> None:
    paths = ["/api/v1/products/product-1", "/api/v1/products?category=lighting&limit=20", "/api/v1/shop/dashboard"]
    assert [kind_of(Request("query", path)) for path in paths] == list(KINDS[1:])
    assert kind_of(Request("command", "/api/v1/orders", {}, "order")) == KINDS[0]


def test_most_queries_ask_for_a_document_by_id_and_the_shares_add_up_to_1() -> None:
    query_shares = shares()
    assert sum(query_shares.values()) == pytest.approx(1)
    assert 0.6 < query_shares[KINDS[1]] < 0.8
    assert 0.01 < query_shares[KINDS[3]] < 0.03


def test_the_favourite_product_is_in_about_every_third_command() -> None:
    assert 0.25 < on_the_favourite() < 0.6


def test_a_sample_has_the_wanted_number_of_requests_in_the_form_of_http() -> None:
    orders = sample(Shop(["product-1"], ["customer-1"], random.Random(1)), KINDS[0], 20)
    assert len(orders) == 20
    head, _, body = wired(orders[0]).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert wired(Request("query", "/api/v1/tickets")) == b"GET /api/v1/tickets HTTP/1.1\r\nHost: twinpath\r\n\r\n"


def test_a_load_is_kept_with_the_median_of_its_rounds_and_the_rounds() -> None:
    load = Load("a ticket", COMMAND, 300, [])
    for us in (3.0, 1.0, 2.0):
        load.note({f"us {process}": us for process in PROCESSES})
    kept = load.as_json()
    assert kept["medians"]["us mongod"] == 2
    assert kept["rounds"]["us mongod"] == [3, 1, 2]


@pytest.mark.parametrize("name", SECTIONS)
def test_the_page_has_the_markers_of_every_section(name: str) -> None:
    page = Path(CHECKOUT / "docs" / "scaling-tables.md").read_text()
    assert put(page, "a table", *marks(name)).count("a table") == 1

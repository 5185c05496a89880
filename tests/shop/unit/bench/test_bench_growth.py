"""Curves of `make bench NAME=growth`: what is kept of them, what is drawn, and that no size is favoured."""

import asyncio
from contextlib import nullcontext
from datetime import date
from pathlib import Path

import pytest

from bench.figures import Figure, at_most
from bench.growth.batches import batch
from bench.growth.curves import multiples, panels
from bench.growth.interleaved import medians
from bench.growth.tickets import ticket_documents
from bench.growth.waiting import open_waits
from bench.results import newest_figures, write
from bench.run import Run
from bench.sizes import Sizes
from shared.read_models.ticket_details import TICKET_DETAILS, TicketDetails


def curve(quantity: str, *costs: tuple[float, ...]) -> Figure:
    made = Run(Sizes(), 1).curve(quantity, "a command", (10, 100, 1_000), at_most(1.3), "ms")
    for round_ in costs:
        made.add_costs(round_)
    return made


def test_the_figure_of_a_curve_is_the_largest_size_against_the_smallest() -> None:
    kept = curve("events", (2.0, 5.0, 2.2), (4.0, 5.0, 4.8), (2.0, 5.0, 2.6)).as_json()
    assert kept["figure"] == "a command; events: 1,000 / 10"
    assert [round(entry["ours"] / entry["against"], 9) for entry in kept["rounds"]] == [1.1, 1.2, 1.3]
    assert (kept["ratio"], kept["reached"]) == (1.2, True)


def test_each_cost_is_compared_with_the_smallest_size_of_its_own_round() -> None:
    kept = curve("events", (2.0, 3.0, 4.0), (4.0, 4.0, 2.0)).as_json()
    assert multiples(kept) == [[1.0, 1.0], [1.5, 1.0], [2.0, 0.5]]


def test_curves_of_what_grows_share_a_panel_and_other_figures_have_none(tmp_path: Path) -> None:
    plain = Figure("append", at_most(2), "ms")
    plain.add(1, 1)
    streams, logs = curve("events", (1.0, 1.0, 1.0)), curve("log", (1.0, 1.0, 1.0))
    another = curve("events", (1.0, 1.0, 1.0))
    another.name = "another"
    write(tmp_path, date(2026, 11, 21), {}, [streams, plain, logs, another])
    curves = panels(newest_figures(tmp_path))
    assert {quantity: [kept["figure"] for kept in lines] for quantity, lines in curves.items()} == {
        "events": [streams.name, "another"],
        "log": [logs.name],
    }


def test_a_round_of_a_curve_tells_the_cost_at_every_size() -> None:
    assert curve("events", (2.0, 3.0, 4.0)).latest() == (
        "a command; events: 1,000 / 10: 2.00 (10: 2, 100: 3, 1,000: 4 ms)"
    )


async def test_every_size_has_as_many_turns_and_is_first_as_often() -> None:
    seen: list[tuple[int, str]] = []

    async def small(turn: int) -> None:
        seen.append((turn, "small"))

    async def large(turn: int) -> None:
        seen.append((turn, "large"))
        await asyncio.sleep(0)

    times = await medians(4, [small, large])

    assert seen == [
        *((0, "small"), (0, "large")),
        *((1, "large"), (1, "small")),
        *((2, "small"), (2, "large")),
        *((3, "large"), (3, "small")),
    ]
    assert all(milliseconds > 0 for milliseconds in times)


def test_a_batch_is_consecutive_and_new_tickets_are_opened_before_they_are_noted() -> None:
    events = batch("ticket.0", 7, 2, ["ticket-known"])
    assert [event.position for event in events] == [8, 9, 10, 11, 12]
    first, second = events[0].stream, events[1].stream
    assert [(event.type, event.stream, event.version) for event in events] == [
        ("ticket.opened", first, 1),
        ("ticket.opened", second, 1),
        ("ticket.note_added", first, 2),
        ("ticket.note_added", second, 2),
        ("ticket.status_changed", "ticket-known", 2),
    ]


def test_a_ticket_of_the_bench_is_as_the_view_shows_it() -> None:
    [document] = ticket_documents(["ticket-1"])
    assert (document["_id"], document["revision"], document["ticket_id"]) == ("ticket-1", 1, "ticket-1")
    TicketDetails.model_validate_json(TICKET_DETAILS.rendered(document).body)


@pytest.mark.parametrize(("status", "error"), [("200 OK", None), ("202 Accepted", RuntimeError)])
async def test_a_wait_counts_as_ended_by_200_alone(status: str, error: type[Exception] | None) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"Causal-Token: ticket.0:7" in await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\n\r\n".encode())
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        [waiting] = await open_waits(f"http://127.0.0.1:{port}", "/", ["ticket.0:7"])
        with pytest.raises(error) if error else nullcontext():
            assert await waiting.answered > 0

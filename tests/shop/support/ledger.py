"""A ledger of what a test did to tickets, kept by the test alone, and what every view must show by it."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.eventually import eventually


@dataclass
class Entry:
    """One ticket as the ledger knows it."""

    subject: str
    message: str
    status: str = "open"
    notes: list[str] = field(default_factory=list)
    version: int = 1
    events: list[str] = field(default_factory=lambda: ["ticket.opened"])


class Ledger:
    """Sends commands and books each that was accepted; a command whose answer was lost is sent again with its key.

    Several writers may use it at once: of two that act, each has a ticket of its own. `opens` is how many of a
    hundred acts open another ticket.
    """

    def __init__(self, commands: httpx.AsyncClient, seed: int = 7, opens: int = 40) -> None:
        self._commands = commands
        self._random = random.Random(seed)
        self._seed = seed
        self._opens = opens
        self._keys = 0
        self._opened = 0
        self._in_hand: set[str] = set()
        self.tickets: dict[str, Entry] = {}
        self.tokens: dict[str, int] = {}

    async def open(self) -> str:
        """Open a ticket; its id."""
        self._opened += 1
        number = self._opened
        entry = Entry(subject=f"Ticket {number}", message=f"Message {number} " + "long " * (number % 20))
        answer = await self._send(
            "POST", "/api/v1/tickets", {"subject": entry.subject, "message": entry.message.strip()}
        )
        entry.message = entry.message.strip()
        self.tickets[answer["ticket_id"]] = entry
        return str(answer["ticket_id"])

    async def act(self) -> None:
        """Do something sensible to some ticket, or open another."""
        free = [t for t, entry in self.tickets.items() if entry.status != "closed" and t not in self._in_hand]
        if not free or self._random.randrange(100) < self._opens:
            await self.open()
            return
        ticket = self._random.choice(free)
        self._in_hand.add(ticket)
        await self._act_on(ticket, self.tickets[ticket])
        self._in_hand.remove(ticket)

    async def _act_on(self, ticket: str, entry: Entry) -> None:
        match self._random.choice(["note", "note", "status", "close"]):
            case "note":
                note = f"note {entry.version}"
                await self._change("POST", ticket, "notes", {"note": note}, "ticket.note_added")
                entry.notes.append(note)
            case "status":
                entry.status = "triaged" if entry.status == "open" else "open"
                await self._change("PUT", ticket, "status", {"status": entry.status}, "ticket.status_changed")
            case _:
                await self._change("POST", ticket, "close", {"resolution": "done"}, "ticket.closed")
                entry.status = "closed"

    async def _change(self, method: str, ticket: str, what: str, body: dict[str, str], event: str) -> None:
        entry = self.tickets[ticket]
        answer = await self._send(method, f"/api/v1/tickets/{ticket}/{what}", body)
        entry.version += 1
        entry.events.append(event)
        assert answer["version"] == entry.version

    async def _send(self, method: str, path: str, body: dict[str, str]) -> dict[str, Any]:
        self._keys += 1
        key = f"ledger-{self._seed}-{self._keys}"
        answer: httpx.Response | None = None

        async def accepted() -> bool:
            nonlocal answer
            try:
                answer = await self._commands.request(method, path, json=body, headers={"Idempotency-Key": key})
            except httpx.TransportError:
                return False
            assert answer.status_code in (200, 201, 503), answer.text
            return answer.status_code != 503

        await eventually(accepted, limit=60)
        assert answer is not None
        log, _, position = answer.headers["Causal-Token"].partition(":")
        self.tokens[log] = max(self.tokens.get(log, 0), int(position))
        content: dict[str, Any] = answer.json()
        return content

    @property
    def token(self) -> str:
        """A causal token of everything that was booked."""
        return ",".join(f"{log}:{position}" for log, position in self.tokens.items())

    async def check(self, queries: httpx.AsyncClient) -> None:
        """Compare every view with the ledger, to the last field that it can know."""
        await self._wait_for_everything(queries)
        await self._check_list(queries)
        await self._check_dashboard(queries)
        side_by_side = asyncio.Semaphore(8)

        async def check_one(ticket: str, entry: Entry) -> None:
            async with side_by_side:
                await self._check_ticket(queries, ticket, entry)

        await asyncio.gather(*(check_one(ticket, entry) for ticket, entry in self.tickets.items()))

    async def _check_ticket(self, queries: httpx.AsyncClient, ticket: str, entry: Entry) -> None:
        details = (await queries.get(f"/api/v1/tickets/{ticket}")).raise_for_status().json()
        expected = {"subject": entry.subject, "message": entry.message, "status": entry.status}
        expected |= {"version": entry.version, "note_count": len(entry.notes)}  # type: ignore[dict-item]
        assert {name: details[name] for name in expected} == expected
        assert [note["note"] for note in details["notes"]] == entry.notes[-100:]
        history = (await queries.get(f"/api/v1/tickets/{ticket}/history?limit=100")).raise_for_status().json()
        events = list(enumerate(entry.events, 1))[:100]
        assert [(item["version"], item["type"]) for item in history["items"]] == events

    async def _wait_for_everything(self, queries: httpx.AsyncClient) -> None:
        """Each view by the token, and then the copy in Redis, which follows the view."""

        async def visible() -> bool:
            headers = {"Causal-Token": self.token}
            some = next(iter(self.tickets))
            paths = ["", "/dashboard", f"/{some}", f"/{some}/history"]
            answers = [await queries.get(f"/api/v1/tickets{path}", headers=headers) for path in paths]
            return all(answer.status_code == 200 for answer in answers)

        async def copied() -> bool:
            dashboard = (await queries.get("/api/v1/tickets/dashboard")).json()["by_status"]
            if dashboard != self._by_status():
                return False
            shown = [(await queries.get(f"/api/v1/tickets/{ticket}")).json().get("version") for ticket in self.tickets]
            return shown == [entry.version for entry in self.tickets.values()]

        await eventually(visible, limit=60)
        await eventually(copied, limit=30, pause=0.2)

    async def _check_list(self, queries: httpx.AsyncClient) -> None:
        rows: list[dict[str, Any]] = []
        url: str | None = "/api/v1/tickets?limit=37"
        while url is not None:
            answer = (await queries.get(url)).raise_for_status()
            rows += answer.json()["items"]
            url = answer.links["next"]["url"] if answer.json()["next"] else None
        assert [row["ticket_id"] for row in rows] == sorted(self.tickets, reverse=True)
        for row in rows:
            entry = self.tickets[row["ticket_id"]]
            assert (row["status"], row["version"], row["has_note"]) == (entry.status, entry.version, bool(entry.notes))
            assert row["preview"] == entry.message[:50]
            assert row["note_preview"] == (entry.notes[-1][:50] if entry.notes else None)

    async def _check_dashboard(self, queries: httpx.AsyncClient) -> None:
        dashboard = (await queries.get("/api/v1/tickets/dashboard")).raise_for_status().json()
        assert dashboard["by_status"] == self._by_status()
        assert sum(day["opened"] for day in dashboard["days"]) == len(self.tickets)
        assert sum(day["closed"] for day in dashboard["days"]) == self._by_status()["closed"]

    def _by_status(self) -> dict[str, int]:
        counted = Counter(entry.status for entry in self.tickets.values())
        return {status: counted[status] for status in ("open", "triaged", "closed")}

"""A real projector parks what it can't apply, says so, and applies it when an operator asks for it."""

from collections.abc import Callable
from typing import Any

import httpx
from pymongo import MongoClient

from tests.support.eventually import eventually
from tests.support.services.system import System


async def opened(command: httpx.AsyncClient, subject: str) -> str:
    """A new ticket's id."""
    answer = await command.post("/api/v1/tickets", json={"subject": subject, "message": "Where is it?"})
    assert answer.status_code == 201
    return str(answer.json()["ticket_id"])


async def test_a_parked_ticket_holds_up_nobody_and_is_whole_after_a_retry(
    make_system: Callable[..., System], mongodb_url: str, rabbitmq_url: str, redis_url: str, unique: str
) -> None:
    system = make_system(mongodb_url, rabbitmq_url, redis_url)
    system.start()
    clients = (system.client("command"), system.client("query"), system.client("projector"))
    mongodb: MongoClient[dict[str, Any]] = MongoClient(mongodb_url)
    views = mongodb[f"{unique}_views"]
    async with clients[0] as command, clients[1] as query, clients[2] as projector:

        async def notes(ticket: str) -> int | None:
            answer = await query.get(f"/api/v1/tickets/{ticket}")
            return answer.json()["note_count"] if answer.status_code == 200 else None

        async def noted(ticket: str) -> dict[str, str]:
            answer = await command.post(f"/api/v1/tickets/{ticket}/notes", json={"note": "looked at"})
            return {"Causal-Token": answer.headers["Causal-Token"]}

        async def has(ticket: str, count: int) -> bool:
            return await notes(ticket) == count

        broken, whole = await opened(command, "broken"), await opened(command, "whole")
        await eventually(lambda: has(broken, 0))
        views["ticket_details"].update_one({"_id": broken}, {"$set": {"notes": "no list"}})  # nothing can be appended

        await noted(broken)
        token = await noted(broken)
        await noted(whole)
        await eventually(lambda: has(whole, 1))
        waited = await query.get(f"/api/v1/tickets/{broken}", headers=token)
        assert (waited.status_code, waited.json()["note_count"]) == (200, 0), "a parked event counts as seen"
        assert (await query.get(f"/api/v1/tickets/{broken}/history")).json()["items"][2]["type"] == "ticket.note_added"

        async def parked() -> list[dict[str, Any]]:
            answer = await projector.get("/admin/v1/parked")
            return list(answer.json()["items"])

        [stream] = await eventually(parked)
        assert (stream["projection"], stream["stream"]) == ("ticket_details", broken)
        assert (stream["version"], stream["last"]) == (2, 3)
        assert stream["reason"].startswith("ValueError at ")

        async def counted() -> bool:
            ready = await projector.get("/health/ready")
            assert ready.status_code == 200
            return bool(ready.json()["dependencies"]["projections"]["parked_streams"]["ticket_details"] == 1)

        await eventually(counted)

        views["ticket_details"].update_one({"_id": broken}, {"$set": {"notes": []}})
        report = (await projector.post("/admin/v1/parked/retry", json={})).json()
        assert (report["applied"], report["freed"], report["failed"]) == (2, 1, 0)
        await eventually(lambda: has(broken, 2))  # the copy in Redis follows
        await noted(broken)
        await eventually(lambda: has(broken, 3))
        assert await parked() == []
    mongodb.close()

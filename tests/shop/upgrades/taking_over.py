"""What an operator does at an upgrade, with the command line and the projector's routes for operators."""

import asyncio
import json
from typing import Any

import httpx
from pymongo import MongoClient

from tests.shop.upgrades.asking import parked
from tests.shop.upgrades.life import ADMIN
from tests.shop.upgrades.past import Past
from tests.support.eventually import eventually
from tests.support.services.system import System


async def twinpath(system: System, *arguments: str) -> str:
    """What the command line prints. Raises AssertionError when it does not end well."""
    running = system.twinpath(*arguments)
    shown, _ = await asyncio.to_thread(running.communicate)
    assert running.returncode == 0, shown
    return shown


async def take_over(system: System) -> set[str]:
    """Rebuild what this version builds otherwise, wait until every view is at the log's end, and give the log its
    claims; what was rebuilt."""
    outdated = {view["view"] for view in await _views(system) if view["to_be_rebuilt"]}
    if outdated:
        await twinpath(system, "rebuild", *sorted(outdated))

    async def caught_up() -> bool:
        return all(
            view["generation"] and not view["lag"] and not view["to_be_rebuilt"] for view in await _views(system)
        )

    await eventually(caught_up, pause=0.5)
    repairing = system.twinpath("claims", "repair")
    shown, _ = await asyncio.to_thread(repairing.communicate)
    assert repairing.returncode == 1, shown
    assert "1 conflicts" in shown, "two customers have one address, in upper and lower case"
    return outdated


async def events(system: System) -> int:
    """How many events the log has, every one of them right."""
    checks = _objects(await twinpath(system, "verify", "--no-views", "--json"))
    return next(int(check["looked_at"]) for check in checks if check.get("check") == "events")


async def mend(past: Past, system: System, projector: httpx.AsyncClient, query: httpx.AsyncClient) -> None:
    """Put the broken document right, have what is parked for it applied, and wait until queries show it."""
    if any(stream == past.ids["broken"] for _, stream, _ in await parked(projector)):
        with MongoClient[dict[str, Any]](system.mongodb_url) as client:
            details = client[f"{system.unique}_views"]["ticket_details"]
            details.update_one({"_id": past.ids["broken"]}, {"$set": {"notes": []}})
        retry = {"stream": past.ids["broken"]}
        report = (await projector.post("/admin/v1/parked/retry", headers=ADMIN, json=retry)).json()
        assert (report["freed"], report["failed"]) == (1, 0), report

    async def whole() -> bool:
        ticket = (await query.get(f"/api/v1/tickets/{past.ids['broken']}")).json()
        return bool(ticket["note_count"] == 2)

    await eventually(whole)
    assert {stream for _, stream, _ in await parked(projector)} == {past.ids["poison"]}


async def skip_poison(past: Past, projector: httpx.AsyncClient) -> None:
    """Skip the event that no projection can apply; then nothing is parked."""
    reason = {"version": 1, "by": "a test", "why": "the ticket was never opened"}
    for projection, stream, _ in await parked(projector):
        assert stream == past.ids["poison"]
        answer = await projector.post(f"/admin/v1/parked/{projection}/{stream}/skip", headers=ADMIN, json=reason)
        assert answer.status_code == 200, answer.text
    assert await parked(projector) == []


async def _views(system: System) -> list[dict[str, Any]]:
    return _objects(await twinpath(system, "views", "--json"))


def _objects(shown: str) -> list[dict[str, Any]]:
    """The JSON objects, one a line, among what a command prints for people."""
    return [json.loads(line) for line in shown.splitlines() if line.startswith("{")]

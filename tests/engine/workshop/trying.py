"""One walk through the workshop over HTTP: every kind of thing that the engine makes of declarations, once."""

from typing import Any

import httpx
import orjson

from tests.support.eventually import eventually

API = "/api/v1"


async def try_out(commands: httpx.AsyncClient, queries: httpx.AsyncClient) -> None:
    """Open, read, repeat, refuse, list, close, count, follow up and erase. Raises AssertionError where it is wrong."""
    owner = await _owner(commands)
    key = {"Idempotency-Key": "brakes-1"}
    body = {"subject": "Brakes", "message": "They squeak.", "owner_id": owner}
    opened = await commands.post(f"{API}/repairs", json=body, headers=key)
    again = await commands.post(f"{API}/repairs", json=body, headers=key)
    assert (opened.status_code, again.json()) == (201, opened.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    path = opened.headers["Location"]

    shown = await _shown(queries, path, opened)
    assert (shown["subject"], shown["status"], shown["version"]) == ("Brakes", "open", 1)
    stale = await commands.put(f"{path}/status", json={"status": "triaged"}, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    line = {"command": "change_repair_status", "idempotency_key": "k", "id": shown["repair_id"]}
    ndjson = {"Content-Type": "application/x-ndjson"}
    lines = orjson.dumps(line | {"body": {"status": "triaged"}})
    bulk = await commands.post(f"{API}/commands", content=lines, headers=ndjson)
    assert bulk.json()["status"] == 200, bulk.text
    closed = await commands.post(f"{path}/close", json={"resolution": "New pads."})
    assert (await commands.post(f"{path}/close", json={"resolution": "?"})).json()["code"] == "repair_closed"

    assert (await _shown(queries, path, closed))["status"] == "closed"
    listed = await _shown(queries, f"{API}/repairs?status=closed&owner_id={owner}", closed)
    assert [row["repair_id"] for row in listed["items"]] == [shown["repair_id"]]
    found = await _shown(queries, f"{API}/repairs/search?q=squaek&status=closed", closed)
    assert [row["highlights"] for row in found["items"]] == [{"message": "They <mark>squeak</mark>."}]
    counts = await _shown(queries, f"{API}/repairs/counts", closed)
    assert counts["by_status"]["closed"] == 1
    history = await _shown(queries, f"{path}/history", closed)
    assert [entry["type"] for entry in history["items"]][:2] == ["repair.opened", "repair.status_changed"]

    async def asked() -> bool:
        return bool((await queries.get(path)).json()["note_count"] == 1)

    await eventually(asked)  # the process of the workshop, by its timer
    erased = await commands.delete(f"{API}/owners/{owner}")
    assert (await _shown(queries, f"{API}/owners/{owner}", erased))["name"] == "erased"
    assert (await _shown(queries, path, erased))["subject"] == "erased"
    for words in ("squeak", "brakes"):
        assert (await _shown(queries, f"{API}/repairs/search?q={words}", erased))["items"] == []


async def _owner(commands: httpx.AsyncClient) -> str:
    body = {"name": "Ada", "email": "ada@example.org"}
    registered = await commands.post(f"{API}/owners", json=body)
    assert registered.status_code == 201, registered.text
    taken = await commands.post(f"{API}/owners", json=body | {"email": "ADA@example.org"})
    assert (taken.status_code, taken.json()["code"]) == (409, "email_taken")
    return str(registered.json()["owner_id"])


async def _shown(queries: httpx.AsyncClient, path: str, after: httpx.Response) -> dict[str, Any]:
    """What a query shows once it has reached a command's effect."""
    answer = await queries.get(path, headers={"Causal-Token": after.headers["Causal-Token"]})
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown

"""The support desk over HTTP, through real servers, in quiet times."""

import asyncio

import httpx

from tests.shop.support.ledger import Ledger
from tests.support.services.system import System


async def test_every_view_shows_what_was_done(system: System) -> None:
    async with system.client("command") as commands, system.client("query") as queries:
        ledger = Ledger(commands)
        for _ in range(150):
            await ledger.act()

        await ledger.check(queries)


async def test_a_write_is_read_back_at_once_with_its_causal_token(system: System) -> None:
    async with system.client("command") as commands, system.client("query") as queries:
        for number in range(20):
            created = await commands.post("/api/v1/tickets", json={"subject": f"s{number}", "message": "m"})
            headers = {"Causal-Token": created.headers["Causal-Token"]}
            ticket = created.json()["ticket_id"]

            shown = await queries.get(created.headers["Location"], headers=headers)
            listed = await queries.get("/api/v1/tickets?limit=1", headers=headers)

            assert (shown.status_code, shown.json()["subject"], shown.headers["ETag"]) == (200, f"s{number}", '"1"')
            assert listed.json()["items"][0]["ticket_id"] == ticket


async def test_the_version_of_a_ticket_can_be_waited_for(system: System) -> None:
    async with system.client("command") as commands, system.client("query") as queries:
        path = (await commands.post("/api/v1/tickets", json={"subject": "s", "message": "m"})).headers["Location"]
        waiting = asyncio.create_task(queries.get(path, headers={"X-Version": "2"}))
        await commands.post(f"{path}/notes", json={"note": "n"})

        assert (await waiting).json()["version"] == 2
        assert (await queries.get(path, headers={"X-Version": "3"})).status_code == 202


async def test_the_same_command_fifty_times_at_once_takes_effect_once(system: System) -> None:
    async with system.client("command") as commands, system.client("query") as queries:
        body, key = {"subject": "once", "message": "m"}, {"Idempotency-Key": "once"}

        answers = await asyncio.gather(*(commands.post("/api/v1/tickets", json=body, headers=key) for _ in range(50)))

        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["ticket_id"] for answer in answers}) == 1
        token = {"Causal-Token": answers[0].headers["Causal-Token"]}
        assert len((await queries.get("/api/v1/tickets", headers=token)).json()["items"]) == 1
        other = await commands.post("/api/v1/tickets", json={**body, "subject": "other"}, headers=key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_lost_update_is_refused(system: System) -> None:
    async with system.client("command") as commands:
        path = (await commands.post("/api/v1/tickets", json={"subject": "s", "message": "m"})).headers["Location"]
        first = {"If-Match": '"1"'}

        won = await commands.put(f"{path}/status", json={"status": "triaged"}, headers=first)
        lost = await commands.post(f"{path}/close", json={"resolution": "r"}, headers=first)

        assert won.headers["ETag"] == '"2"'
        assert (lost.status_code, lost.json()["code"], lost.json()["current_version"]) == (412, "stale_version", 2)


async def test_a_ticket_is_seen_live(system: System) -> None:
    async with system.client("command") as commands, system.client("query") as queries:
        created = await commands.post("/api/v1/tickets", json={"subject": "s", "message": "m"})
        path, token = created.headers["Location"], {"Causal-Token": created.headers["Causal-Token"]}
        (await queries.get(path, headers=token)).raise_for_status()
        async with queries.stream("GET", f"{path}/events") as stream:
            lines = stream.aiter_lines()
            assert '"version":1' in await _data(lines)
            await commands.post(f"{path}/notes", json={"note": "seen?"})

            assert '"seen?"' in await _data(lines)


async def _data(lines: object) -> str:
    async for line in lines:  # type: ignore[attr-defined]
        if line.startswith("data: "):
            return str(line)
    raise AssertionError("the stream ended")


async def test_two_replicas_of_every_service_share_the_work(system: System) -> None:
    more = [system.add(name) for name in ("command", "projector", "query")]
    for replica in more:
        await asyncio.to_thread(replica.wait_ready)
    async with (
        system.client("command") as commands,
        httpx.AsyncClient(base_url=more[0].url, timeout=30) as other_commands,
        httpx.AsyncClient(base_url=more[2].url, timeout=30) as other_queries,
    ):
        ledgers = [Ledger(commands, 1), Ledger(other_commands, 2)]
        for _ in range(60):
            await asyncio.gather(*(ledger.act() for ledger in ledgers))
        both = Ledger(commands)
        both.tickets = ledgers[0].tickets | ledgers[1].tickets
        both.tokens = {log: max(ledger.tokens.get(log, 0) for ledger in ledgers) for log in ledgers[0].tokens}

        await both.check(other_queries)

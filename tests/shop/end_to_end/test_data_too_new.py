"""On data of a later release no service starts, and the command line does nothing; all say why."""

import asyncio
from functools import partial
from typing import Any

import httpx
from pymongo import MongoClient

from deploy.local.services import NAMES
from tests.support.eventually import eventually
from tests.support.services.system import System

_WHY = "are of version 99"


async def test_services_and_command_line_refuse_data_of_a_later_release(stopped_system: System) -> None:
    system = stopped_system
    with MongoClient[dict[str, Any]](system.mongodb_url) as client:
        for name in ("log", "views"):
            layout = client[f"{system.unique}_{name}"]["layout"]
            layout.insert_many([{"_id": "data", "version": 99}, {"_id": "log", "partitions": 4}])
    for name in NAMES:
        system.add(name)

    async def refused(name: str) -> bool:
        async with system.client(name) as service:
            try:
                ready = await service.get("/health/ready")
            except httpx.TransportError:
                return False
            return ready.status_code == 503 and _WHY in ready.json()["dependencies"]["start"]["detail"]

    for name in NAMES:
        await eventually(partial(refused, name))
    async with system.client("command") as command, system.client("query") as query:
        for answer in (await command.post("/api/v1/tickets", json={}), await query.get("/api/v1/tickets")):
            assert (answer.status_code, answer.json()["code"]) == (503, "starting")
            assert _WHY in answer.json()["detail"]

    verifying = system.twinpath("verify")
    shown, _ = await asyncio.to_thread(verifying.communicate)
    assert verifying.returncode == 2
    assert _WHY in shown

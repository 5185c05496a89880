"""A real Prometheus with the real rules beside the real services: what stops is told, and so is its return."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from deploy.checkout import CHECKOUT
from deploy.local.prometheus import Prometheus, find_or_install
from deploy.local.services import NAMES
from tests.support.eventually import eventually
from tests.support.system import System

FOLDER = CHECKOUT / "deploy/observability"


@pytest.fixture
def prometheus(system: System, tmp_path: Path) -> Iterator[Prometheus]:
    """It scrapes these services every second, and tells at once what the rules would tell after some minutes."""
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    for job in config["scrape_configs"]:
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": [system[job["job_name"]].url.removeprefix("http://")]}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    (tmp_path / "alerts.yml").write_text(re.sub(r"for: \d+m", "for: 1s", (FOLDER / "alerts.yml").read_text()))
    server = Prometheus(find_or_install().prometheus, tmp_path / "prometheus.yml", tmp_path / "prometheus")
    server.start()
    yield server
    server.close()


async def asked(prometheus: Prometheus, path: str, **parameters: str) -> Any:
    """The data that Prometheus' own API answers with."""
    async with httpx.AsyncClient(base_url=prometheus.url, timeout=10) as client:
        answer = await client.get(f"/api/v1/{path}", params=parameters)
    return answer.raise_for_status().json()["data"]


async def test_a_projector_that_stops_is_told_and_so_is_its_return(system: System, prometheus: Prometheus) -> None:
    async def all_are_up() -> bool:
        targets = (await asked(prometheus, "targets"))["activeTargets"]
        return {target["labels"]["job"] for target in targets if target["health"] == "up"} == set(NAMES)

    async def firing() -> set[tuple[str, str | None]]:
        alerts = (await asked(prometheus, "alerts"))["alerts"]
        return {
            (one["labels"]["alertname"], one["labels"].get("service")) for one in alerts if one["state"] == "firing"
        }

    async def is_told() -> bool:
        return ("TwinpathServiceDown", "projector") in await firing()

    async def all_is_well() -> bool:
        return await all_are_up() and not await firing()

    await eventually(all_is_well)
    async with system.client("command") as command:
        await command.post("/api/v1/tickets", json={"subject": "Parcel", "message": "Where is it?"})

    async def is_counted() -> bool:
        query = 'twinpath_command_duration_seconds_count{command="open_ticket"}'
        return bool((await asked(prometheus, "query", query=query))["result"])

    await eventually(is_counted)
    groups = (await asked(prometheus, "rules"))["groups"]
    states = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
    assert "err" not in states.values(), states

    system["projector"].stop()
    await eventually(is_told)

    system["projector"].start()
    await eventually(all_is_well)

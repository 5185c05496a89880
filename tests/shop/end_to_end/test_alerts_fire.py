"""A real Prometheus with the real rules beside the real services: what stops is told, and so is its return."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from deploy.checkout import CHECKOUT
from deploy.local.prometheus import Prometheus, find_or_install
from deploy.local.services import NAMES
from deploy.observability.dashboard import dashboard
from tests.support.eventually import eventually
from tests.support.services.system import System
from twinpath.ids import new_id

FOLDER = CHECKOUT / "deploy/observability"
TICKET = {"subject": "Parcel", "message": "Where is it?"}


class Watch:
    """A Prometheus that scrapes these services every second, and tells at once what it would tell after minutes."""

    def __init__(self, system: System, folder: Path) -> None:
        config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["scrape_configs"] = [job for job in config["scrape_configs"] if job.pop("dns_sd_configs", None)]
        for job in config["scrape_configs"]:
            job["static_configs"] = [{"targets": [system[job["job_name"]].url.removeprefix("http://")]}]
        folder.mkdir()
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        rules = re.sub(r"for: \d+m", "for: 1s", (FOLDER / "alerts.yml").read_text())
        (folder / "alerts.yml").write_text(rules.replace("lag_seconds) > 30\n", "lag_seconds) > 2\n"))
        self.server = Prometheus(find_or_install().prometheus, folder / "prometheus.yml", folder)

    async def asked(self, path: str, **parameters: str) -> Any:
        """The data that Prometheus' own API answers with."""
        async with httpx.AsyncClient(base_url=self.server.url, timeout=10) as client:
            answer = await client.get(f"/api/v1/{path}", params=parameters)
        return answer.raise_for_status().json()["data"]

    async def firing(self) -> set[str]:
        """The alerts that are told now; those of a service with its name."""
        alerts = (await self.asked("alerts"))["alerts"]
        labels = [alert["labels"] for alert in alerts if alert["state"] == "firing"]
        labels = [one for one in labels if one["alertname"] != "TwinpathEventLoopLate"]  # as busy as this machine is
        return {" ".join(filter(None, (one["alertname"], one.get("service")))) for one in labels}

    async def tells(self, *alerts: str) -> None:
        """Wait until it does, of all of these at once."""

        async def all_of_them() -> bool:
            missing = set(alerts) - await self.firing()
            assert not missing
            return True

        await eventually(all_of_them, limit=60)

    async def is_quiet(self) -> None:
        """Wait until all services are up, and nothing is told."""

        async def all_is_well() -> bool:
            targets = (await self.asked("targets"))["activeTargets"]
            assert {one["labels"]["job"] for one in targets if one["health"] == "up"} == set(NAMES)
            assert await self.firing() == set()
            return True

        await eventually(all_is_well, limit=60)


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Callable[[System], Watch]]:
    """Makes a watch of services that run."""
    made: list[Watch] = []

    def make(system: System) -> Watch:
        made.append(Watch(system, tmp_path / "prometheus"))
        made[-1].server.start()
        return made[-1]

    yield make
    for one in made:
        one.server.close()


async def test_a_projector_that_stops_is_told_and_so_is_its_return(
    system: System, watch: Callable[[System], Watch]
) -> None:
    prometheus = watch(system)
    await prometheus.is_quiet()
    groups = (await prometheus.asked("rules"))["groups"]
    assert {rule["health"] for group in groups for rule in group["rules"]} <= {"ok", "unknown"}

    system["projector"].stop()
    await prometheus.tells("TwinpathServiceDown projector")

    system["projector"].start()
    await prometheus.is_quiet()


ELSEWHERE = ("rabbitmq_", "mongodb_ss", "twinpath_facts_")
"""What panels show that is not here: servers that are scraped where docker compose runs them, and ClickHouse."""


async def test_every_panel_of_the_dashboard_is_answered(system: System, watch: Callable[[System], Watch]) -> None:
    prometheus = watch(system)
    await prometheus.is_quiet()
    async with system.client("command") as command, system.client("query") as query:
        for _ in range(3):
            created = await command.post("/api/v1/tickets", json=TICKET)
            await query.get(created.headers["Location"], headers={"Causal-Token": created.headers["Causal-Token"]})
            await query.get(created.headers["Location"])

    async def all_but_what_only_trouble_fills_are_answered() -> bool:  # once each service was scraped twice
        empty = set()
        for panel in json.loads(dashboard())["panels"]:
            if any(elsewhere in str(panel) for elsewhere in ELSEWHERE):
                continue
            for target in panel.get("targets", []):
                expression = target["expr"].replace("$__rate_interval", "1m").replace("$job", ".*")
                expression = expression.replace("$instance", ".*")
                if not (await prometheus.asked("query", query=expression))["result"]:
                    empty.add(panel["title"])
        only_in_trouble = {"Logs in which a process is blocked", "Share answered with 5xx"}
        assert empty <= {*only_in_trouble, "Refusals by code", "Subscribers of live updates"}
        return True

    await eventually(all_but_what_only_trouble_fills_are_answered)


async def test_a_broker_and_a_redis_that_go_away_are_told_by_what_waits_for_them(
    make_system: Callable[..., System],
    mongodb_url: str,
    private_rabbitmq: Callable[[], Any],
    private_redis: Callable[[], Any],
    watch: Callable[[System], Watch],
) -> None:
    rabbitmq, redis = private_rabbitmq(), private_redis()
    system = make_system(mongodb_url, rabbitmq.url, redis.url).start()
    prometheus = watch(system)
    await prometheus.is_quiet()

    async with system.client("query") as query:  # what was asked for by id is looked after from then on
        assert (await query.get(f"/api/v1/tickets/{new_id('ticket')}")).status_code == 404
    rabbitmq.stop()
    redis.stop()
    async with system.client("command") as command:
        assert (await command.post("/api/v1/tickets", json=TICKET)).status_code == 201
    await prometheus.tells("TwinpathRelayLags", "TwinpathNoLiveConsumer", "TwinpathCopyAway", "TwinpathCopyBypassed")

    rabbitmq.start()
    redis.start()
    await prometheus.is_quiet()

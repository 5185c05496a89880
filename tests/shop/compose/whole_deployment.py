"""docker compose tried for real: up, sample, rights, a crash, a rolling restart under load, down, and nothing left.

`make compose-test` runs it where a Docker engine answers. The tests build on each other, from top to bottom.
"""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.checkout import CHECKOUT
from deploy.rolling import JOBS, SERVICES, replace_replicas
from deploy.sample import load_sample
from tests.shop.compose.deployment import PROJECT, Deployment
from tests.support.eventually import eventually
from twinpath.identity.development_token import token_of

pytestmark = pytest.mark.timeout(900)  # the first test waits for every image to be built

CALLERS = 8
SERVERS = ("mongo", "rabbitmq", "redis", "opensearch", "clickhouse")
LOAD = Path(__file__).with_name("steady_load.py").read_text()


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The deployment, up."""
    deployment = Deployment(tmp_path_factory.mktemp("deployment"), profile="scale")
    try:
        deployment.compose("down", "--volumes", "--remove-orphans")  # what a run that was killed left
        deployment.compose("run", "--build", "--rm", "-T", "init")
        deployment.loaded = asyncio.run(load_sample(deployment.log_address))
        deployment.compose("up", "--build", "--wait", "--wait-timeout", "180")
        yield deployment
    except BaseException:
        print(deployment.compose("logs", "--tail", "30"))
        raise
    finally:
        deployment.compose("down", "--volumes", "--remove-orphans", "--timeout", "10")


def opened_tickets(deployment: Deployment) -> int:
    """How many tickets the dashboard counts."""
    with deployment.client("query") as client:
        counts: dict[str, int] = client.get("/api/v1/tickets/dashboard").raise_for_status().json()["by_status"]
    return sum(counts.values())


def test_without_secrets_compose_says_what_makes_them(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    command = ["docker", "compose", "-p", PROJECT, "--env-file", str(tmp_path / "empty"), "config", "--quiet"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert " is missing a value: run python3 deploy/secrets_file.py" in done.stderr  # whichever it meets first


def test_every_service_is_contained(deployment: Deployment) -> None:
    containers = deployment.containers()
    for service in (*SERVICES, "issuer"):
        found = containers[service]
        host = found["HostConfig"]
        assert found["Config"]["User"] == "10001:10001"
        assert found["State"]["Health"]["Status"] == "healthy"
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert not host["CapAdd"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert host["Memory"] > 0
        assert host["NanoCpus"] > 0
        assert host["RestartPolicy"]["Name"] == "unless-stopped"


def test_nothing_listens_beyond_this_machine(deployment: Deployment) -> None:
    containers = deployment.containers()
    for service in (*SERVICES, "issuer", *SERVERS):
        published: dict[str, list[dict[str, str]] | None] = containers[service]["NetworkSettings"]["Ports"]
        assert {binding["HostIp"] for bindings in published.values() for binding in bindings or ()} <= {"127.0.0.1"}


@pytest.mark.parametrize("service", ["command", "projector", "query"])
def test_the_check_of_each_service_is_content(deployment: Deployment, service: str) -> None:
    said = deployment.compose("exec", "-T", service, "python3", "-m", f"{service}_service", "--check")
    assert "FAILED" not in said
    assert "ok     rights" in said


def test_init_again_changes_nothing(deployment: Deployment) -> None:
    assert "MongoDB accounts: command, projector, query, tools" in deployment.compose("run", "--rm", "-T", "init")


def test_the_management_ui_lets_the_administrator_in_and_nobody_else(deployment: Deployment) -> None:
    url = httpx.URL(deployment.addresses["rabbitmq_ui"])
    assert httpx.get(url.join("/api/whoami")).json()["tags"] == ["administrator"]
    assert httpx.get(url.join("/api/whoami").copy_with(userinfo=b"guest:guest")).status_code == 401
    policies = httpx.get(url.join("/api/policies/twinpath")).json()
    assert {policy["name"] for policy in policies} == {"dead-letters", "events", "followers", "unclaimed-events"}


async def test_the_sample_is_loaded_and_seen(deployment: Deployment) -> None:
    async def seen() -> bool:
        return opened_tickets(deployment) == deployment.loaded["tickets"]

    await eventually(seen)


def test_callers_are_asked_and_a_token_from_inside_or_outside_the_network_names_them(deployment: Deployment) -> None:
    inside = deployment.compose("run", "--rm", "-T", "--no-deps", "tools", "token", "--as", "agent").strip()
    outside = token_of(deployment.addresses["issuer"], "agent")
    for token, status in ((None, 401), (inside, 200), (outside, 200), (outside[:-9], 401)):
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = httpx.get(f"{deployment.addresses['query']}/api/v1/orders?limit=1", headers=headers)
        assert (token, answer.status_code) == (token, status)
    assert httpx.get(f"{deployment.addresses['query']}/api/v1/products?limit=1").status_code == 200
    for service in ("command", "projector", "query"):
        assert httpx.get(f"{deployment.addresses[service]}/metrics").status_code == 200  # as Prometheus comes


def test_an_issuer_that_starts_again_knows_its_key_and_its_people(deployment: Deployment) -> None:
    before = token_of(deployment.addresses["issuer"], "customer")
    deployment.compose("up", "--detach", "--no-deps", "--force-recreate", "--wait", "issuer")
    with deployment.client("query", "customer") as client:
        assert client.get("/api/v1/orders").status_code == 200
        client.headers["Authorization"] = f"Bearer {before}"
        assert client.get("/api/v1/orders").status_code == 200


def test_the_load_has_callers_who_are_let_in(deployment: Deployment) -> None:
    said = deployment.compose("run", "--build", "--rm", "-T", "--no-deps", "load", "--rate", "50", "--duration", "5")
    assert "; 0 refused, 0 failed" in said, said


def read(deployment: Deployment, path: str, **asked: str) -> httpx.Response:
    """What a query of somebody who may see everything is answered."""
    with deployment.client("query", "operator") as client:
        return client.get(f"/api/v1{path}", params=asked, timeout=30)


def searched(deployment: Deployment) -> httpx.Response:
    """A search for a product of the list, by its name."""
    [product] = read(deployment, "/products", limit="1").raise_for_status().json()["items"]
    return read(deployment, "/products/search", q=product["name"])


def reported(deployment: Deployment) -> httpx.Response:
    """A report on the sample."""
    return read(deployment, "/analytics/funnel")


async def test_searches_and_reports_answer(deployment: Deployment) -> None:
    async def answered() -> bool:
        found, report = searched(deployment), reported(deployment)
        return found.status_code == report.status_code == 200 and bool(found.json()["total"] and report.json())

    await eventually(answered, limit=60, pause=0.5)


@pytest.mark.parametrize(
    ("server", "ask", "code"),
    [("opensearch", searched, "search_unavailable"), ("clickhouse", reported, "analytics_unavailable")],
)
async def test_without_its_server_it_alone_is_unavailable_and_comes_back(
    deployment: Deployment, server: str, ask: Callable[[Deployment], httpx.Response], code: str
) -> None:
    deployment.compose("kill", server)
    try:
        refused = ask(deployment)
        assert (refused.status_code, refused.json()["code"]) == (503, code)
        for path in ("/products", "/orders", "/tickets/dashboard"):
            assert read(deployment, path).status_code == 200
    finally:
        deployment.compose("start", server)

    async def back() -> bool:
        return ask(deployment).status_code == 200

    await eventually(back, limit=180, pause=0.5)


def test_the_command_line_may_rebuild_a_view(deployment: Deployment) -> None:
    said = deployment.compose("run", "--rm", "-T", "--no-deps", "tools", "rebuild", "order_summaries")
    assert "order_summaries: generation 2 is in service" in said


async def test_a_service_that_crashes_comes_back_by_itself(deployment: Deployment) -> None:
    before = deployment.inspect("projector")
    os.kill(before["State"]["Pid"], signal.SIGKILL)

    async def back() -> bool:
        now = deployment.inspect("projector")
        return bool(now["RestartCount"] > before["RestartCount"] and now["State"]["Health"]["Status"] == "healthy")

    await eventually(back, limit=60, pause=0.5)


async def test_a_rolling_restart_under_load_fails_no_request(deployment: Deployment) -> None:
    before = opened_tickets(deployment)
    issuer = deployment.addresses["issuer"]
    tokens = " ".join(token_of(issuer, f"agent+{number}") for number in range(CALLERS))
    apart = ("run", "--rm", "-T", "--no-deps", "-e", f"TOKENS={tokens}")
    load = deployment.start(*apart, "--entrypoint", "python3", "tools", "-c", LOAD)

    async def under_way() -> bool:
        return opened_tickets(deployment) > before + 20

    try:
        await eventually(under_way)
        assert replace_replicas(deployment.compose) == list(SERVICES)
    finally:
        output, _ = load.communicate("", timeout=60)
    happened: dict[str, Any] = json.loads(output)
    print("rolling restart:", happened)
    assert happened["failures"] == []
    assert happened["read"] == happened["accepted"] > 100

    async def all_counted() -> bool:
        return bool(opened_tickets(deployment) == before + happened["accepted"])

    await eventually(all_counted)
    deployment.compose("run", "--rm", "-T", "--no-deps", "tools", "verify")  # exit code 1 when anything differs


def test_after_a_rolling_restart_up_finds_nothing_to_make_anew(deployment: Deployment) -> None:
    before = {service: container["Id"] for service, container in deployment.containers().items()}
    assert before.keys() >= {*SERVICES, *JOBS, *SERVERS}

    deployment.compose("up", "--detach", "--wait")

    assert {service: container["Id"] for service, container in deployment.containers().items()} == before


def test_down_leaves_nothing(deployment: Deployment) -> None:
    deployment.compose("down", "--volumes", "--remove-orphans", "--timeout", "10")
    assert deployment.left() == []

"""What the Kubernetes manifests tell the pods brings up a working system on servers that ask for accounts."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from deploy.checkout import CHECKOUT
from deploy.local.install import find_or_install
from deploy.local.ports import HOST, hold_port, is_listening
from deploy.local.process import Process
from deploy.local.services import Service
from tests.shop.support.guarded import GuardedMongoDB
from tests.shop.support.manifests import SERVICES, Manifest, environment, named, pod
from tests.support.eventually import eventually
from tests.support.provided.servers import RabbitMQServer
from twinpath.identity.development_token import token_of

OVERLAY = "local"
_OFF = ("TWINPATH_SEARCH_URL", "TWINPATH_CLICKHOUSE_URL")


class Cluster:
    """Real servers in the place of the local overlay's; every password is its account's name.

    Args:
        addresses: what the manifests call a server -> where it is.
    """

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self.addresses = dict(addresses)
        self.issuer = f"http://{addresses['issuer:8003']}"

    def told(self, container: Manifest) -> dict[str, str]:
        """The container's variables, with this machine's addresses and the accounts' passwords.

        OpenSearch and ClickHouse are not here; without an address search and analytics are off.
        """
        told = {name: self.here(value) for name, value in environment(OVERLAY, container).items()}
        return {name: value for name, value in told.items() if name not in _OFF}

    def here(self, value: str) -> str:
        """A value of the manifests with this machine's addresses and accounts."""
        for name, address in self.addresses.items():
            value = value.replace(name, address)
        return value.replace("<", "").replace(">", "")

    def run(self, container: Manifest, *changed: str) -> str:
        """What the command line says, run with this container's variables and its arguments, or `changed` ones."""
        command = [sys.executable, "-m", "twinpath.cli", *(changed or container["args"])]
        done = subprocess.run(command, env=self.told(container), cwd=CHECKOUT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[GuardedMongoDB]:
    """A MongoDB with an administrator; its accounts are made anew by the test."""
    mongodb = GuardedMongoDB(tmp_path)
    try:
        mongodb.start()
        yield mongodb
    finally:
        mongodb.mongod.close()


@pytest.fixture
def cluster(
    guarded: GuardedMongoDB, private_rabbitmq: Callable[[], RabbitMQServer], tmp_path: Path
) -> Iterator[Cluster]:
    """The servers, as far as they get before `twinpath init`: Redis with the users that its init container writes."""
    rabbitmq, port, issuer = private_rabbitmq(), hold_port(), hold_port()
    management = urlsplit(rabbitmq.management_url)
    cluster = Cluster(
        {
            "mongodb-0.mongodb:27017": guarded.host,
            "rabbitmq:5672": urlsplit(rabbitmq.url).netloc.rpartition("@")[2],
            "rabbitmq:15672": management.netloc.rpartition("@")[2],
            "redis:6379": f"{HOST}:{port.number}",
            "issuer:8003": f"{HOST}:{issuer.number}",
            "127.0.0.1:8003": f"{HOST}:{issuer.number}",
            "<mongodb-admin>": "admin",
            "<rabbitmq-default-user>": management.username or "",
        }
    )
    specification = pod(named(OVERLAY, "StatefulSet", "redis"))
    cluster.run(specification["initContainers"][0], "server-files", str(tmp_path))
    arguments = [one.replace("/run/twinpath", str(tmp_path)) for one in specification["containers"][0]["args"][1:]]
    command = [find_or_install().redis_server, *arguments, "--port", str(port.number), "--dir", str(tmp_path)]
    redis = Process("Redis", command, tmp_path / "redis.log")
    try:
        port.release()
        issuer.release()
        redis.start()
        redis.wait_until(lambda: is_listening(port.number), limit=30)
        yield cluster
    finally:
        redis.close()


async def test_init_services_and_command_line_work_with_what_their_pods_are_told(
    cluster: Cluster, tmp_path: Path
) -> None:
    (init,) = pod(named(OVERLAY, "Job", "init"))["containers"]
    first = await asyncio.to_thread(cluster.run, init)
    assert "RabbitMQ's users" in first
    assert await asyncio.to_thread(cluster.run, init) == first, "doing it again changes nothing"

    issuer = issuer_of(cluster, tmp_path)
    services = {}
    for name in SERVICES:
        told = cluster.told(pod(named(OVERLAY, "Deployment", name))["containers"][0])
        services[name] = Service(name, tmp_path / f"{name}.log", {**told, "TWINPATH_HOST": HOST})
    try:
        issuer.start()
        for service in services.values():
            service.start()
        issuer.wait_until(lambda: is_listening(urlsplit(cluster.issuer).port or 0), 30)
        for service in services.values():
            await asyncio.to_thread(service.wait_ready)

        async with httpx.AsyncClient(timeout=30) as client:

            async def all_is_well() -> bool:
                answers = [(await client.get(f"{one.url}/health/ready")).json() for one in services.values()]
                return [answer["status"] for answer in answers] == ["ready"] * len(answers)

            await eventually(all_is_well, limit=30)  # not merely "degraded": RabbitMQ and Redis let them in too
            customers = f"{services['command'].url}/api/v1/customers"
            body = {"name": "Ada Lovelace", "email": "ada@example.com"}
            assert (await client.post(customers, json=body)).status_code == 401
            client.headers["Authorization"] = f"Bearer {token_of(cluster.issuer, 'operator')}"
            taken = await client.post(customers, json=body)
            seen = await client.get(
                f"{services['query'].url}/api/v1/customers/{taken.json()['customer_id']}",
                headers={"Causal-Token": taken.headers["Causal-Token"]},
            )
            assert seen.json()["name"] == "Ada Lovelace"
        (verify,) = pod(named(OVERLAY, "CronJob", "verify"))["containers"]
        assert "events: 1 events, right" in await asyncio.to_thread(cluster.run, verify)
    finally:
        for process in (issuer, *services.values()):
            process.close()


def issuer_of(cluster: Cluster, folder: Path) -> Process:
    """The development issuer with its pod's arguments, on this machine."""
    (container,) = pod(named(OVERLAY, "Deployment", "issuer"))["containers"]
    arguments = [
        cluster.here(one.replace("0.0.0.0", HOST).replace("/run/issuer", str(folder))) for one in container["args"]
    ]
    port = urlsplit(cluster.issuer).port
    command = [sys.executable, "-m", "deploy.issuer", *arguments, "--port", str(port)]
    return Process("issuer", command, folder / "issuer.log", folder=CHECKOUT)

"""docker compose with TLS between services and servers, for real: `make compose-test`, where an engine answers."""

import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from pymongo import MongoClient
from pymongo.errors import ConnectionFailure
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.shop.compose.deployment import Deployment
from tests.support.eventually import eventually

pytestmark = pytest.mark.timeout(900)  # the first test waits for every image to be built


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The deployment, up."""
    deployment = Deployment(tmp_path_factory.mktemp("encrypted"), "docker-compose.tls.yml")
    try:
        deployment.compose("down", "--volumes", "--remove-orphans")  # what a run that was killed left
        deployment.compose("up", "--build", "--wait", "--wait-timeout", "180")
        yield deployment
    except BaseException:
        print(deployment.compose("logs", "--tail", "30"))
        raise
    finally:
        deployment.compose("down", "--volumes", "--remove-orphans", "--timeout", "10")


@pytest.mark.parametrize("service", ["command", "projector", "query"])
def test_the_check_of_each_service_is_content(deployment: Deployment, service: str) -> None:
    said = deployment.compose("exec", "-T", service, "python3", "-m", f"{service}_service", "--check")
    assert "FAILED" not in said
    assert "ok     rights" in said


def test_a_command_is_taken_and_seen(deployment: Deployment) -> None:
    body = {"subject": "Parcel", "message": "Where is it?"}
    with deployment.client("command", "agent") as command, deployment.client("query", "agent") as query:
        taken = command.post("/api/v1/tickets", json=body).raise_for_status()
        seen = query.get(taken.headers["Location"], headers={"Causal-Token": taken.headers["Causal-Token"]})
    assert seen.json()["subject"] == "Parcel"
    deployment.compose("run", "--rm", "-T", "--no-deps", "tools", "verify")  # exit code 1 when anything differs


async def test_searches_and_reports_answer(deployment: Deployment) -> None:
    with deployment.client("query") as client:

        async def answered() -> bool:
            found = client.get("/api/v1/tickets/search", params={"q": "parcel"})
            report = client.get("/api/v1/analytics/tickets")
            return found.status_code == report.status_code == 200 and bool(found.json()["total"] and report.json())

        await eventually(answered, limit=60, pause=0.5)


def test_no_server_takes_anything_but_tls(deployment: Deployment) -> None:
    with (
        MongoClient[dict[str, object]](deployment.addresses["mongodb"], serverSelectionTimeoutMS=3_000) as mongodb,
        pytest.raises(ConnectionFailure),
    ):
        mongodb.admin.command("ping")
    with Redis.from_url(deployment.addresses["redis"]) as redis, pytest.raises(RedisConnectionError):
        redis.ping()
    for address in ("rabbitmq_ui", "clickhouse"):
        with pytest.raises(httpx.HTTPError):
            httpx.get(deployment.addresses[address])


@pytest.mark.parametrize("server", ["mongodb", "rabbitmq", "rabbitmq_ui", "redis", "clickhouse"])
def test_this_checkouts_authority_vouches_for_each_server(deployment: Deployment, server: str) -> None:
    authority = deployment.compose("exec", "-T", "command", "cat", "/run/trusted/ca.crt")
    port = urlsplit(deployment.addresses[server]).port
    with (
        socket.create_connection(("127.0.0.1", port or 0), timeout=10) as plain,
        ssl.create_default_context(cadata=authority).wrap_socket(plain, server_hostname="localhost") as encrypted,
    ):
        assert encrypted.version() in ("TLSv1.2", "TLSv1.3")

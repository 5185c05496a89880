"""The whole system on servers that take TLS alone: it works with their authority, and trusts no server without it."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from command_service.settings import Settings
from deploy.certificates import make_certificates
from deploy.checkout import CHECKOUT
from deploy.local.ports import HOST
from deploy.local.services import NAMES, Service
from tests.shop.support.encrypted import Encrypted
from tests.support.eventually import eventually
from twinpath.errors import TooMany
from twinpath.identity.rates import CallerRates


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encrypted]:
    """The servers, made ready by `twinpath init`."""
    servers = Encrypted(tmp_path_factory.mktemp("encrypted"))
    try:
        servers.start()
        done = run("twinpath.cli", "init", **servers.init_environment())
        assert done.returncode == 0, done.stdout + done.stderr
        assert "RabbitMQ's users" in done.stdout
        yield servers
    finally:
        servers.close()


def run(module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program of ours with these variables and no others."""
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)


async def test_a_command_is_taken_seen_and_verified_over_tls(encrypted: Encrypted, tmp_path: Path) -> None:
    services = {
        name: Service(name, tmp_path / f"{name}.log", {**encrypted.environment(name), "TWINPATH_HOST": HOST})
        for name in NAMES
    }
    try:
        for service in services.values():
            service.start()
        for service in services.values():
            await asyncio.to_thread(service.wait_ready)
        async with httpx.AsyncClient(timeout=30) as client:

            async def all_is_well() -> bool:
                answers = [(await client.get(f"{service.url}/health/ready")).json() for service in services.values()]
                return [answer["status"] for answer in answers] == ["ready"] * len(answers)

            await eventually(all_is_well, limit=30)
            body = {"name": "Ada Lovelace", "email": "ada@example.com"}
            taken = await client.post(f"{services['command'].url}/api/v1/customers", json=body)
            seen = await client.get(
                f"{services['query'].url}/api/v1/customers/{taken.json()['customer_id']}",
                headers={"Causal-Token": taken.headers["Causal-Token"]},
            )
            assert seen.json()["name"] == "Ada Lovelace"
    finally:
        for service in services.values():
            service.close()
    verified = run("twinpath.cli", "verify", "--no-views", **encrypted.environment("tools"))
    assert verified.returncode == 0, verified.stdout + verified.stderr
    letters = run("twinpath.cli", "dead-letters", "list", **encrypted.environment("tools"))
    assert letters.returncode == 0, letters.stdout + letters.stderr


async def test_callers_are_counted_together_over_tls(encrypted: Encrypted, monkeypatch: pytest.MonkeyPatch) -> None:
    services = []
    for account in NAMES:
        for variable, value in encrypted.environment(account).items():
            monkeypatch.setenv(variable, value)
        settings = Settings()
        url, prefix = settings.rates_redis_url, settings.redis_prefix
        services.append(CallerRates("2/hour", redis_url=url, prefix=prefix, redis_timeout=30.0))
    for rates in services[:2]:
        await rates.take("ada", is_known=True)
    for rates in services:
        with pytest.raises(TooMany):
            await rates.take("ada", is_known=True)
        await rates.close()


@pytest.mark.parametrize("name", NAMES)
def test_no_service_talks_to_a_server_that_another_authority_vouches_for(
    encrypted: Encrypted, name: str, tmp_path: Path
) -> None:
    checked = run(f"{name}_service", "--check", **encrypted.environment(name))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    make_certificates(tmp_path)
    strange = {**encrypted.environment(name), "TWINPATH_SERVERS_CA_FILE": str(tmp_path / "trusted" / "ca.crt")}
    refused = run(f"{name}_service", "--check", **strange)
    assert refused.returncode == 1
    said = refused.stdout + refused.stderr
    wrong = [line for line in said.splitlines() if line.startswith("FAILED")]
    assert len(wrong) >= {"command": 2, "projector": 3, "query": 2}[name], said
    assert "CERTIFICATE_VERIFY_FAILED" in said


def test_init_hands_its_passwords_to_no_broker_that_another_authority_vouches_for(
    encrypted: Encrypted, tmp_path: Path
) -> None:
    make_certificates(tmp_path)
    address = encrypted.init_environment()["TWINPATH_MONGODB_URL"] + f"&tlsCAFile={encrypted.authorities}"
    environment = {
        **encrypted.init_environment(),
        "TWINPATH_MONGODB_URL": address,
        "TWINPATH_SERVERS_CA_FILE": str(tmp_path / "trusted" / "ca.crt"),
    }
    refused = run("twinpath.cli", "init", "--patience", "0", **environment)
    assert refused.returncode == 2
    assert "CERTIFICATE_VERIFY_FAILED" in refused.stderr.replace("\n", "")

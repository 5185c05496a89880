"""The three services of a checkout as child processes against given servers."""

import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from deploy.checkout import CHECKOUT
from deploy.local.ports import HOST, hold_port
from deploy.local.process import Process

NAMES = ("command", "projector", "query")
_READY_SECONDS = 60.0


class Service(Process):
    """A replica of a service, on a port that it keeps through a restart; `checkout` is the folder of its code."""

    def __init__(self, name: str, log: Path, env: Mapping[str, str], checkout: Path = CHECKOUT) -> None:
        self._port = hold_port()
        self.url = f"http://{HOST}:{self._port.number}"
        command = [sys.executable, "-m", f"{name}_service"]
        super().__init__(name, command, log, {**env, "TWINPATH_PORT": str(self._port.number)}, checkout)

    def start(self) -> None:
        """Start it, without waiting."""
        self._port.lend()
        super().start()

    def wait_ready(self) -> None:
        """Wait until it is ready. Raises StartFailed."""
        self.wait_until(self.is_ready, _READY_SECONDS)

    def is_ready(self) -> bool:
        """Whether its readiness is 200."""
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


PUBLIC = "catalogue:read,operate:metrics"
"""What callers without a token may do on this machine: see the catalogue, and scrape."""


def identity_environment(issuer: str) -> dict[str, str]:
    """The settings by which services know their callers."""
    return {"TWINPATH_IDENTITY_ISSUER": issuer, "TWINPATH_PUBLIC_PERMISSIONS": PUBLIC}


def service_environment(
    mongodb: str, rabbitmq: str, redis: str, clickhouse: str = "", search: str = ""
) -> dict[str, str]:
    """The settings with the addresses of the servers; without ClickHouse analytics are off, and so is search."""
    return {
        "TWINPATH_HOST": HOST,
        "TWINPATH_MONGODB_URL": mongodb,
        "TWINPATH_RABBITMQ_URL": rabbitmq,
        "TWINPATH_REDIS_URL": redis,
        "TWINPATH_SEARCH_URL": search,
        "TWINPATH_CLICKHOUSE_URL": clickhouse,
        "TWINPATH_LIVE_EXAMPLES": "true",
    }

"""The three real services as processes, for end-to-end tests: started, killed, restarted, asked over HTTP."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import httpx

from deploy.checkout import CHECKOUT
from deploy.local.services import NAMES, Service, service_environment
from tests.support.services.dying import DyingService, Point


class System:
    """Everything between HTTP and HTTP; `unique` names its databases and keys."""

    def __init__(self, folder: Path, mongodb_url: str, rabbitmq_url: str, redis_url: str, unique: str) -> None:
        self._folder = folder
        self.mongodb_url = mongodb_url
        self.redis_url = redis_url
        self.unique = unique
        self.settings = {
            **service_environment(mongodb_url, rabbitmq_url, redis_url, search=(folder / "search").resolve().as_uri()),
            "TWINPATH_LOG_DATABASE": f"{unique}_log",
            "TWINPATH_KEYS_DATABASE": f"{unique}_keys",
            "TWINPATH_VIEWS_DATABASE": f"{unique}_views",
            "TWINPATH_IDENTITY_DATABASE": f"{unique}_identity",
            "TWINPATH_REDIS_PREFIX": unique,
            "TWINPATH_RELAY_LEASE_SECONDS": "2",
        }
        """Variables of the services that are started from now on."""
        self.checkout = CHECKOUT
        """The folder of the code that the command line runs."""
        self._replicas: dict[str, list[Service]] = {}

    def start(self, *names: str) -> "System":
        """Start one replica of each service named, or of all three, and wait until they are ready."""
        started = [self.add(name) for name in names or NAMES]
        for service in started:
            service.wait_ready()
        return self

    def add(self, name: str, checkout: Path = CHECKOUT, **env: str) -> Service:
        """Start one more replica of a service, without waiting for it.

        `env` is for it alone; `checkout` is that of the version it is of.
        """
        return self._added(name, Service(name, self._log_of(name), {**self.settings, **env}, checkout))

    def add_dying(self, name: str, point: Point) -> DyingService:
        """Start one more replica that is hit at a point, without waiting for it."""
        service = DyingService(name, self._log_of(name), self.settings, point)
        self._added(name, service)
        return service

    def _added(self, name: str, service: Service) -> Service:
        self._replicas.setdefault(name, []).append(service)
        service.start()
        return service

    def _log_of(self, name: str) -> Path:
        return self._folder / f"{name}-{len(self._replicas.get(name, ()))}.log"

    def __getitem__(self, name: str) -> Service:
        """The first replica of a service."""
        return self._replicas[name][0]

    def replicas(self, name: str) -> list[Service]:
        """Every replica of a service."""
        return self._replicas[name]

    def client(self, name: str) -> httpx.AsyncClient:
        """An HTTP client of a service: of its first replica, and of the next one when that does not answer."""
        return httpx.AsyncClient(transport=_Replicas(self._replicas[name]), base_url=self[name].url, timeout=10)

    async def verify(self) -> str:
        """What `twinpath verify` prints. Raises AssertionError when anything differs."""
        verifying = self.twinpath("verify")
        said, _ = await asyncio.to_thread(verifying.communicate)
        assert verifying.returncode == 0, said
        return said

    def twinpath(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command line on this system."""
        command = [sys.executable, "-m", "twinpath.cli", *arguments]
        env = {**os.environ, **self.settings}
        return subprocess.Popen(
            command, cwd=self.checkout, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def tails(self) -> dict[str, str]:
        """The end of each replica's log."""
        return {service.log.stem: service.tail() for replicas in self._replicas.values() for service in replicas}

    def stop(self) -> None:
        """Stop every replica."""
        for replicas in self._replicas.values():
            for service in replicas:
                service.stop()


class _Replicas(httpx.AsyncHTTPTransport):
    """Asks one replica until it fails, from then on the next; the failed request is the caller's to repeat."""

    def __init__(self, replicas: list[Service]) -> None:
        super().__init__()
        self._all = replicas
        self._turn = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        replica = httpx.URL(self._all[self._turn % len(self._all)].url)
        request.url = request.url.copy_with(port=replica.port)
        try:
            return await super().handle_async_request(request)
        except httpx.TransportError:
            self._turn += 1
            raise

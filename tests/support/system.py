"""The three real services as processes, for end-to-end tests: started, killed, restarted, asked over HTTP."""

import os
import subprocess
import sys
from pathlib import Path

import httpx

from deploy.checkout import CHECKOUT
from deploy.local.services import NAMES, Service, service_environment


class System:
    """Everything between HTTP and HTTP; `unique` names its databases and keys."""

    def __init__(self, folder: Path, mongodb_url: str, rabbitmq_url: str, redis_url: str, unique: str) -> None:
        self._folder = folder
        self.settings = {
            **service_environment(mongodb_url, rabbitmq_url, redis_url),
            "TWINPATH_LOG_DATABASE": f"{unique}_log",
            "TWINPATH_KEYS_DATABASE": f"{unique}_keys",
            "TWINPATH_VIEWS_DATABASE": f"{unique}_views",
            "TWINPATH_REDIS_PREFIX": unique,
            "TWINPATH_RELAY_LEASE_SECONDS": "2",
        }
        """Variables of the services that are started from now on."""
        self._replicas: dict[str, list[Service]] = {}

    def start(self, *names: str) -> "System":
        """Start one replica of each service named, or of all three, and wait until they are ready."""
        started = [self.add(name) for name in names or NAMES]
        for service in started:
            service.wait_ready()
        return self

    def add(self, name: str) -> Service:
        """Start one more replica of a service, without waiting for it."""
        replicas = self._replicas.setdefault(name, [])
        service = Service(name, self._folder / f"{name}-{len(replicas)}.log", self.settings)
        replicas.append(service)
        service.start()
        return service

    def __getitem__(self, name: str) -> Service:
        """The first replica of a service."""
        return self._replicas[name][0]

    def client(self, name: str) -> httpx.AsyncClient:
        """An HTTP client of the first replica of a service."""
        return httpx.AsyncClient(base_url=self[name].url, timeout=30)

    def twinpath(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command line on this system."""
        command = [sys.executable, "-m", "deploy.cli", *arguments]
        env = {**os.environ, **self.settings}
        return subprocess.Popen(
            command, cwd=CHECKOUT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def tails(self) -> dict[str, str]:
        """The end of each replica's log."""
        return {service.log.stem: service.tail() for replicas in self._replicas.values() for service in replicas}

    def stop(self) -> None:
        """Stop every replica."""
        for replicas in self._replicas.values():
            for service in replicas:
                service.stop()

"""`docker compose up` as a user has it, under another name and on ports of its own, beside whatever else runs."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx

from deploy.checkout import CHECKOUT
from deploy.local.ports import hold_ports
from deploy.secrets_file import write_secrets
from twinpath.cli.addresses import COMPOSE_PORTS, compose_addresses, compose_log_address
from twinpath.identity.development_token import token_of

PROJECT = "twinpath-test"
OTHER_FILES = "TWINPATH_TEST_COMPOSE_FILES"
"""Names further files of compose, for an engine whose images are not quite those of docker-compose.yml."""


class Deployment:
    """The services and their servers, with fresh secrets and volumes.

    Args:
        folder: takes the secrets.
        overlays: files that change docker-compose.yml.
        profile: of docker-compose.yml; `scale` is a second replica of each service.
    """

    def __init__(self, folder: Path, *overlays: str, profile: str = "") -> None:
        secrets = write_secrets(folder / "env")
        held = hold_ports(len(COMPOSE_PORTS))
        ports = {name: str(port.release()) for name, port in zip(COMPOSE_PORTS, held, strict=True)}
        self._environment = {**os.environ, **ports}
        self.addresses = compose_addresses({**secrets, **ports})
        self.log_address = compose_log_address({**secrets, **ports})
        self.loaded: dict[str, int] = {}
        others = os.environ.get(OTHER_FILES, "").split()
        files = [part for file in ("docker-compose.yml", *others, *overlays) for part in ("-f", file)]
        self._compose = ["docker", "compose", *files, "-p", PROJECT, "--env-file", str(folder / "env")]
        self._compose += ["--profile", profile] if profile else []

    def client(self, service: str, person: str = "operator") -> httpx.Client:
        """A client of a service's API, with the token of a sample person."""
        token = token_of(self.addresses["issuer"], person)
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.addresses[service], headers=headers, timeout=30)

    def compose(self, *arguments: str) -> str:
        """Run docker compose; what it says. Raises CalledProcessError, after its output was shown."""
        return run(*self._compose, *arguments, env=self._environment)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The same in the background; what is written to its standard input goes there."""
        command = [*self._compose, *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=CHECKOUT, env=self._environment, text=True, stdin=pipe, stdout=pipe)

    def inspect(self, service: str) -> dict[str, Any]:
        """What the engine says of a service's container."""
        return self.containers()[service]

    def containers(self) -> dict[str, dict[str, Any]]:
        """Service -> what the engine says of its container, for all that `up` makes."""
        found = json.loads(run("docker", "inspect", *self.compose("ps", "--all", "--quiet").split()))
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in found}

    def left(self) -> list[str]:
        """Everything that the engine still has of it, but images."""
        label = f"label=com.docker.compose.project={PROJECT}"
        kinds = (("ps", "--all"), ("volume", "ls"), ("network", "ls"))
        return [line for kind in kinds for line in run("docker", *kind, "-q", "--filter", label).split()]


def run(*command: str, env: dict[str, str] | None = None) -> str:
    """Run a program in the checkout; what it says. Raises CalledProcessError, after its output was shown."""
    done = subprocess.run(command, cwd=CHECKOUT, env=env, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        print(done.stdout, done.stderr)
        done.check_returncode()
    return done.stdout

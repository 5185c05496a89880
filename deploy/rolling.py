"""Replaces every replica of a deployment with docker compose, one after the other: `python -m deploy.rolling`.

With two replicas of each service (`--profile scale`), the other replica answers meanwhile: a new replica must be ready
before the next old one is stopped, and a stopped replica finishes its requests. Images are built first.
"""

import subprocess
import sys
from collections.abc import Callable

from deploy.checkout import CHECKOUT
from deploy.secrets_file import write_secrets

SERVICES = ("query", "query-2", "projector", "projector-2", "command", "command-2")
"""Readers before writers: a new command service may write events that an old projector does not know."""

JOBS = ("server-files", "init")
"""What runs once, before the services do; it changes nothing the second time."""


def compose(*arguments: str) -> str:
    """Run docker compose; returns its standard output. Raises subprocess.CalledProcessError."""
    command = ["docker", "compose", "--profile", "scale", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True).stdout


def replace_replicas(compose: Callable[..., str] = compose) -> list[str]:
    """Replace the running replicas; returns their names. A later `up` finds all as it would have made it.

    Compose makes a container anew when something that it depends on was made anew (docker/compose issue 10308), older
    versions also when it was made with `--no-deps` (issue 12069): the next `up` would then replace all replicas at
    once. So the jobs are made of the new image first, and a replica is removed and made with all that it depends on,
    which `--no-recreate` leaves alone. It is started without that: `up` would run the jobs again for each.

    Raises:
        subprocess.CalledProcessError: a replica was not ready within two minutes; the later ones are unchanged.
    """
    listed = compose("ps", "--services").split()
    running = [service for service in SERVICES if service in listed]
    if running:
        compose("rm", "--force", *JOBS)
    for service in running:
        compose("rm", "--stop", "--force", service)
        compose("create", "--no-build", "--no-recreate", service)
        alone = [] if service == running[0] else ["--no-deps"]
        compose("up", "--detach", "--no-recreate", *alone, "--wait", "--wait-timeout", "120", service)
    return running


if __name__ == "__main__":
    write_secrets()
    try:
        compose("build")
        print("replaced:", ", ".join(replace_replicas()) or "nothing runs")
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)

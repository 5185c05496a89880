"""A server in a Docker container on fixed ports of 127.0.0.1, with the calls of deploy/local's processes."""

import os
import socket
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any
from urllib.parse import urlsplit

import docker
from docker.errors import DockerException, NotFound
from docker.models.containers import Container as Running
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed
from testcontainers.core.container import DockerContainer

from deploy.local.ports import HOST, Port


def engine_answers() -> bool:
    """Whether a Docker engine on this machine can be used; a remote one's ports are not on our 127.0.0.1."""
    address = urlsplit(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock")
    if address.scheme != "unix" or not _accepts(address.path):
        return False
    with closing(docker.from_env(version="auto", timeout=10)) as client:
        try:
            return bool(client.ping())
        except DockerException:
            return False


def _accepts(path: str) -> bool:
    """Whether someone listens on this socket; the Docker SDK leaks its own when nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(5)
        return probe.connect_ex(path) == 0


class Container:
    """One container that can be stopped, killed, paused and started again; its address and data stay.

    Args:
        image: the image's name.
        ready: says whether the server inside answers.
        command: the container's command; None means the image's own.
        ports: port inside -> held port on 127.0.0.1.
        options: further options of `docker run`, in the Docker SDK's names.
    """

    def __init__(
        self,
        image: str,
        ready: Callable[[], bool],
        command: list[str] | None = None,
        ports: dict[int, Port] | None = None,
        **options: Any,
    ) -> None:
        self._image = image
        self._ready = ready
        self._command = command
        self._ports = ports or {}
        self._options = options
        self._container: DockerContainer | None = None

    def start(self) -> None:
        """Create or restart the container and wait until its server answers."""
        if self._container is None:
            self._container = self._create()
        else:
            self.docker.start()
        self.wait_until(self._ready, limit=90)

    def stop(self) -> None:
        """Stop it in an orderly way (SIGTERM)."""
        self.docker.stop(timeout=15)

    def kill(self) -> None:
        """Kill what runs inside (SIGKILL)."""
        self.docker.kill()

    def pause(self) -> None:
        """Freeze what runs inside."""
        self.docker.pause()

    def resume(self) -> None:
        """Let it go on."""
        self.docker.unpause()

    def close(self) -> None:
        """Remove the container and its data."""
        for port in self._ports.values():
            port.release()
        if self._container is not None:
            with suppress(NotFound):
                self._container.stop()
            self._container = None

    def wait_until(self, ready: Callable[[], bool], limit: float) -> None:
        """Ask `ready` again and again.

        Raises:
            RuntimeError: `limit` seconds passed; the message ends with the container's log.
        """
        try:
            Retrying(stop=stop_after_delay(limit), wait=wait_fixed(0.05), retry=retry_if_result(lambda ok: not ok))(
                ready
            )
        except RetryError:
            log = self.docker.logs(tail=25).decode(errors="replace")
            raise RuntimeError(f"{self._image} did not answer within {limit:g} s.\n{log}") from None

    @property
    def docker(self) -> Running:
        """The Docker SDK's view of the container."""
        assert self._container is not None, "the container was not started"
        return self._container.get_wrapped_container()

    def _create(self) -> DockerContainer:
        container = DockerContainer(self._image).with_kwargs(**self._options)
        if self._command is not None:
            container.with_command(self._command)
        published: dict[str, Any] = {f"{inside}/tcp": (HOST, port.release()) for inside, port in self._ports.items()}
        container.ports = published
        return container.start()

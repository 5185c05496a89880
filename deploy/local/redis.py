"""A private redis-server on 127.0.0.1 that keeps its data across a restart."""

import shutil
from pathlib import Path

from redis import Redis as Client
from redis.exceptions import RedisError

from deploy.local.ports import HOST, Port, hold_port
from deploy.local.process import Process


class Redis(Process):
    """A server; a stop, kill or pause keeps its address and data.

    Args:
        program: the path of redis-server.
        folder: takes data and log.
        port: a held port; None takes a free port.
    """

    def __init__(self, program: str, folder: Path, port: Port | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._port = port or hold_port()
        self.url = f"redis://{HOST}:{self._port.number}/0"
        command = [program, "--port", str(self._port.number), "--bind", HOST, "--dir", str(folder.resolve())]
        command += ["--save", "", "--appendonly", "yes", "--appendfsync", "no", "--daemonize", "no"]
        super().__init__("Redis", command, folder / "redis.log")

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._port.lend()
        super().start()
        self.wait_until(lambda: answers(self.url), limit=30)

    def wipe(self) -> None:
        """Come back empty at the same address."""
        self.kill()
        shutil.rmtree(self._folder / "appendonlydir")
        self.start()


def answers(url: str) -> bool:
    """Whether the server at this address has loaded its data and takes commands."""
    try:
        with Client.from_url(url, socket_connect_timeout=1, socket_timeout=1) as client:
            return bool(client.ping())
    except RedisError:
        return False

"""A private ClickHouse on 127.0.0.1 that keeps its data across a restart: its engine behind an HTTP door."""

import shutil
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from deploy.local.ports import HOST, Port, hold_port
from deploy.local.process import Process

_DOOR = Path(__file__).with_name("clickhouse_door.py")


class ClickHouse(Process):
    """A server; a stop, kill or pause keeps its address and data. `folder` takes data and log."""

    def __init__(self, folder: Path, port: Port | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._data = folder / "data"
        self._port = port or hold_port()
        self.url = f"http://{HOST}:{self._port.number}"
        command = [sys.executable, str(_DOOR), str(self._port.number), str(self._data.resolve())]
        super().__init__("ClickHouse", command, folder / "clickhouse.log")

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._port.lend()
        super().start()
        self.wait_until(self._answers, limit=60)

    def wipe(self) -> None:
        """Come back empty at the same address."""
        self.kill()
        shutil.rmtree(self._data)
        self.start()

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/ping", timeout=1) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

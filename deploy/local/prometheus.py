"""A private Prometheus on 127.0.0.1, and promtool; both are in Debian's package `prometheus`."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import httpx

from deploy.local.debian import can_apt_get, install_packages
from deploy.local.install import MissingProgram
from deploy.local.ports import HOST, hold_port
from deploy.local.process import Process

_HOW = "Install with: sudo apt-get install -y prometheus; elsewhere: brew install prometheus, or prometheus.io/download"


@dataclass(frozen=True)
class Programs:
    """The paths of the programs."""

    prometheus: str
    promtool: str


def find_or_install() -> Programs:
    """Both programs, installed first where that is possible. Raises MissingProgram."""
    if _installed() is None and can_apt_get():
        try:
            install_packages(["prometheus"])
        except subprocess.CalledProcessError as failure:
            raise MissingProgram(f"Prometheus could not be installed ({failure}). {_HOW}") from failure
    programs = _installed()
    if programs is None:
        raise MissingProgram(f"prometheus or promtool is missing. {_HOW}")
    return programs


def _installed() -> Programs | None:
    prometheus, promtool = shutil.which("prometheus"), shutil.which("promtool")
    return Programs(prometheus, promtool) if prometheus and promtool else None


class Prometheus(Process):
    """A server with a configuration file; `folder` takes its data and log."""

    def __init__(self, program: str, config: Path, folder: Path) -> None:
        self._port = hold_port()
        self.url = f"http://{HOST}:{self._port.number}"
        command = [program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
        command += [f"--web.listen-address={HOST}:{self._port.number}"]
        super().__init__("Prometheus", command, folder / "prometheus.log")

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self._port.lend()
        super().start()
        self.wait_until(self._is_ready, 30)

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

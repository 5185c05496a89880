"""Seconds from `make up` until every service is ready, on a machine that has everything installed."""

import sys
import tempfile
import time
from pathlib import Path

from bench.figures import at_most
from bench.run import Run
from deploy.checkout import CHECKOUT
from deploy.local.install import find_or_install
from deploy.local.process import Process

LONGEST = 120.0


def measure(run: Run) -> None:
    """With local processes, which need no container engine."""
    figure = run.figure("make up, until all is ready", at_most(25, "s"), "s")
    find_or_install()
    for _ in run.rounds():
        figure.add(_seconds())


def _seconds() -> float:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "up.log"
        command = [sys.executable, "-m", "deploy.up", "up", "--no-docker"]
        started = Process("make up", command, log, folder=CHECKOUT)
        began = time.perf_counter()
        started.start()
        try:
            started.wait_until(lambda: "Ready after" in log.read_text(errors="replace"), LONGEST)
            return time.perf_counter() - began
        finally:
            started.stop(60)

"""The folder of a local run's data: kept from one `make up` to the next, and used by one at a time."""

import fcntl
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from deploy.local.process import StartFailed

_STOP_SECONDS = 60.0


class DataFolder:
    """A folder with a lock beside it, which holds the id of the process that uses the data."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock = self.path.with_name(f"{path.name}.lock")

    @contextmanager
    def used(self) -> Iterator[None]:
        """Use the data until the end of the block. Raises StartFailed: somebody else does."""
        self.path.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a+") as lock:
            if not _taken(lock.fileno()):
                raise StartFailed(f"It runs here already, with the data in {self.path}: `make down` stops it.")
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            yield

    def stop_user(self) -> None:
        """Ask the process that uses the data to end, and wait for that, a minute at most."""
        if not self._lock.exists():
            return
        with self._lock.open("a+") as lock:
            if _taken(lock.fileno()):
                return
            lock.seek(0)
            with suppress(ProcessLookupError, ValueError):  # it has ended since, or has only just begun
                os.kill(int(lock.read()), signal.SIGTERM)
            Retrying(
                retry=retry_if_result(lambda taken: not taken),
                stop=stop_after_delay(_STOP_SECONDS),
                wait=wait_fixed(0.1),
                retry_error_callback=lambda state: None,
            )(_taken, lock.fileno())

    def delete(self) -> bool:
        """Delete the data, which nobody may be using; whether there were any."""
        self._lock.unlink(missing_ok=True)
        exists = self.path.exists()
        shutil.rmtree(self.path, ignore_errors=True)
        return exists


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

"""What is done to a process from outside: a disk that is full, and a machine that is slow."""

import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from deploy.local.process import Process


@contextmanager
def full_disk(process: Process) -> Iterator[None]:
    """No file of this process can grow, its log neither; that needs no rights."""
    assert process.pid is not None
    soft, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def slowed(process: Process, works: float = 0.05, rests: float = 0.5) -> Iterator[None]:
    """It works for a moment, in seconds, and rests for another, by turns."""
    over = threading.Event()

    def by_turns() -> None:
        while not over.wait(works):
            process.pause()
            over.wait(rests)
            process.resume()

    turning = threading.Thread(target=by_turns)
    turning.start()
    try:
        yield
    finally:
        over.set()
        turning.join()

"""A child process with its own session and log file: started, watched, paused, and stopped by its process id."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

_PR_SET_PDEATHSIG = 1
# Linux sends the death signal when the THREAD that forked ends, so every child is forked by this one,
# which lives as long as the program.
_forker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="forker")
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class StartFailed(RuntimeError):
    """A process ended or did not answer in time; the message ends with the tail of its log."""


class Process:
    """A program that can be started, paused, killed and started again with the same command, environment and log.

    Args:
        name: its name in messages.
        command: the program and its arguments.
        log: its output is appended here.
        env: variables set on top of this process's own.
        folder: the working folder; None means the current one.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self.env = dict(env or {})
        self.folder = folder
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the latest start; None before the first."""
        return self._child.pid if self._child else None

    @property
    def exit_code(self) -> int | None:
        """The exit code of the latest run (minus the signal's number when killed); None before it ends."""
        return self._child.poll() if self._child else None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start it unless it runs."""
        if not self.running:
            self._child = _forker.submit(self._spawn).result()

    def wait_until(self, ready: Callable[[], bool], limit: float) -> None:
        """Call `ready` until it returns True.

        Raises:
            StartFailed: the process ended meanwhile, or `limit` seconds passed.
        """
        try:
            Retrying(
                stop=stop_after_delay(limit),
                wait=wait_fixed(0.05),
                retry=retry_if_result(lambda done: not done),
            )(lambda: self._still_running() and ready())
        except RetryError:
            raise StartFailed(f"{self.name} did not answer within {limit:g} s.\n{self.tail()}") from None

    def stop(self, limit: float = 15) -> None:
        """Ask the process to end (SIGTERM); after `limit` seconds kill it, with its whole process group."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # a paused process only then gets the signal
        self._reap(limit)

    def kill(self) -> None:
        """End it at once, as a crash or a power cut would (SIGKILL)."""
        self._reap(0)

    def close(self) -> None:
        """End it for good; its data are no longer needed."""
        self.kill()

    def pause(self) -> None:
        """Freeze it (SIGSTOP): its connections stay open, nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process go on."""
        self._signal(signal.SIGCONT)

    def tail(self, lines: int = 25) -> str:
        """The end of its log, for a person to read."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 400 * lines))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-lines:])

    def _spawn(self) -> subprocess.Popen[bytes]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self.command,
                cwd=self.folder,
                env={**os.environ, **self.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C on the terminal is for us; we stop the children in order
                preexec_fn=_end_with_parent if _libc else None,
            )

    def _still_running(self) -> bool:
        if self.running:
            return True
        raise StartFailed(f"{self.name} ended with exit code {self.exit_code}.\n{self.tail()}")

    def _signal(self, number: signal.Signals) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)

    def _reap(self, limit: float) -> None:
        if self._child is None:
            return
        if limit:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(limit)
        _kill_group(self._child.pid)
        self._child.wait()


def _end_with_parent() -> None:
    """Between fork and exec: let the kernel end this child when its parent dies."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _kill_group(leader: int) -> None:
    """Kill the rest of a process group; the group's id is its leader's, which our children keep by setsid."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # gone; macOS raises the latter for a group of zombies
        return

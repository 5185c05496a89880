"""The CPU time and the bytes written to disk of processes, read from /proc."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_SESSION, _USER, _SYSTEM = 3, 11, 12
"""Fields of /proc/PID/stat after the name, see proc(5)."""


@dataclass(frozen=True)
class Used:
    """The use of a process and its living children."""

    cpu_seconds: float = 0.0
    written: int = 0
    """Bytes written to a disk."""

    def __add__(self, other: "Used") -> "Used":
        return Used(self.cpu_seconds + other.cpu_seconds, self.written + other.written)

    def __sub__(self, other: "Used") -> "Used":
        return Used(self.cpu_seconds - other.cpu_seconds, self.written - other.written)


def used_by(sessions: Mapping[str, int | None]) -> dict[str, Used]:
    """Name -> the use of all processes of that session; the id of a session is the id of its leading process."""
    names = {session: name for name, session in sessions.items()}
    uses = dict.fromkeys(sessions, Used())
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # the process has ended, or belongs to another user
            session, cpu_seconds = session_and_cpu((folder / "stat").read_text())
            if (name := names.get(session)) is not None:
                uses[name] += Used(cpu_seconds, written((folder / "io").read_text().splitlines()))
    return uses


def session_and_cpu(stat: str) -> tuple[int, float]:
    """The session and the CPU seconds in a line of /proc/PID/stat; a name may hold blanks and brackets."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[_SESSION]), (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS_A_SECOND


def written(io: Iterable[str]) -> int:
    """The bytes written, from the lines of /proc/PID/io."""
    return next(int(line.split()[1]) for line in io if line.startswith("write_bytes"))

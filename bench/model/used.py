"""What processes have used by now: CPU time and bytes written to disk, as Linux tells it in /proc."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_SESSION, _USER, _SYSTEM = 3, 11, 12
"""Fields of /proc/PID/stat behind the name, see proc(5)."""


@dataclass(frozen=True)
class Used:
    """By a process and its children that live."""

    cpu_seconds: float = 0.0
    written: int = 0
    """Bytes that it had written to a disk."""

    def __add__(self, other: "Used") -> "Used":
        return Used(self.cpu_seconds + other.cpu_seconds, self.written + other.written)

    def __sub__(self, other: "Used") -> "Used":
        return Used(self.cpu_seconds - other.cpu_seconds, self.written - other.written)


def used_by(sessions: Mapping[str, int | None]) -> dict[str, Used]:
    """Name -> what all processes of its session have used; a session's id is that of the process that leads it."""
    of = {session: name for name, session in sessions.items()}
    found = dict.fromkeys(sessions, Used())
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile, or is not ours
            session, cpu_seconds = session_and_cpu((folder / "stat").read_text())
            if (name := of.get(session)) is not None:
                found[name] += Used(cpu_seconds, written((folder / "io").read_text().splitlines()))
    return found


def session_and_cpu(stat: str) -> tuple[int, float]:
    """The session and the CPU seconds that a line of /proc/PID/stat tells; a name may hold blanks and brackets."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[_SESSION]), (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS_A_SECOND


def written(io: Iterable[str]) -> int:
    """The bytes written that /proc/PID/io tells."""
    return next(int(line.split()[1]) for line in io if line.startswith("write_bytes"))

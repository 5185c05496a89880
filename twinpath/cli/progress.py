"""How far a long command is: a bar with rate and time left on a terminal, a line every few seconds elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from twinpath.cli.output import errors

_LINE_SECONDS = 5.0

Advance = Callable[[int], None]
"""Takes how many more units are done."""

Reached = Callable[[int, int], None]
"""Takes how many units are done, and how many there are."""


@contextmanager
def bar(name: str, unit: str, lines: bool = True) -> Iterator[Reached]:
    """Give what takes the progress; without `lines` it is shown on a terminal alone, and gone at the end."""
    begun = time.monotonic()
    first: int | None = None
    last_line = begun

    def rate(done: int) -> float:
        nonlocal first
        first = done if first is None else first
        return (done - first) / max(time.monotonic() - begun, 0.001)

    def line(done: int, total: int) -> None:
        nonlocal last_line
        per_second, now = rate(done), time.monotonic()
        if lines and (now - last_line >= _LINE_SECONDS or done >= total):
            last_line = now
            left = f", {(total - done) / per_second:,.0f} s left" if per_second and done < total else ""
            errors.print(f"{name}: {done:,} of {total:,} {unit}, {per_second:,.0f} a second{left}", soft_wrap=True)

    if not errors.is_terminal:
        yield line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    times = (TimeElapsedColumn(), TimeRemainingColumn())
    redirected = sys.stdout.isatty()  # else it would take to stderr what goes into a file
    with Progress(*columns, *times, console=errors, transient=not lines, redirect_stdout=redirected) as progress:
        task = progress.add_task(name, total=None, rate="")
        yield lambda done, total: progress.update(task, completed=done, total=total, rate=f"{rate(done):,.0f} {unit}/s")

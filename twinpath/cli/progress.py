"""How far a long command is: a bar with rate and time left on a terminal, a line every few seconds elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from twinpath.cli.connection import errors
from twinpath.cli.told import SoFar

_LINE_SECONDS = 5.0


@contextmanager
def bar(name: str, unit: str) -> Iterator[SoFar]:
    """Give what is told of the progress."""
    begun = time.monotonic()
    first: int | None = None
    last_line = begun

    def rate(done: int) -> float:
        nonlocal first
        first = done if first is None else first
        return (done - first) / max(time.monotonic() - begun, 0.001)

    if not errors.is_terminal:

        def line(done: int, total: int) -> None:
            nonlocal last_line
            per_second, now = rate(done), time.monotonic()
            if now - last_line >= _LINE_SECONDS or done >= total:
                last_line = now
                left = f", {(total - done) / per_second:,.0f} s left" if per_second and done < total else ""
                print(f"{name}: {done:,} of {total:,} {unit}, {per_second:,.0f} a second{left}", flush=True)

        yield line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    shown = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=errors, redirect_stdout=False)
    with shown as progress:
        task = progress.add_task(name, total=None, rate="")
        yield lambda done, total: progress.update(task, completed=done, total=total, rate=f"{rate(done):,.0f} {unit}/s")

"""A service that dies, or freezes, at one exact point of its code: `python -m tests.support.services.dying command`.

The point is named in the environment. The services themselves have no hook: the named function is wrapped here, before
the service starts, and sends this process a signal at its n-th passing.
"""

import importlib
import inspect
import os
import random
import runpy
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Literal

from deploy.local.services import Service

_VARIABLE = "TWINPATH_TEST_POINT"


@dataclass(frozen=True)
class Point:
    """Where a service is hit: `before` or `after` a function, named as `module:Class.method`.

    The passing at which it happens is drawn anew at each start, from 1 to `latest`. `how` is SIGKILL or SIGSTOP.
    """

    when: Literal["before", "after"]
    function: str
    latest: int = 20
    how: signal.Signals = signal.SIGKILL

    def __str__(self) -> str:
        return f"{self.when} {self.function.partition(':')[2]}"

    @property
    def env(self) -> Mapping[str, str]:
        """What tells the process of it."""
        return {_VARIABLE: f"{self.when} {self.function} {self.latest} {self.how.value}"}


class DyingService(Service):
    """A replica that is hit at a point whenever it is started, until it is `spare`d."""

    def __init__(self, name: str, log: Path, env: Mapping[str, str], point: Point) -> None:
        super().__init__(name, log, {**env, **point.env})
        self._whole = self.command
        self.command = [sys.executable, "-m", "tests.support.services.dying", name]

    def dies_at(self, point: Point) -> None:
        """From its next start on it is hit at this point."""
        self.env |= point.env

    def spare(self) -> None:
        """From its next start on it is a service like any other."""
        self.command = self._whole


def hit(point: Point) -> None:
    """Wrap the named function in this process."""
    module, _, path = point.function.partition(":")
    owner: Any = importlib.import_module(module)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    setattr(owner, name, _wrapped(getattr(owner, name), point))


def _wrapped(function: Callable[..., Any], point: Point) -> Callable[..., Any]:
    left = random.randint(1, point.latest)

    def passed(when: str) -> None:
        nonlocal left
        if when == point.when:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), point.how)

    if not inspect.iscoroutinefunction(function):

        @wraps(function)
        def at_once(*args: Any, **named: Any) -> Any:
            passed("before")
            result = function(*args, **named)
            passed("after")
            return result

        return at_once

    @wraps(function)
    async def awaited(*args: Any, **named: Any) -> Any:
        passed("before")
        result = await function(*args, **named)
        passed("after")
        return result

    return awaited


if __name__ == "__main__":
    at, named_function, latest, how = os.environ[_VARIABLE].split()
    hit(Point("before" if at == "before" else "after", named_function, int(latest), signal.Signals(int(how))))
    runpy.run_module(f"{sys.argv[1]}_service", run_name="__main__")

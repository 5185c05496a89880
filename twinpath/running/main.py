"""The main of every service: reads its settings, puts its app together, serves it, or with `--check` only checks."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from starlette.types import ASGIApp

from twinpath.checking.report import CheckUp, report
from twinpath.identity.settings import IdentitySettings, refusal
from twinpath.observability.logs import configure_logs
from twinpath.running.serving import serve
from twinpath.running.settings import put_together, read_settings

_Settings = TypeVar("_Settings", bound=IdentitySettings)
_App = TypeVar("_App", bound=ASGIApp)


def run_service(
    name: str,
    kind: type[_Settings],
    bootstrap: Callable[[_Settings], _App],
    checks: Callable[[_Settings], Sequence[tuple[str, CheckUp]]],
    serving: Callable[[_App], dict[str, Any]] = lambda app: {},
) -> None:
    """Run the service of this name until it is told to stop; `serving` gives further arguments of `serve`."""
    settings: Any = read_settings(kind)
    if (why := refusal(settings)) is not None:
        print(why, file=sys.stderr)
        sys.exit(1)
    configure_logs(name, settings.log_level, settings.log_format)
    app = put_together(bootstrap, settings)
    if "--check" in sys.argv:
        sys.exit(asyncio.run(report(checks(settings))))
    serve(app, settings.port, settings, **serving(app))

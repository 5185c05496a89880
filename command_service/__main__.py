"""Starts the command service: `python -m command_service`; with `--check` it only says whether it would start."""

import asyncio
import sys

from twinpath.checking.report import report
from twinpath.commands.checking import checks
from twinpath.commands.service import bootstrap
from twinpath.commands.settings import Settings
from twinpath.http.turning_away import gated
from twinpath.observability.logs import configure_logs
from twinpath.running.serving import serve
from twinpath.running.settings import put_together, read_settings

if __name__ == "__main__":
    settings = read_settings(Settings)
    configure_logs("command", settings.log_level, settings.log_format)
    app = put_together(bootstrap, settings)
    if "--check" in sys.argv:
        sys.exit(asyncio.run(report(checks(settings))))
    serve(app, settings.host, settings.port, http=gated(app.state.admission))

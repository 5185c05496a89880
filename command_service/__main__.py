"""Starts the command service: `python -m command_service`; with `--check` it only says whether it would start."""

import asyncio
import sys

from command_service.bootstrap import bootstrap
from command_service.checking import checks
from command_service.settings import Settings
from shared.checking.report import report
from shared.http.turning_away import gated
from shared.observability.logs import configure_logs
from shared.serving import serve
from shared.settings import put_together, read_settings

if __name__ == "__main__":
    settings = read_settings(Settings)
    configure_logs("command", settings.log_level, settings.log_format)
    app = put_together(bootstrap, settings)
    if "--check" in sys.argv:
        sys.exit(asyncio.run(report(checks(settings))))
    serve(app, settings.host, settings.port, http=gated(app.state.admission))

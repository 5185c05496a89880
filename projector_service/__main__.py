"""Starts the projector service: `python -m projector_service`; with `--check` it only says whether it would start."""

import asyncio
import sys

from twinpath.checking.report import report
from twinpath.observability.logs import configure_logs
from twinpath.projecting.checking import checks
from twinpath.projecting.service import bootstrap
from twinpath.projecting.settings import Settings
from twinpath.running.serving import serve
from twinpath.running.settings import put_together, read_settings

if __name__ == "__main__":
    settings = read_settings(Settings)
    configure_logs("projector", settings.log_level, settings.log_format)
    app = put_together(bootstrap, settings)
    if "--check" in sys.argv:
        sys.exit(asyncio.run(report(checks(settings))))
    serve(app, settings.host, settings.port)

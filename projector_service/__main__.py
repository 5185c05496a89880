"""Starts the projector service: `python -m projector_service`; with `--check` it only says whether it would start."""

import asyncio
import sys

from projector_service.bootstrap import bootstrap
from projector_service.checking import checks
from projector_service.settings import Settings
from shared.checking.report import report
from shared.observability.logs import configure_logs
from shared.serving import serve
from shared.settings import put_together, read_settings

if __name__ == "__main__":
    settings = read_settings(Settings)
    configure_logs("projector", settings.log_level, settings.log_format)
    app = put_together(bootstrap, settings)
    if "--check" in sys.argv:
        sys.exit(asyncio.run(report(checks(settings))))
    serve(app, settings.host, settings.port)

"""Starts the projector service: `python -m projector_service`."""

from projector_service.bootstrap import bootstrap
from projector_service.settings import Settings
from shared.serving import configure_logs, serve

if __name__ == "__main__":
    configure_logs()
    settings = Settings()
    serve(bootstrap(settings), settings.host, settings.port)

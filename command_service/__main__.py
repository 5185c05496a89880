"""Starts the command service: `python -m command_service`."""

from command_service.bootstrap import bootstrap
from command_service.settings import Settings
from shared.serving import configure_logs, serve

if __name__ == "__main__":
    configure_logs()
    settings = Settings()
    serve(bootstrap(settings), settings.host, settings.port)

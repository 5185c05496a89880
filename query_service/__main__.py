"""Starts the query service: `python -m query_service`."""

from query_service.bootstrap import bootstrap
from query_service.settings import Settings
from shared.serving import configure_logs, serve

if __name__ == "__main__":
    configure_logs()
    settings = Settings()
    app = bootstrap(settings)
    serve(app, settings.host, settings.port, on_stop=app.state.stop)

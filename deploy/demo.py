"""Serves the whole shop from one process with no server, until Ctrl-C: `make demo`."""

from deploy.shop import SHOP
from twinpath.commands.app import STREAMED
from twinpath.http.settings import HttpSettings
from twinpath.observability.logs import configure_logs
from twinpath.running.serving import serve
from twinpath.testing import InMemorySystem

if __name__ == "__main__":
    configure_logs("demo")
    print("Twinpath in one process, nothing is kept: http://127.0.0.1:8000/docs (Ctrl-C stops it)", flush=True)
    app = InMemorySystem(SHOP).app
    serve(app, 8000, HttpSettings(), on_stop=app.state.stop, streamed=STREAMED)

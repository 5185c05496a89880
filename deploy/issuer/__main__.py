"""Serves the development issuer: `python -m deploy.issuer [--port 8003] [--issuer URL]`, on this machine alone."""

import argparse
import os

from werkzeug.serving import make_server

from deploy.issuer.app import create_app

PORT = 8003


def main() -> None:
    """Serve until a signal ends it."""
    arguments = argparse.ArgumentParser(prog="python -m deploy.issuer", description=__doc__)
    arguments.add_argument("--host", default="127.0.0.1")
    arguments.add_argument("--port", type=int, default=PORT)
    arguments.add_argument("--issuer", help="the URL in the tokens, http://127.0.0.1:<port> unless given")
    given = arguments.parse_args()
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain HTTP, which Authlib takes for development alone
    app = create_app(given.issuer or f"http://127.0.0.1:{given.port}")
    make_server(given.host, given.port, app, threaded=True).serve_forever()


if __name__ == "__main__":
    main()

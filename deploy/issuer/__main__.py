"""Serves the development issuer: `python -m deploy.issuer [--port 8003] [--issuer URL]`, on this machine alone."""

import argparse

from deploy.issuer.serving import PORT, served


def main() -> None:
    """Serve until a signal ends it."""
    arguments = argparse.ArgumentParser(prog="python -m deploy.issuer", description=__doc__)
    arguments.add_argument("--host", default="127.0.0.1")
    arguments.add_argument("--port", type=int, default=PORT)
    arguments.add_argument("--issuer", help="the URL in the tokens, http://127.0.0.1:<port> unless given")
    given = arguments.parse_args()
    served(given.port, issuer=given.issuer, host=given.host).serve_forever()


if __name__ == "__main__":
    main()

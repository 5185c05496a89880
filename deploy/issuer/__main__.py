"""Serves the development issuer: `python -m deploy.issuer [--port 8003] [--issuer URL]`, on this machine alone."""

import argparse
import signal
import sys
from pathlib import Path

from deploy.issuer.provider import Memory
from deploy.issuer.serving import PORT, served


def main() -> None:
    """Serve until a signal ends it."""
    arguments = argparse.ArgumentParser(prog="python -m deploy.issuer", description=__doc__)
    arguments.add_argument("--host", default="127.0.0.1")
    arguments.add_argument("--port", type=int, default=PORT)
    arguments.add_argument("--issuer", help="the URL in the tokens, http://127.0.0.1:<port> unless given")
    arguments.add_argument("--inside", default="", help="its name on a network of containers, for scripts there")
    arguments.add_argument("--memory", type=Path, help="a file that keeps its key, and which customer each person is")
    given = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # as process 1 of a container it would go on otherwise
    served(given.port, Memory(given.memory), given.issuer, given.host, given.inside).serve_forever()


if __name__ == "__main__":
    main()

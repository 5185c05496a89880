"""Asks this container's service whether it is ready; the image's HEALTHCHECK, which has no curl to call."""

import os
import sys
from urllib.error import URLError
from urllib.request import urlopen


def main() -> int:
    """0 when /health/ready says so, else 1 and the reason on standard output."""
    url = f"http://127.0.0.1:{os.environ.get('TWINPATH_PORT', '8000')}/health/ready"
    try:
        with urlopen(url, timeout=4):
            return 0
    except URLError as error:
        print(error)
        return 1


if __name__ == "__main__":
    sys.exit(main())

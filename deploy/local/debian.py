"""apt-get on Debian and Ubuntu that installs servers without starting them as system services."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_POLICY = Path("/usr/sbin/policy-rc.d")
_SYSTEMD_RUNS = Path("/run/systemd/system")
_REFUSE_EVERY_START = "#!/bin/sh\nexit 101\n"


def can_apt_get() -> bool:
    """Whether packages can be installed from here: apt-get exists and this process is root."""
    return shutil.which("apt-get") is not None and os.geteuid() == 0


def install_packages(packages: Sequence[str]) -> None:
    """Install packages; a service among them neither runs now nor starts with the machine.

    Raises:
        subprocess.CalledProcessError: apt-get failed; its output is in the error.
    """
    apt_get = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _no_service_starts():
        for step in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            subprocess.run([*apt_get, *step], env=environment, capture_output=True, check=True)
    if _SYSTEMD_RUNS.exists():
        for package in packages:
            subprocess.run(["systemctl", "disable", "--quiet", package], capture_output=True, check=False)


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """While packages unpack, Debian's own switch refuses every service start; an existing switch stays unchanged."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text(_REFUSE_EVERY_START)
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()

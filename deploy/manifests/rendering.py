"""What kustomize makes of each overlay is kept beside them, to be read, tested and applied without kustomize.

The first line of a rendered file holds a digest of what it was made from: a rendering that is out of date is told
wherever the tests run, although kustomize is not everywhere.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

KUBERNETES = Path(__file__).resolve().parents[1] / "kubernetes"
OVERLAYS = ("local", "production")


class RenderingFailed(Exception):
    """kustomize refuses; its words."""


def rendered(overlay: str) -> Path:
    """Where the overlay's rendering is kept."""
    return KUBERNETES / "rendered" / f"{overlay}.yaml"


def digest() -> str:
    """SHA-256 of the names and contents of all that the overlays are made from, as hexadecimal digits."""
    found = hashlib.sha256()
    for file in sorted(
        file for folder in ("base", "components", "overlays") for file in (KUBERNETES / folder).rglob("*.yaml")
    ):
        found.update(f"{file.relative_to(KUBERNETES).as_posix()}\n".encode())
        found.update(file.read_bytes().replace(b"\r\n", b"\n"))
    return found.hexdigest()


def is_fresh(overlay: str) -> bool:
    """Whether the overlay's rendering was made from what is there now."""
    file = rendered(overlay)
    return file.exists() and file.read_text().splitlines()[0] == _first_line()


def kustomize() -> list[str] | None:
    """The command that renders a folder, or None where there is neither kubectl nor kustomize."""
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    return ["kubectl", "kustomize"] if shutil.which("kubectl") else None


def render(command: list[str], overlay: str) -> str:
    """The overlay as one YAML stream, with its first line. Raises RenderingFailed."""
    made = subprocess.run([*command, str(KUBERNETES / "overlays" / overlay)], capture_output=True, text=True)
    if made.returncode:
        raise RenderingFailed(f"{overlay}: {made.stderr.strip()}")
    return f"{_first_line()}\n{made.stdout}"


def _first_line() -> str:
    return f"# Made by `make manifests` from base, components and overlays ({digest()}). Change those, not this."

"""The output of kustomize for each overlay, kept beside them to be read, tested and applied without kustomize.

The first line of a rendered file holds a digest of its sources, so the tests notice an outdated rendering also where
kustomize is missing.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

KUBERNETES = Path(__file__).resolve().parents[1] / "kubernetes"
OVERLAYS = ("local", "production", "production-tls")


class RenderingFailed(Exception):
    """kustomize failed; the message is its output."""


def rendered(overlay: str) -> Path:
    """The file with the rendering of an overlay."""
    return KUBERNETES / "rendered" / f"{overlay}.yaml"


def digest() -> str:
    """SHA-256 of the names and contents of all sources of the overlays, as hexadecimal digits."""
    hashed = hashlib.sha256()
    for file in sorted(
        file for folder in ("base", "components", "overlays") for file in (KUBERNETES / folder).rglob("*.yaml")
    ):
        hashed.update(f"{file.relative_to(KUBERNETES).as_posix()}\n".encode())
        hashed.update(file.read_bytes().replace(b"\r\n", b"\n"))
    return hashed.hexdigest()


def is_fresh(overlay: str) -> bool:
    """Whether the rendering of an overlay was made from the current sources."""
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

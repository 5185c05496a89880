"""openapi-typescript makes a client without a complaint, and a program that uses it compiles and goes shopping."""

import shutil
import subprocess
from pathlib import Path

from tests.shop.pages.conftest import TOOLS

_PROGRAM = Path(__file__).with_name("typescript")


def test_a_typescript_client_goes_shopping(shop: str, documents: dict[str, Path], tmp_path: Path) -> None:
    for name in ("package.json", "tsconfig.json", "shopping.ts"):
        shutil.copy(_PROGRAM / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(TOOLS / "node" / "node_modules")
    made = _run("openapi-typescript", str(documents["both"]), "-o", "api.d.ts", folder=tmp_path)
    assert "warn" not in made.lower(), made
    _run("tsc", "-p", ".", folder=tmp_path)

    went = subprocess.run(["node", "shopping.js", shop], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert went.returncode == 0, went.stdout + went.stderr


def _run(tool: str, *arguments: str, folder: Path) -> str:
    """What a tool prints. Raises AssertionError when it fails."""
    command: list[str | Path] = [TOOLS / "node" / "node_modules" / ".bin" / tool, *arguments]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr

"""openapi-python-client makes a client without a warning, and a program that uses it goes shopping."""

import subprocess
import sys
from pathlib import Path

from tests.shop.pages.conftest import TOOLS

_SETTINGS = Path(__file__).with_name("openapi-python-client.yaml")
_PROGRAM = Path(__file__).with_name("shopping.py.txt")


def test_a_python_client_goes_shopping(shop: str, documents: dict[str, Path], tmp_path: Path) -> None:
    tool = TOOLS / "bin" / "openapi-python-client"
    command: list[str | Path] = [tool, "generate", "--path", documents["both"], "--config", _SETTINGS]
    made = subprocess.run(
        [*command, "--meta", "none", "--output-path", tmp_path / "shop_client", "--fail-on-warning"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr

    program = tmp_path / "shopping.py"
    program.write_text(_PROGRAM.read_text())
    went = subprocess.run([sys.executable, program, shop], capture_output=True, text=True, check=False)
    assert went.returncode == 0, went.stdout + went.stderr

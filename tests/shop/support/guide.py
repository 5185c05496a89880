"""Follows a guide as a reader does: in a checkout of its own, file by file, command by command."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.checkout import CHECKOUT

GUIDES = CHECKOUT / "docs" / "guides"
_READ_BY_MYPY = ".mypy_cache"
_STEP = re.compile(
    r"^(?:`(?P<file>[\w/.]+)`:\n\n)?```(?P<kind>python|diff|sh)\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE
)


class Reader:
    """A reader of guides, at work in `folder`, a copy of this checkout without its data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in listed.stdout.splitlines():
            if (CHECKOUT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(CHECKOUT / name, folder / name)
        if (CHECKOUT / _READ_BY_MYPY).is_dir():  # half a minute less, as it reads anew only what is changed
            shutil.copytree(CHECKOUT / _READ_BY_MYPY, folder / _READ_BY_MYPY)

    def follow(self, page: str, leave_out: str | None = None) -> None:
        """Do what a page says, less one command that may be left out. Raises AssertionError when a command fails."""
        steps = list(_STEP.finditer((GUIDES / page).read_text()))
        assert steps, f"{page} has no step"
        for step in steps:
            match step["kind"]:
                case "python":
                    assert step["file"], f"{page}: a block of Python names no file"
                    self._write(step["file"], step["text"])
                case "diff":
                    self.run(["git", "apply", "--unidiff-zero", "-"], given=step["text"])
                case _:
                    for line in step["text"].splitlines():
                        if line != leave_out:
                            self.run(self._as_here(line))

    def run(self, command: list[str], given: str | None = None) -> str:
        """The output of a command in the folder. Raises AssertionError, with the output, when it fails."""
        done = subprocess.run(command, cwd=self.folder, input=given, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _write(self, file: str, text: str) -> None:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    @staticmethod
    def _as_here(line: str) -> list[str]:
        """A command with the interpreter of these tests in the place of the virtual environment's, which it is not to
        make anew; `make check` runs the unit tests of the commands alone."""
        bin_folder = Path(sys.executable).parent
        words = line.split()
        if words[0] == "make":
            settled = [f"BIN={bin_folder}", f"VENV={bin_folder.parent}", "TESTS=tests/shop/unit/command"]
            return ["make", f"--assume-old={bin_folder.parent}/installed", *words[1:], *settled]
        return [word.replace(".venv/bin", str(bin_folder)) for word in words]

"""Every curl line of the README is run in its order against `make demo`, and its answer is what the page prints."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.checkout import CHECKOUT
from deploy.local.ports import hold_port, is_listening
from deploy.local.process import Process
from twinpath.identity.development_token import token_of

README = (CHECKOUT / "README.md").read_text()
_OWN_ID = re.compile(r"\b[a-z]+-[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b")
"""An id that is another one each time; those of products come from their SKU, and stay."""
_TOKEN = re.compile(r"\b[a-z]+\.\d+:\d+\b")
_PAIR = re.compile(r'"(\w+)": ?("[^"…]*"|-?[\d.]+|true|false|null)')


def examples() -> Iterator[tuple[str, str]]:
    """Each command of the page, and what the page prints below it."""
    for block in re.findall(r"^```\n(.*?)^```", README, re.MULTILINE | re.DOTALL):
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, rest = [], example.splitlines()
            until = r"^END$" if "<<'END'" in "".join(rest[:2]) else r"[^\\,]$"
            while rest:
                command.append(rest.pop(0))
                if re.search(until, command[-1]):
                    break
            yield "\n".join(command), "\n".join(rest)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    port, issuer = hold_port().release(), hold_port().release()
    command = [sys.executable, "-m", "deploy.demo", "--port", str(port), "--issuer-port", str(issuer)]
    demo = Process("the demo", command, tmp_path / "demo.log", folder=CHECKOUT)
    demo.start()
    try:
        demo.wait_until(lambda: is_listening(port), 60)
        address, token = f"http://127.0.0.1:{port}", token_of(f"http://127.0.0.1:{issuer}", "operator")
        yield {**os.environ, "COMMAND": address, "QUERY": address, "TOKEN": token}
    finally:
        demo.stop()


def test_every_curl_line_answers_what_the_page_prints(environment: dict[str, str]) -> None:
    ours: dict[str, str] = {}
    run = list(examples())
    assert len(run) >= 6
    for command, printed in run:
        for theirs, own in ours.items():
            command = command.replace(theirs, own)
        print(command)
        done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=True)
        answered = done.stdout.replace("\r", "")

        assert '"code"' not in answered, answered
        for unsteady in (_OWN_ID, _TOKEN):
            ours |= dict(zip(unsteady.findall(printed), unsteady.findall(answered), strict=False))
        for theirs, own in ours.items():
            printed = printed.replace(theirs, own)
        assert set(_PAIR.findall(printed)) <= set(_PAIR.findall(answered)), (printed, answered)
        for header in re.findall(r"^[a-z-]+: .+$|^HTTP.*$", printed, re.MULTILINE):
            assert header.lower() in answered.lower(), answered


def test_a_page_that_says_when_not_to_use_it_names_every_case() -> None:
    section = README.partition("## When not to use it")[2].partition("\n## ")[0].replace("\n  ", " ")
    for case in ("simple CRUD", "reads and writes are alike", "strongly consistent", "small team", "few entities"):
        assert case in section

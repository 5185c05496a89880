"""Real views are rebuilt, verified and read where today's lists know nothing of what the log is full of."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from deploy.checkout import CHECKOUT
from deploy.sample import load_sample
from projector_service.application import PROJECTIONS
from tests.shop.support.written_log import Written
from twinpath.projecting.groups import view_projections


@pytest.fixture
def written(mongodb_url: str, unique: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """The sample, and the views of it, as they were when every list knew its currency."""
    written = Written(mongodb_url, unique)
    for name, value in written.environment.items():
        monkeypatch.setenv(name, value)
    with written.client:
        asyncio.run(load_sample(mongodb_url))
        asyncio.run(written.project(*view_projections(PROJECTIONS)))
        yield written


def test_views_in_a_currency_that_is_gone_are_rebuilt_verified_and_shown(written: Written) -> None:
    program = [sys.executable, "-m", "tests.shop.support.vanished_currency"]
    environment = {**os.environ, **written.environment}

    ended = subprocess.run(program, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-4000:]
    report = json.loads(ended.stdout.splitlines()[-1])
    assert report["rebuilt"]["code"] == 0, report["rebuilt"]["output"]
    assert report["verified"]["code"] == 0, report["verified"]["output"]
    generations = written.views.checkpoints.distinct("generation")
    assert generations == [2], "what is shown is what was built under the lists of today"
    assert {path: status for path, (status, _) in report["shown"].items() if status != 200} == {}
    _, dashboard = report["shown"]["/shop/dashboard"]
    [revenue] = dashboard["revenue"]
    assert (revenue["currency"], float(revenue["total"]) > 0) == ("EUR", True)

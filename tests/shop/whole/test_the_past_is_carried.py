"""What was true stays readable: the past is read, shown and carried on whatever the lists and limits of today say."""

import json
import subprocess
import sys
from functools import cache
from typing import Any

from deploy.checkout import CHECKOUT


@cache
def under_a_hostile_today() -> dict[str, Any]:
    """What the shop makes of every golden event where nothing would pass any rule."""
    program = [sys.executable, "-m", "tests.shop.support.hostile_today"]
    ended = subprocess.run(program, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-4000:]
    report: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return report


def test_today_is_hostile_indeed() -> None:
    assert under_a_hostile_today()["taken"] == ["change_ticket_status"], "its body is one of three words, and no more"


def test_every_golden_event_is_projected_and_shown() -> None:
    report = under_a_hostile_today()

    assert report["parked"] == 0
    assert {path: status for path, status in report["shown"].items() if status != 200} == {}


def test_views_that_are_built_anew_from_the_past_are_the_same() -> None:
    assert under_a_hostile_today()["unlike"] == []


def test_goods_and_orders_of_the_past_are_carried_on() -> None:
    done = {line.partition(" ")[0] for line in under_a_hostile_today()["done"]}

    of_goods = {"restock", "discontinue", "relist", "recategorise_product"}
    assert done == of_goods | {"ship_order", "cancel_order", "return_order"}

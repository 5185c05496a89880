"""Claims, model checked: taken, moved and released by racing replicas that crash, pause and lose their connections."""

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from pymongo import UpdateOne

from tests.engine.model.appends import KEYS
from tests.engine.model.claims import play
from tests.engine.model.search import TAPES, every_history, finds
from twinpath.commands.bus import CommandBus
from twinpath.domain.claim import Claim
from twinpath.errors import ClaimHeld
from twinpath.log import mongodb
from twinpath.log.commits import without_claim


@every_history
@given(TAPES)
def test_a_claim_has_one_holder_at_every_moment(tape: bytes) -> None:
    play(tape)


def test_it_finds_two_holders_without_the_unique_key() -> None:
    keys = {"commits": [kept for kept in KEYS["commits"] if kept != ("claims",)]}

    assert finds("a seat has two repairs", partial(play, keys=keys))


def test_it_finds_a_claim_that_is_freed_though_its_stream_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def free(bus: CommandBus, held: ClaimHeld, _: Claim) -> None:
        await bus._store.release(held.stream, 1_000, [held.key])

    monkeypatch.setattr(CommandBus, "_free", free)

    assert finds("its commit not the claim", play)


def test_it_finds_a_late_release_of_what_was_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it were by stream and key alone."""

    def whatever_version(log: str, stream: str, _: int, key: Any) -> UpdateOne:
        return without_claim(log, stream, 1_000, key)

    monkeypatch.setattr(mongodb, "without_claim", whatever_version)

    assert finds("its commit not the claim", play)

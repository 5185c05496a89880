"""The append, model checked: three keys, head cache, renumbering, group commit, as the services run them."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import given

from tests.engine.model.appends import KEYS, play
from tests.engine.model.history import History
from tests.engine.model.loop import Process
from tests.engine.model.mongodb import ReplicaSet
from tests.engine.model.mongodb_language import State
from tests.engine.model.network import Work
from tests.engine.model.search import TAPES, every_history, finds
from twinpath.log import group_commit
from twinpath.log.commits import Commits, find_commits, version_of
from twinpath.log.interface import Commit

POSITION, VERSION = ("log", "position"), ("log", "stream", "version")


@every_history
@given(TAPES)
def test_no_accepted_command_is_lost_none_comes_twice_and_the_log_has_no_gap(tape: bytes) -> None:
    play(tape)


@pytest.mark.parametrize("key", [POSITION, VERSION])
def test_it_finds_a_head_from_a_stale_cache_without_the_unique_key(key: tuple[str, ...]) -> None:
    keys = {"commits": [kept for kept in KEYS["commits"] if kept != key]}

    assert finds(f"goes from {key[-1]}", partial(play, keys=keys))


class AcknowledgedEarly(ReplicaSet):
    """Planted: write concern 1."""

    def durable(self, term: int) -> Work:
        """Wait for nobody."""
        yield None
        return True


class LocalReads(ReplicaSet):
    """Planted: read concern local."""

    def seen_by(self, process: Process) -> State:
        """What an election may take back."""
        return self.primary


def test_it_finds_an_answer_before_the_majority_has_it() -> None:
    assert finds("accepted before it was durable", partial(play, servers=AcknowledgedEarly))


def test_it_finds_reads_of_what_may_be_rolled_back() -> None:
    assert finds("goes from", partial(play, servers=LocalReads))


def test_it_finds_an_unknown_outcome_that_is_called_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "mark_sent", lambda batch: None)

    assert finds("refused, yet it took effect", play)


def test_it_finds_command_ids_that_are_looked_up_before_the_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it once was: an insert that came about between the two was refused as a conflict with itself."""
    early: dict[str, Commit] = {}

    async def version_after_ids(commits: Commits, log: str, stream: str) -> int:
        early.clear()
        every: Any = await commits.find({}).to_list()
        early.update(await find_commits(commits, [one["_id"] for one in every]))
        return await version_of(commits, log, stream)

    async def ids_as_they_were(commits: Commits, command_ids: Sequence[str]) -> dict[str, Commit]:
        return {name: early[name] for name in command_ids if name in early}

    monkeypatch.setattr(group_commit, "version_of", version_after_ids)
    monkeypatch.setattr(group_commit, "find_commits", ids_as_they_were)

    assert finds("refused, yet its expected version was right", play)


def test_a_history_is_the_same_each_time() -> None:
    tape = bytes(range(256)) + bytes(144)

    def told() -> History:
        return play(tape)

    assert told().trace == told().trace

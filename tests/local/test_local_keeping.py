"""What dies in a local run is started again, and its data are there after the next start."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from deploy.checkout import CHECKOUT
from deploy.local.data_folder import DataFolder
from deploy.local.install import find_or_install
from deploy.local.keeping import Keeper
from deploy.local.mongodb import Mongod, MongoDB
from deploy.local.ports import hold_port
from deploy.local.process import Process, StartFailed

_SOON = Retrying(retry=retry_if_result(lambda done: not done), stop=stop_after_delay(20), wait=wait_fixed(0.02))


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def steady(tmp_path: Path) -> Iterator[Process]:
    process = Process("steady", ["sleep", "1000"], tmp_path / "steady.log")
    process.start()
    yield process
    process.kill()


def test_a_process_that_ends_again_and_again_is_started_with_growing_pauses(tmp_path: Path, steady: Process) -> None:
    failing = Process("failing", ["false"], tmp_path / "failing.log")
    failing.start()
    clock, lines = _Clock(), list[str]()
    keeper, pid = Keeper([failing, steady], lines.append, clock), steady.pid

    def looked(done: Callable[[], bool]) -> bool:
        keeper.look()
        return done()

    for number, pause in enumerate((0.5, 1, 2, 4, 8, 16, 30, 30), 1):
        _SOON(lambda: not failing.running)
        _SOON(looked, lambda number=number: len(lines) == number)
        assert f"failing ended with exit code 1; it is started again in {pause:g} s" in lines[-1]
        before = failing.pid
        clock.now += pause - 0.1
        keeper.look()
        assert failing.pid == before
        clock.now += 0.2
        _SOON(looked, lambda before=before: failing.pid != before)

    _SOON(lambda: not failing.running)
    assert (steady.pid, steady.running) == (pid, True)


def test_the_data_are_used_by_one_at_a_time_who_can_be_stopped(tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    script = (
        "import pathlib, signal, threading; from deploy.local.data_folder import DataFolder; ended = threading.Event();"
        "signal.signal(signal.SIGTERM, lambda *_: ended.set())\n"
        f"with DataFolder(pathlib.Path({str(data.path)!r})).used(): print('used', flush=True); ended.wait()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=CHECKOUT) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == b"used\n"
        with pytest.raises(StartFailed, match="make down"), data.used():
            pass
        data.stop_user()
        assert user.wait(10) == 0
    (data.path / "kept").touch()

    with data.used():
        assert (data.path / "kept").exists()
    data.stop_user()  # nobody uses them
    assert data.delete()
    assert not data.delete()


def test_a_user_that_was_killed_leaves_the_data_free(tmp_path: Path) -> None:
    data = DataFolder(tmp_path / "data")
    script = (
        "import pathlib, time; from deploy.local.data_folder import DataFolder\n"
        f"with DataFolder(pathlib.Path({str(data.path)!r})).used(): print('used', flush=True); time.sleep(1000)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=CHECKOUT) as user:
        assert user.stdout is not None
        user.stdout.readline()
        user.send_signal(signal.SIGKILL)
    with data.used():
        pass


def test_the_data_of_a_replica_set_are_there_on_another_port(tmp_path: Path) -> None:
    program = find_or_install().mongod
    for start in range(2):
        mongodb = MongoDB([Mongod(program, tmp_path, hold_port(), name="mongod")])
        try:
            mongodb.start()
            with MongoClient[dict[str, Any]](mongodb.url) as client:
                assert client["kept"]["things"].count_documents({}) == start
                client["kept"]["things"].insert_one({})
        finally:
            mongodb.stop()

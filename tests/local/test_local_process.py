"""A child process is started, paused, stopped and killed by its id, and nothing of it is left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from deploy.local.process import Process, StartFailed

_ENDS_WHEN_ASKED = "echo ready; exec sleep 60"
_IGNORES_THE_WISH = "trap '' TERM; echo ready; while :; do sleep 0.05; done"


def _shell(script: str, tmp_path: Path) -> Process:
    return Process("child", ["sh", "-c", script], tmp_path / "child.log")


def _says(process: Process, word: str) -> Callable[[], bool]:
    return lambda: word in process.tail()


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{pid}/stat")  # one that nobody has waited for yet is gone too
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"


def _eventually(condition: Callable[[], bool]) -> None:
    Retrying(stop=stop_after_delay(10), wait=wait_fixed(0.02), retry=retry_if_result(lambda met: not met))(condition)


def test_a_stopped_process_has_ended_by_the_signal(tmp_path: Path) -> None:
    process = _shell(_ENDS_WHEN_ASKED, tmp_path)
    process.start()
    process.wait_until(_says(process, "ready"), limit=10)
    assert process.running
    process.stop()
    assert not process.running
    assert process.exit_code == -signal.SIGTERM


def test_a_process_that_ignores_the_wish_is_killed_after_the_limit(tmp_path: Path) -> None:
    process = _shell(_IGNORES_THE_WISH, tmp_path)
    process.start()
    process.wait_until(_says(process, "ready"), limit=10)
    process.stop(limit=0.2)
    assert process.exit_code == -signal.SIGKILL


def test_a_paused_process_can_be_stopped(tmp_path: Path) -> None:
    process = _shell(_ENDS_WHEN_ASKED, tmp_path)
    process.start()
    process.wait_until(_says(process, "ready"), limit=10)
    process.pause()
    process.stop()
    assert process.exit_code == -signal.SIGTERM


def test_its_own_children_end_with_it(tmp_path: Path) -> None:
    process = _shell("sleep 60 & echo child $!; wait", tmp_path)
    process.start()
    process.wait_until(_says(process, "child"), limit=10)
    grandchild = int(process.tail().split()[1])
    process.kill()
    _eventually(lambda: _is_gone(grandchild))


def test_it_starts_again_with_the_same_log(tmp_path: Path) -> None:
    process = _shell(_ENDS_WHEN_ASKED, tmp_path)
    for runs in (1, 2):
        process.start()
        process.wait_until(lambda runs=runs: process.tail().count("ready") == runs, limit=10)  # type: ignore[misc]
        process.kill()


def test_stopping_what_was_never_started_or_has_ended_does_nothing(tmp_path: Path) -> None:
    process = _shell("exit 0", tmp_path)
    process.stop()
    process.start()
    _eventually(lambda: not process.running)
    process.stop()
    process.kill()
    assert process.exit_code == 0


def test_one_that_ends_while_awaited_is_reported_with_its_log(tmp_path: Path) -> None:
    process = _shell("echo no such file; exit 3", tmp_path)
    process.start()
    with pytest.raises(StartFailed, match=r"child ended with exit code 3\.\nno such file"):
        process.wait_until(lambda: False, limit=10)


def test_one_that_never_answers_is_reported_after_the_limit(tmp_path: Path) -> None:
    process = _shell(_ENDS_WHEN_ASKED, tmp_path)
    process.start()
    with pytest.raises(StartFailed, match=r"child did not answer within 0\.1 s"):
        process.wait_until(lambda: False, limit=0.1)
    process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death signal exists on Linux alone")
def test_it_ends_when_the_program_that_started_it_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from threading import Event, Thread;"
        "from deploy.local.process import Process;"
        f"child = Process('child', ['sleep', '60'], Path({str(tmp_path / 'log')!r}));"
        "thread = Thread(target=child.start); thread.start(); thread.join();"  # the starting thread may end
        "print(child.pid, flush=True); Event().wait()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not _is_gone(child)
        parent.kill()
    _eventually(lambda: _is_gone(child))

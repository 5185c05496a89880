"""Who is put on record by the command line, also in a container."""

import os

import pytest

from twinpath.cli.callers.recording import user


def test_a_user_without_a_name_is_known_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 1_234_567)
    assert user() == "user-1234567"
    monkeypatch.setenv("USER", "ann")
    assert user() == "ann"

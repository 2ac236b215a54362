"""The command ``unmask``, called in a folder with a right file and a wrong one."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.house.users_file import FLIPPED, MINE
from unmask.cli.command import main


@dataclass(frozen=True)
class Done:
    """What a call of the command printed, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture
def unmask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The command, called in a folder with a right file and a wrong one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "modules", sys.modules)
    for name in ("BUDGET", "DTYPE", "DEVICE"):
        monkeypatch.delenv(f"UNMASK_{name}", raising=False)
    (tmp_path / "right.py").write_text(MINE, encoding="utf-8")
    (tmp_path / "wrong.py").write_text(FLIPPED, encoding="utf-8")
    before = set(sys.modules)

    def call(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        told = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, told.out, told.err)

    yield call
    # The next test has other files of the same names.
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]

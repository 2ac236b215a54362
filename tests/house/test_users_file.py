"""A stranger's test file: the class in it passes, fails when a sign is flipped, and the failure can be replayed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.house.users_file import FLIPPED, MINE, PLUGIN, python


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python("-m", "pytest", "-p", "no:cacheprovider", "-q", *PLUGIN, "test_mine.py", *arguments, cwd=folder)


def count(word: str, told: str) -> int:
    found = re.search(rf"(\d+) {word}", told.splitlines()[-1])
    return int(found[1]) if found else 0


def test_it_is_short() -> None:
    assert len([line for line in MINE.splitlines() if line]) <= 15
    assert FLIPPED != MINE


def test_a_right_class_passes(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(MINE, encoding="utf-8")
    done = pytest_in(tmp_path, "--unmask-budget", "quick")
    assert done.returncode == pytest.ExitCode.OK, done.stdout + done.stderr
    assert count("passed", done.stdout) >= 10
    assert count("failed", done.stdout) == count("skipped", done.stdout) == 0
    assert len(done.stdout.splitlines()) <= 12, "some ten lines, whatever the number of laws"


@pytest.mark.exhaustive
def test_the_command_line_names_it_by_its_path(tmp_path: Path) -> None:
    """Together with the test file itself: the one file makes one subject, and is loaded once."""
    (tmp_path / "test_mine.py").write_text(MINE + "print('loaded')\n", encoding="utf-8")
    done = pytest_in(tmp_path, "-s", "--unmask-method", "test_mine.py:TestMine", "--unmask-law", "bridges_compose")
    assert done.returncode == pytest.ExitCode.OK, done.stdout + done.stderr
    assert count("passed", done.stdout) == 2
    assert done.stdout.count("loaded") == 1


def test_a_flipped_sign_fails_and_the_failure_is_replayed(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(FLIPPED, encoding="utf-8")
    done = pytest_in(tmp_path, "-k", "bayes or loss_vanishes_when")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert count("failed", done.stdout) == 1
    assert count("passed", done.stdout) == 1, "what does not depend on the posterior still holds"

    story = done.stdout.partition("posterior_is_bayes_rule is BROKEN by Mine")[2]
    assert "Bayes' rule on the joint of x_s and x_t" in story
    numbers = re.findall(r"^ +(?:found|expected) .*", story, re.MULTILINE)[:2]
    found = re.search(r"^ +replay +(from unmask.*)$", story, re.MULTILINE)
    assert found is not None
    line = found[1]
    assert "'test_mine:TestMine'" in line

    again = python("-c", line, cwd=tmp_path)
    assert again.returncode == 1
    assert "AssertionError" in again.stderr
    assert "posterior_is_bayes_rule is BROKEN by Mine" in again.stderr
    assert re.findall(r"^ +(?:found|expected) .*", again.stderr, re.MULTILINE) == numbers

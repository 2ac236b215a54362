"""A stranger's test file: the class in it passes, fails when a sign is flipped, and the failure can be replayed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

MINE = """\
import torch
from torch.nn.functional import cross_entropy, one_hot
from unmask.properties import conformance, processes

class Mine:
    def __init__(self, p):
        self.mask, self.K, self.dtype = p.mask, p.K, p.dtype

    def posterior(self, x0, xt, s, t):
        reveal = ((t - s) / t)[:, None, None] * (xt == self.mask)[..., None].to(self.dtype)
        return reveal * one_hot(x0, self.K) + (1 - reveal) * one_hot(xt, self.K)

    def loss(self, output, x0, xt, t):
        logits = output.index_fill(-1, torch.tensor(self.mask), -torch.inf)
        return (cross_entropy(logits.mT, x0, reduction="none") * (xt == self.mask)).sum(-1) / t

LINEAR = processes("absorbing", clock="continuous", schedules=["mutual-information"])
TestMine = conformance(Mine, LINEAR, output="subs")
"""
FLIPPED = MINE.replace("(1 - reveal)", "(1 + reveal)")

# An installed package brings its plugin along; a checkout on the path does not.
PLUGIN = [] if entry_points(group="pytest11", name="unmask") else ["-p", "unmask.properties.plugin"]


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"CI": "true", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


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
    done = pytest_in(tmp_path, "--budget", "quick")
    assert done.returncode == pytest.ExitCode.OK, done.stdout + done.stderr
    assert count("passed", done.stdout) >= 10
    assert count("failed", done.stdout) == count("skipped", done.stdout) == 0


def test_the_command_line_names_it_by_its_path(tmp_path: Path) -> None:
    """Together with the test file itself: the one file makes one subject."""
    (tmp_path / "test_mine.py").write_text(MINE + "print('loaded')\n", encoding="utf-8")
    of_run = ("--pyargs", "unmask.properties.run", "--method", "test_mine.py:TestMine", "--law", "bridges_compose")
    done = pytest_in(tmp_path, "-s", "-k", "bridges_compose", *of_run)
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

"""A copy of the tree, which is what a run mutates and measures."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("implementations", "properties", "reference", "cli")
FORGET = shutil.ignore_patterns("__pycache__")


def fingerprint(root: Path = ROOT) -> str:
    """A checksum of everything that decides whether a law notices a mutant."""
    total = hashlib.sha256()
    for folder in (*PACKAGES, "tests/methods"):
        for path in sorted((root / folder).rglob("*.py")):
            total.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return total.hexdigest()[:16]


def stage(out: Path, root: Path = ROOT) -> Path:
    """Copy the packages to ``out/src/unmask`` and the subjects to ``out/src/tests``, unless they are there already.

    Returns ``out/src``, which is to come first among the places that are imported from.
    """
    source, stamp = out / "src", out / "src" / "fingerprint"
    wanted = fingerprint(root)
    if stamp.exists() and stamp.read_text() == wanted:
        return source
    shutil.rmtree(source, ignore_errors=True)
    for package in PACKAGES:
        shutil.copytree(root / package, source / "unmask" / package, ignore=FORGET)
    shutil.copytree(root / "tests" / "methods", source / "tests" / "methods", ignore=FORGET)
    stamp.write_text(wanted)
    return source


__all__ = ["PACKAGES", "ROOT", "fingerprint", "stage"]

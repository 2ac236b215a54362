"""Which lines of the implementations a law executes as it is held against a subject."""

from __future__ import annotations

import functools
import importlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: One law held against one subject.
Pair = tuple[str, str]


#: The only law that speaks where a subject cannot be built; all others then have nothing to ask.
BUILDS = "it_can_be_built"


@dataclass(frozen=True)
class Reach:
    """For each module the pairs that execute each line, as indices into ``pairs``; and how long each pair takes."""

    pairs: list[Pair]
    seconds: list[float]
    lines: dict[str, dict[int, list[int]]]

    def of(self, module: str, line: int) -> list[int]:
        """Indices of the pairs that execute a line, or, of one that is executed at import, anything of the module.

        A subject that executes it is built, too, for more processes than were drawn as the lines were measured.
        """
        by_line = self.lines.get(module, {})
        found = set(by_line.get(line, []))
        if line in by_line and not found:
            found = {pair for pairs in by_line.values() for pair in pairs}
        subjects = {self.pairs[i][1] for i in found}
        return sorted(found | {i for i, pair in enumerate(self.pairs) if pair[0] == BUILDS and pair[1] in subjects})


def reach(source: Path, out: Path, only: Sequence[str] = (), part: slice = slice(None)) -> Reach:
    """That of the staged tree, measured by coverage.py and kept in ``out/reach``, a file for each subject.

    ``only`` are names of subjects; all by default, and ``part`` says which of these.  Pairs count only where the law
    was asked and holds: they alone can accuse a mutant.
    """
    folder, stamp = out / "reach", (source / "fingerprint").read_text()
    folder.mkdir(exist_ok=True)
    measure = _Measure(source / "unmask" / "implementations")
    pairs: list[Pair] = []
    seconds: list[float] = []
    lines: dict[str, dict[int, list[int]]] = {}
    for subject in measure.subjects(only)[part]:
        kept = folder / f"{subject.name}.json"
        if not kept.exists() or json.loads(kept.read_text())["stamp"] != stamp:
            kept.write_text(json.dumps({"stamp": stamp, **measure(subject)}))
        found = json.loads(kept.read_text())
        for module, by_line in found["lines"].items():
            for line, laws in by_line.items():
                lines.setdefault(module, {}).setdefault(int(line), []).extend(len(pairs) + k for k in laws)
        pairs += [(law, subject.name) for law in found["laws"]]
        seconds += found["seconds"]
    return Reach(pairs, seconds, lines)


class _Measure:
    """Runs a subject under every law, and says which lines of ``folder`` each of them executes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # What is executed as a module is imported has no law, and is not to be missing either.
        self.watched = importlib.import_module("coverage").Coverage(
            data_file=None, include=[f"{folder}/*"], messages=False, config_file=False
        )
        self.watched.start()
        self.properties = importlib.import_module("unmask.properties")
        self.every = importlib.import_module("tests.methods").IN_TORCH
        self.watched.stop()

    def subjects(self, only: Sequence[str]) -> list[Any]:
        """Those to be asked; ``ValueError`` for a name that none has."""
        names = [subject.name for subject in self.every]
        if strange := [name for name in only if name not in names]:
            raise ValueError(f"only must be names of subjects, got {strange[0]!r}; there are {', '.join(names)}")
        return [subject for subject in self.every if not only or subject.name in only]

    def __call__(self, subject: Any) -> dict[str, Any]:
        """Laws that hold, seconds of each, and for each line of each module indices of the laws that execute it."""
        run = self.properties.Run(budget="quick", derandomize=True, shrink=False)
        laws: list[str] = []
        seconds, caches = [], _caches()
        self.watched.start()
        for law in self.properties.LAWBOOK:
            # Every law builds what it needs, so that its lines are not those of an earlier one.
            subject._built.clear()
            for cache in caches:
                cache.cache_clear()
            self.watched.switch_context(f"{subject.name}/{len(laws)}")
            started = time.process_time()
            record = self.properties.examine(law, subject, run)
            if record.status == "holds":
                laws.append(law.name)
                seconds.append(time.process_time() - started)
            self.watched.switch_context("between")
        self.watched.stop()
        data = self.watched.get_data()
        lines: dict[str, dict[int, list[int]]] = {}
        for path in data.measured_files():
            module = Path(path).relative_to(self.folder).with_suffix("").as_posix()
            lines[module] = {
                line: sorted(
                    int(number)
                    for name, _, number in (c.partition("/") for c in contexts)
                    if name == subject.name and int(number) < len(laws)
                )
                for line, contexts in data.contexts_by_lineno(path).items()
            }
        return {"laws": laws, "seconds": seconds, "lines": lines}


def _caches() -> list[Any]:
    """Functions of the subjects and the implementations that keep results."""
    names = [n for n in sys.modules if n.startswith(("tests.methods", "unmask.implementations"))]
    kept = [value for name in names for value in vars(sys.modules[name]).values()]
    return [value for value in kept if isinstance(value, functools._lru_cache_wrapper)]


__all__ = ["Pair", "Reach", "reach"]

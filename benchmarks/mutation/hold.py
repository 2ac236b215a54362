"""One mutant against the laws, in a process of its own."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import select
import signal
import sys
import time
import types
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.mutation.generate import Mutant
from benchmarks.mutation.reach import Reach

#: Subjects that each law is held against before the next law is asked; the others follow.
FIRST = 2
#: Seconds after which a law that has not ended on a subject never will: what holds does so in a few.
HANGS = 40.0


@dataclass(frozen=True)
class Result:
    """What became of a mutant.

    ``status`` is ``"killed"`` (by ``law`` on ``subject``, at ``budget``), ``"survived"`` (the ``asked`` pairs hold: all
    ``of`` them at the quick budget, then all at ci, as far as there was time), ``"timeout"`` (a pair did not end) or
    ``"unreached"``.
    """

    status: str
    law: str = ""
    subject: str = ""
    budget: str = ""
    asked: int = 0
    of: int = 0
    seconds: float = 0.0


class _Mutated(importlib.machinery.SourceFileLoader):
    """A module's loader, which reads another text."""

    text = ""

    def get_code(self, fullname: str) -> types.CodeType:
        """Never from a cache."""
        return compile(self.text, self.path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    """Finds one module before all others do."""

    def __init__(self, name: str, path: Path, text: str) -> None:
        self.name, self.path, self.text = name, path, text

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> Any:
        """Its specification, ``None`` for others."""
        if fullname != self.name:
            return None
        loader = _Mutated(fullname, str(self.path))
        loader.text = self.text
        return importlib.util.spec_from_file_location(fullname, self.path, loader=loader)


def order(reach: Reach, who: Sequence[int], laws: Sequence[str]) -> list[int]:
    """The pairs ``who``: laws in the order given, each on its quickest subjects; then each on all others."""
    place = {name: k for k, name in enumerate(laws)}
    by_law: dict[str, list[int]] = {}
    for pair in sorted(who, key=lambda i: reach.seconds[i]):
        by_law.setdefault(reach.pairs[pair][0], []).append(pair)
    known = sorted(by_law, key=lambda name: place.get(name, len(place)))
    return [i for name in known for i in by_law[name][:FIRST]] + [i for name in known for i in by_law[name][FIRST:]]


def hold(mutant: Mutant, source: Path, reach: Reach, limit: float) -> Result:
    """Ask in a fork of this process, which has imported the laws and none of the implementations.

    ``limit`` are seconds for everything.
    """
    who = reach.of(mutant.module, mutant.line)
    if not who:
        return Result("unreached")
    started = time.monotonic()
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        os.close(reads)
        _child(mutant, source, reach, who, writes)
    os.close(writes)
    last: dict[str, Any] = {}
    asked, pair_began, hung = 0, started, False
    with os.fdopen(reads) as pipe:
        # A law that is slow as the time runs out is waited for: it may be one that never ends.
        while time.monotonic() - started < limit or time.monotonic() - pair_began > HANGS / 4:
            ready, _, _ = select.select([pipe], [], [], 1.0)
            if not ready:
                hung = time.monotonic() - pair_began > HANGS
                if hung:
                    break
                continue
            line = pipe.readline()
            if not line:
                break
            last, asked, pair_began = json.loads(line), asked + 1, time.monotonic()
            if last["status"] == "killed":
                break
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    status = "killed" if last.get("status") == "killed" else "timeout" if hung else "survived"
    named = {k: last.get(k, "") for k in ("law", "subject", "budget")} if status != "survived" else {}
    budget = last.get("budget", "")
    return Result(
        status, **{"budget": budget, **named}, asked=asked, of=len(who), seconds=round(time.monotonic() - started, 1)
    )


def _child(mutant: Mutant, source: Path, reach: Reach, who: list[int], pipe: int) -> None:  # pragma: no cover
    try:
        sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
        path = source / "unmask" / "implementations" / f"{mutant.module}.py"
        name = "unmask.implementations." + mutant.module.replace("/", ".")
        name = name.removesuffix(".__init__")
        sys.meta_path.insert(0, _Finder(name, path, mutant.applied(path.read_text())))
        for told in asked(reach, who):
            os.write(pipe, (json.dumps(asdict(told)) + "\n").encode())
            if told.status == "killed":
                break
    finally:
        os._exit(0)


def asked(reach: Reach, who: list[int]) -> Iterator[Result]:
    """Each pair's answer, quick and then ci, most general law first."""
    properties = importlib.import_module("unmask.properties")
    order_of_laws = importlib.import_module("unmask.properties.engine.order")
    try:
        subjects = {s.name: s for s in importlib.import_module("tests.methods").IN_TORCH}
    except Exception as problem:  # whatever a mutant does as it is imported
        yield Result("killed", law=f"import: {type(problem).__name__}", budget="quick")
        return
    pairs = order(reach, who, [law.name for law in order_of_laws.most_general_first(properties.LAWBOOK)])
    for budget in ("quick", "ci"):
        run = properties.Run(budget=budget, derandomize=True, shrink=False)
        for pair in pairs:
            law, subject = reach.pairs[pair]
            record = properties.examine(properties.LAWBOOK[law], subjects[subject], run)
            # What held and can now not be asked is noticed too: it could not be built, or every draw is refused.
            status = "survived" if record.status == "holds" else "killed"
            yield Result(status, law, subject, budget)


__all__ = ["FIRST", "Result", "asked", "hold", "order"]

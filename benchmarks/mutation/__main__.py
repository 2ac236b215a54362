"""A run: stage, measure, mutate, hold, tell."""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import random
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.mutation.generate import Mutant, compiles, mutants
from benchmarks.mutation.hold import Result, hold
from benchmarks.mutation.reach import Reach, reach
from benchmarks.mutation.report import Results, reasons, survivors, table
from benchmarks.mutation.staging import ROOT, stage


def main() -> None:
    """Hold mutants that are not in the results yet against the laws, in a random order that the seed decides."""
    given = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description=__doc__)
    given.add_argument("--count", type=int, default=200, help="how many more mutants (default 200)")
    given.add_argument("--seed", type=int, default=0, help="of their order")
    given.add_argument("--limit", type=float, default=90.0, help="seconds for each mutant")
    given.add_argument("--jobs", type=int, default=1, help="how many mutants at once")
    given.add_argument("--hours", type=float, default=24.0, help="begin no mutant after so many")
    given.add_argument("--module", default="", help="only modules whose path begins so: noise, noise/chain")
    given.add_argument("--subjects", default="", help="names, with commas: only these are held against laws")
    options = given.parse_args()
    began = time.monotonic()
    out = ROOT / "build" / "mutation"
    source = stage(out)
    sys.path.insert(0, str(source))
    importlib.import_module("torch").set_num_threads(1)
    importlib.import_module("unmask.properties")
    if any(name.startswith("unmask.implementations") for name in sys.modules):
        raise RuntimeError("the implementations are imported already: a mutant would not be")
    # Measuring imports them, and so is done in other processes.
    found = _measured_apart(source, out, [name for name in options.subjects.split(",") if name], options.jobs)
    every = all_mutants(source, out, options.module)
    random.Random(options.seed).shuffle(every)
    results = Results(out / "results.json", (source / "fingerprint").read_text())
    why = reasons()
    left = [m for m in every if m not in results][: options.count]
    print(f"{len(every)} mutants, {len(results.known)} known, {len(left)} to hold", flush=True)
    left = [m for m in left if compiles(m.applied(_text(source, m)))]
    over = began + 3600 * options.hours
    # One more process for each of them: what it holds, it holds in a fork of its own.
    with multiprocessing.get_context("fork").Pool(options.jobs, _begin, (source, found, options.limit, over)) as pool:
        for number, (mutant, result) in enumerate(pool.imap_unordered(_hold, left), 1):
            if result is None:
                break
            results.add(mutant, result)
            by = f" by {result.law} on {result.subject}, {result.budget}" if result.law else f", {result.budget}"
            place = f"{mutant.module}:{mutant.line}"
            print(f"{number}/{len(left)} {place} {result.status}{by} {result.seconds} s", flush=True)
    print("\n".join(survivors(results.known, why)))
    print(table(results.known, why))


def all_mutants(source: Path, out: Path, module: str = "") -> list[Mutant]:
    """Those of every staged module, in the order of their names; made once, since that takes a while."""
    folder = source / "unmask" / "implementations"
    names = sorted(p.relative_to(folder).with_suffix("").as_posix() for p in folder.rglob("*.py"))
    kept, stamp = out / "mutants.json", (source / "fingerprint").read_text()
    known = json.loads(kept.read_text()) if kept.exists() else {}
    if known.get("stamp") != stamp:
        known = {"stamp": stamp, "of": {}}
    for name in names:
        if name.startswith(module) and name not in known["of"]:
            found = mutants(name, (folder / f"{name}.py").read_text(), out)
            known["of"][name] = [asdict(m) for m in found]
            kept.write_text(json.dumps(known))
    return [Mutant(**m) for name in names if name.startswith(module) for m in known["of"][name]]


def _text(source: Path, mutant: Mutant) -> str:
    return (source / "unmask" / "implementations" / f"{mutant.module}.py").read_text()


#: What every mutant is held with, in the processes that do so: the tree, what reaches what, seconds, and the end.
_GIVEN: list[Any] = []


def _begin(*given: Any) -> None:
    _GIVEN[:] = given


def _hold(mutant: Mutant) -> tuple[Mutant, Result | None]:
    source, found, limit, over = _GIVEN
    return mutant, None if time.monotonic() > over else hold(mutant, source, found, limit)


def _measured_apart(source: Path, out: Path, only: list[str], jobs: int) -> Reach:
    """By forks, of which each measures some subjects; and one more, which sends back what is in their files."""
    context = multiprocessing.get_context("fork")
    parts = [context.Process(target=reach, args=(source, out, only, slice(k, None, jobs))) for k in range(jobs)]
    for part in parts:
        part.start()
    for part in parts:
        part.join()
    reads, writes = context.Pipe(duplex=False)
    child = context.Process(target=_measure, args=(source, out, only, writes))
    child.start()
    writes.close()
    found: Reach = reads.recv()
    child.join()
    return found


def _measure(source: Path, out: Path, only: list[str], writes: Any) -> None:
    writes.send(reach(source, out, only))


if __name__ == "__main__":
    main()

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
from benchmarks.mutation.hold import hold
from benchmarks.mutation.reach import Reach, reach
from benchmarks.mutation.report import Results, reasons, survivors, table
from benchmarks.mutation.staging import ROOT, stage


def main() -> None:
    """Hold mutants that are not in the results yet against the laws, in a random order that the seed decides."""
    given = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description=__doc__)
    given.add_argument("--count", type=int, default=200, help="how many more mutants (default 200)")
    given.add_argument("--seed", type=int, default=0, help="of their order")
    given.add_argument("--limit", type=float, default=90.0, help="seconds for each mutant")
    given.add_argument("--hours", type=float, default=24.0, help="begin no mutant after so many")
    given.add_argument("--module", default="", help="only modules whose path begins so: noise, noise/chain")
    given.add_argument(
        "--subjects", default="", help="names, with commas: only these are held against laws"
    )
    options = given.parse_args()
    began = time.monotonic()
    out = ROOT / "build" / "mutation"
    source = stage(out)
    sys.path.insert(0, str(source))
    importlib.import_module("torch").set_num_threads(1)
    importlib.import_module("unmask.properties")
    if any(name.startswith("unmask.implementations") for name in sys.modules):
        raise RuntimeError("the implementations are imported already: a mutant would not be")
    # Measuring imports them, and so is done in another process.
    found = _measured_apart(source, out, [name for name in options.subjects.split(",") if name])
    every = all_mutants(source, out, options.module)
    random.Random(options.seed).shuffle(every)
    results = Results(out / "results.json", (source / "fingerprint").read_text())
    why = reasons()
    left = [m for m in every if m not in results][: options.count]
    print(f"{len(every)} mutants, {len(results.known)} known, {len(left)} to hold", flush=True)
    for number, mutant in enumerate(left, 1):
        if time.monotonic() - began > 3600 * options.hours:
            break
        text = (source / "unmask" / "implementations" / f"{mutant.module}.py").read_text()
        if not compiles(mutant.applied(text)):
            continue
        result = hold(mutant, source, found, options.limit)
        results.add(mutant, result)
        by = f" by {result.law} on {result.subject}, {result.budget}" if result.law else f", {result.budget}"
        print(f"{number}/{len(left)} {mutant.module}:{mutant.line} {result.status}{by} {result.seconds} s", flush=True)
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


def _measured_apart(source: Path, out: Path, only: list[str]) -> Reach:
    """By a fork, which sends back what it has read from the files that it has made."""
    reads, writes = multiprocessing.get_context("fork").Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_measure, args=(source, out, only, writes))
    child.start()
    writes.close()
    found: Reach = reads.recv()
    child.join()
    return found


def _measure(source: Path, out: Path, only: list[str], writes: Any) -> None:
    writes.send(reach(source, out, only))


if __name__ == "__main__":
    main()

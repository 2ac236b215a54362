"""One run: all candidates of a shape made, tried once, timed in rounds, and their memory measured."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.operations.case import Case, Methods, Shape
from benchmarks.operations.losses import LOSSES
from benchmarks.operations.measure import Candidate, Measured, Spread, cross_entropy, measure, prepared
from benchmarks.operations.memory import freed, peak
from benchmarks.operations.operation import Operation
from benchmarks.operations.public import PUBLIC, Public, Unavailable, made
from benchmarks.operations.steps import STEPS

OURS, CHECKED, PLAIN, COMPILED = "ours", "ours, checked", "plain", "plain, compiled"
OPERATIONS = (*LOSSES, *STEPS)
#: How far losses of one formula may be apart in float32: sums of tens of thousands of terms of either sign.
GAP = 1e-2


@dataclass(frozen=True)
class Row:
    """One candidate's figures; seconds, and multiples of the cross-entropy of its round.

    All of them are taken while freed memory is kept, but ``given_back``: multiples while the system gets it back.
    ``tensors`` is the peak of memory besides its input, in tensors of the logits' size; ``gap`` how far the losses are
    from ours, relatively.  ``None``: not known.
    """

    operation: str
    by: str
    wall: Spread
    processor: Spread
    wall_ratio: Spread
    processor_ratio: Spread
    tensors: float | None
    gap: float | None
    given_back: Spread | None = None
    note: str = ""


@dataclass(frozen=True)
class Missing:
    """A candidate that cannot be, and why."""

    operation: str
    by: str
    reason: str


@dataclass(frozen=True)
class Point:
    """Ours, unchecked, at one size: ``axis`` is what grows, and ``value`` how far."""

    operation: str
    axis: str
    value: float
    wall: Spread
    processor: Spread
    ratio: Spread
    tensors: float | None = None


@dataclass
class Results:
    """All that a run found."""

    machine: dict[str, Any]
    shape: dict[str, Any]
    rounds: int
    rows: list[Row] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    growth: list[Point] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """As JSON, seconds to four digits."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(_rounded(asdict(self)), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> Results:
        """What :meth:`write` wrote."""
        kept = json.loads(path.read_text())
        for name, kind in (("rows", Row), ("growth", Point)):
            kept[name] = [kind(**{k: _spread(v) for k, v in entry.items()}) for entry in kept[name]]
        kept["missing"] = [Missing(**entry) for entry in kept["missing"]]
        return cls(**kept)

    def row(self, operation: str, by: str) -> Row | None:
        """The figures of one candidate, if there are any."""
        return next((row for row in self.rows if (row.operation, row.by) == (operation, by)), None)


def _spread(value: Any) -> Any:
    return Spread(**value) if isinstance(value, dict) else value


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_rounded(entry) for entry in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def machine(device: str) -> dict[str, Any]:
    """What figures depend on besides the code."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = (line.partition(":") for line in cpuinfo.read_text().splitlines())
        model = next((value.strip() for key, _, value in lines if key.strip() == "model name"), model)
    load = [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name(device) if device.startswith("cuda") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "load of the last 1, 5, 15 minutes": load,
    }


def compare(
    shape: Shape, rounds: int, *, compiled: bool, only: str = "", say: Callable[[str], None] = lambda _: None
) -> Results:
    """Every operation whose name contains ``only``, by everyone who has it."""
    shown = {key: str(value) if isinstance(value, torch.dtype) else value for key, value in asdict(shape).items()}
    results = Results(machine(shape.device), shown, rounds)
    case = Case(shape)
    for backward in (True, False):
        operations = [o for o in OPERATIONS if o.backward == backward and only in o.name]
        if not operations:
            continue
        base = cross_entropy(case.logits, case.x0, backward=backward)
        base = replace(base, operation=f"{base.operation}, {'forward and backward' if backward else 'forward'}")
        tried = {base: _Tried(_tensors(base, shape), None)}
        for candidate, agrees, note in _candidates(case, operations, backward, compiled, results.missing):
            say(f"trying {candidate.operation}: {candidate.by}")
            ours = next((c for c in tried if c.operation == candidate.operation and c.by == OURS), None)
            try:
                tried[candidate] = _try(candidate, ours if agrees else None, note, shape)
            except Exception as error:
                if candidate.by in (OURS, CHECKED, PLAIN):
                    raise
                reason = (str(error).strip() or type(error).__name__).splitlines()[0]
                results.missing.append(Missing(candidate.operation, candidate.by, reason))
        _, *candidates = tried
        freed("kept")
        found = measure(base, candidates, rounds, progress=lambda n: say(f"round {n} of {rounds}, memory kept"))
        again: tuple[Measured, ...] = ()
        if shape.device == "cpu" and freed("given back"):
            quick = [candidate for candidate in candidates if candidate.by not in (PLAIN, COMPILED)]
            again = measure(base, quick, rounds, progress=lambda n: say(f"round {n} of {rounds}, memory given back"))
            freed("as begun")
        given_back = {(m.operation, m.by): m.processor_ratio for m in again}
        for m in found:
            fact = next(tried[c] for c in tried if (c.operation, c.by) == (m.operation, m.by))
            gone = given_back.get((m.operation, m.by))
            results.rows.append(Row(**vars(m), tensors=fact.tensors, gap=fact.gap, given_back=gone, note=fact.note))
    return results


@dataclass(frozen=True)
class _Tried:
    tensors: float | None
    gap: float | None
    note: str = ""


def _tensors(candidate: Candidate, shape: Shape) -> float | None:
    run = prepared(candidate)
    run()
    found = peak(run, shape.device)
    return None if found is None else found / shape.bytes


def _try(candidate: Candidate, ours: Candidate | None, note: str, shape: Shape) -> _Tried:
    """Run it twice: for its losses, and for its memory."""
    gap = None
    if ours is not None:
        expected, losses = prepared(ours)(), prepared(candidate)()
        gap = float(((losses - expected).abs() / expected.abs().clamp(min=1e-6)).max())
        if not gap <= GAP:
            raise ValueError(f"{candidate.operation}: {candidate.by} is {gap:.3g} from ours, relatively")
    return _Tried(_tensors(candidate, shape), gap, note)


def _candidates(
    case: Case, operations: Sequence[Operation], backward: bool, compiled: bool, missing: list[Missing]
) -> Iterator[tuple[Candidate, bool, str]]:
    """Each candidate, whether its losses are ours, and a note."""
    for operation in operations:
        output: Tensor = getattr(case, operation.reads)

        def ours(methods: Methods, operation: Operation = operation) -> Callable[[Tensor], Tensor]:
            return lambda z: operation.ours(methods, case, z)

        def plain(z: Tensor, operation: Operation = operation) -> Tensor:
            return operation.plain(case, z)

        ways = {OURS: ours(case.unchecked), CHECKED: ours(case.checked), PLAIN: plain}
        for by, call in ways.items():
            yield Candidate(operation.name, by, call, output, backward), backward and by != OURS, ""
        if compiled and backward:
            yield Candidate(operation.name, COMPILED, _compiled(operation, case), output, backward), True, ""
        elif compiled:
            missing.append(Missing(operation.name, COMPILED, "a torch.Generator cannot be compiled"))
        yield from _of_others(case, operation.name, output, backward, missing)
    if backward:
        yield from _of_others(case, "cross-entropy", case.logits, backward, missing)


def _compiled(operation: Operation, case: Case) -> Callable[[Tensor], Tensor]:
    # In one graph: what cannot be compiled fails, and does not run uncompiled.
    compiled = torch.compile(operation.plain, dynamic=False, fullgraph=True)
    return lambda z: compiled(case, z)


def _of_others(
    case: Case, operation: str, output: Tensor, backward: bool, missing: list[Missing]
) -> Iterator[tuple[Candidate, bool, str]]:
    public: Public
    for public in PUBLIC:
        if public.operation == operation:
            try:
                call = made(public, case)
            except Unavailable as reason:
                missing.append(Missing(operation, public.package, str(reason)))
            else:
                candidate = Candidate(operation, public.package, call, output, backward, public.overwrites)
                yield candidate, public.agrees, public.note


__all__ = ["CHECKED", "COMPILED", "OPERATIONS", "OURS", "PLAIN", "Missing", "Point", "Results", "Row", "compare"]

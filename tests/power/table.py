"""Every law against every planted error in every capability that it needs, on a built-in method that offers it."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.methods import IMPLEMENTATIONS
from tests.power.errors import ERRORS, Traces, planted
from tests.power.reasons import reason
from unmask.properties import LAWBOOK, Law, Run, Subject, examine, mutated
from unmask.properties.engine.plan import Plan, plan
from unmask.properties.subjects.capability import Capability

BY_NAME = {subject.name: subject for subject in IMPLEMENTATIONS}
#: Methods that are tried first: quick ones, and such as have a mask.
PREFERRED = (
    "mdlm_discrete",
    "mdlm",
    "d3pm_absorbing",
    "d3pm_uniform",
    "sedd_absorb",
    "mixture_continuous",
    "sedd_euler",
)
BUDGETS = ("quick", "ci")
#: What a law says where it was asked.
ASKED = {"holds", "broken", "known"}
#: How many methods an error is tried in until it changes an answer.
MOST_METHODS = 4


@dataclass(frozen=True)
class Case:
    """One error in one capability, and the law that is asked whether it sees it."""

    law: str
    capability: str
    error: str

    @property
    def key(self) -> str:
        """Its place in the table."""
        return " | ".join((self.law, self.capability, self.error))


def cases(laws: Iterable[Law] | None = None) -> Iterator[Case]:
    """All cases of the laws, in the order of the book."""
    for law in LAWBOOK if laws is None else laws:
        for capability in _asked(law):
            if methods(law.name, capability.name):
                yield from (Case(law.name, capability.name, e) for e in ERRORS if planted(e, capability) is not None)


def _asked(law: Law) -> list[Capability]:
    """The capabilities that a law looks at."""
    found: dict[str, Capability] = {}
    for kind in {subject.kind.name: subject.kind for subject in IMPLEMENTATIONS}.values():
        if law.about.kind not in ("any", kind.name):
            continue
        for need in law.needs:
            name = kind.of(need)
            if name in kind.capabilities:
                found.setdefault(name, kind.capabilities[name])
        if "offers" in law.draws:
            looked_at = law.about.capabilities or (lambda capability: True)
            # Laws of whatever is offered treat all alike: one that computes and one that draws stand for the others.
            for draws in (False, True):
                alike = [c for c in kind.capabilities.values() if looked_at(c) and not c.slow and c.draws == draws]
                found |= {c.name: c for c in alike[:1] if not found or law.about.kind == kind.name}
    return list(found.values())


def methods(law: str, capability: str) -> list[Subject]:
    """The first few methods that offer the capability and are asked by the law."""
    first = [BY_NAME[name] for name in PREFERRED]
    found = []
    for subject in dict.fromkeys((*first, *IMPLEMENTATIONS)):
        known = capability in subject.kind.capabilities
        if known and subject.can(capability) and isinstance(plan(LAWBOOK[law], subject), Plan):
            found.append(subject)
    return found[:MOST_METHODS]


def seen(case: Case, budget: str) -> tuple[str, str, float]:
    """What a law says of a planted error, of which method, and the processor seconds that it took.

    Where the error has changed no answer (a prior term that is 0 is so at any factor), it is planted in the next
    method; ``"void"`` if it changes none.
    """
    began = time.process_time()
    run = Run(budget=budget, derandomize=True, shrink=False)  # type: ignore[arg-type]
    status, name = "void", ""
    for method in methods(case.law, case.capability):
        traces = Traces()
        wrong = planted(case.error, method.kind.capabilities[case.capability], traces)
        assert wrong is not None
        record = examine(LAWBOOK[case.law], mutated(method, case.error, **{case.capability: wrong}), run)
        if record.examples and traces.changed:
            status, name = record.status, method.name
            break
    return status, name, time.process_time() - began


def _work(group: list[Case], budget: str) -> list[tuple[Case, str, str, float]]:
    return [(case, *seen(case, budget)) for case in group]


def measure(found: dict[str, Any], todo: list[Case], budget: str, jobs: int, seconds: float, path: Path | None) -> bool:
    """Ask what is not in ``found`` yet, and note it there; whether all of it was asked before the time was up."""
    left = [c for c in todo if budget not in found.get(c.key, {}).get("says", {})]
    groups: dict[tuple[str, str], list[Case]] = {}
    for case in left:
        groups.setdefault((case.law, case.capability), []).append(case)
    ends = time.monotonic() + seconds
    waiting = list(groups.values())[::-1]
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        running: set[Any] = set()
        while waiting or running:
            while waiting and len(running) < jobs and time.monotonic() < ends:
                running.add(pool.submit(_work, waiting.pop(), budget))
            if not running:
                break
            done = next(as_completed(running))
            running.remove(done)
            for case, status, method, took in done.result():
                entry = found.setdefault(case.key, {**asdict(case), "method": method, "says": {}, "seconds": {}})
                entry["says"][budget], entry["seconds"][budget] = status, round(took, 3)
                entry["method"] = method or entry["method"]
            if path is not None:
                store(found, path)
    return not waiting


def store(found: dict[str, Any], path: Path) -> None:
    """Write the table, sorted, so that equal tables are equal files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({key: found[key] for key in sorted(found)}, indent=1) + "\n")


def load(path: Path) -> dict[str, Any]:
    """The table as it was left; empty if there is none."""
    return dict(json.loads(path.read_text())) if path.exists() else {}


def unseen(found: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    """Errors in a capability that changed some answer and that no law saw, and the laws that were asked."""
    by: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in found.values():
        if not ASKED.isdisjoint(entry["says"].values()):
            by.setdefault((entry["capability"], entry["error"]), []).append(entry)
    return [
        (capability, error, sorted({e["law"] for e in entries}))
        for (capability, error), entries in sorted(by.items())
        if not any("broken" in e["says"].values() for e in entries)
    ]


def table(found: dict[str, Any]) -> str:
    """The table as text: for every law and capability a column for each error: Q seen at quick, C at ci, · not."""
    lines = ["errors that no law sees", ""]
    lines += [
        f"  {c:22} {e:18} asked: {len(laws)} laws; {reason(c, e) or 'why is not known'}" for c, e, laws in unseen(found)
    ] or ["  none"]
    lines += ["", "Q seen at quick, C at ci, · not seen, - not asked, or nothing changed", ""]
    lines += ["  ".join([f"{'law':58}", f"{'capability':20}", *(f"{e:17}" for e in ERRORS)])]
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for entry in found.values():
        says = entry["says"]
        sign = "Q" if says.get("quick") == "broken" else "C" if says.get("ci") == "broken" else "·"
        known = not ASKED.isdisjoint(says.values())
        rows.setdefault((entry["law"], entry["capability"]), {})[entry["error"]] = sign if known else "-"
    for (law, capability), signs in sorted(rows.items()):
        lines.append("  ".join([f"{law:58.58}", f"{capability:20.20}", *(f"{signs.get(e, ''):17}" for e in ERRORS)]))
    return "\n".join(line.rstrip() for line in lines) + "\n"


def worth_more(found: dict[str, Any]) -> list[Case]:
    """Cases that more examples are for: errors that no law has seen yet, in the laws that were asked."""
    wanted = {(capability, error) for capability, error, _ in unseen(found)}
    return [
        Case(e["law"], e["capability"], e["error"]) for e in found.values() if (e["capability"], e["error"]) in wanted
    ]

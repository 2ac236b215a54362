"""Results, reasons, and a table for each module."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.mutation.generate import Mutant
from benchmarks.mutation.hold import Result

REASONS = Path(__file__).with_name("survivors.toml")
COLUMNS = ("killed", "timeout", "equivalent", "open", "survived", "unreached")


class Kind(NamedTuple):
    """Equivalent changes of one kind: where ``pattern`` matches, somewhere in the line, ``becomes`` stands."""

    pattern: str
    becomes: str
    why: str

    def covers(self, before: str, after: str) -> bool:
        """Whether one change of this kind makes the one line of the other."""
        return any(
            before[: found.start()] + found.expand(self.becomes) + before[found.end() :] == after
            for found in re.finditer(self.pattern, before)
        )


class Reasons(NamedTuple):
    """Whether a survivor is ``equivalent`` or ``open``, and why: by module, line and changed line, or by its kind."""

    lines: dict[tuple[str, str, str], tuple[str, str]]
    kinds: Sequence[Kind] = ()

    def of(self, entry: dict[str, Any]) -> tuple[str, str] | None:
        """Verdict and reason, ``None`` without one."""
        before, after = entry["before"], entry["after"]
        by_kind = (("equivalent", kind.why) for kind in self.kinds if kind.covers(before, after))
        return self.lines.get((entry["module"], before, after)) or next(by_kind, None)


def reasons(path: Path = REASONS) -> Reasons:
    """Those that are written down."""
    text = tomllib.loads(path.read_text())
    for entry in text["survivor"]:
        if set(entry) != {"module", "before", "after", "verdict", "why"}:
            raise ValueError(f"survivor must have module, before, after, verdict and why, got {sorted(entry)}")
        if entry["verdict"] not in ("equivalent", "open"):
            raise ValueError(f"verdict must be 'equivalent' or 'open', got {entry['verdict']!r}")
    lines = {(e["module"], e["before"], e["after"]): (e["verdict"], e["why"]) for e in text["survivor"]}
    return Reasons(lines, [Kind(**kind) for kind in text.get("kind", [])])


class Results:
    """What is known of each mutant, in ``results.json``, written after each of them."""

    def __init__(self, path: Path, stamp: str) -> None:
        self.path, self.stamp = path, stamp
        kept = json.loads(path.read_text()) if path.exists() else {}
        #: Of another state of the tree nothing is known.
        self.known: dict[str, dict[str, Any]] = kept["mutants"] if kept.get("stamp") == stamp else {}

    def add(self, mutant: Mutant, result: Result) -> None:
        """Keep one."""
        place = {"module": mutant.module, "line": mutant.line, "before": mutant.before, "after": mutant.after}
        self.known[mutant.name] = {**place, **asdict(result)}
        whole = {"stamp": self.stamp, "mutants": self.known}
        scratch = self.path.with_suffix(".part")
        scratch.write_text(json.dumps(whole, indent=1))
        scratch.replace(self.path)

    def __contains__(self, mutant: Mutant) -> bool:
        return mutant.name in self.known


def verdict(entry: dict[str, Any], why: Reasons) -> str:
    """The column in which a result stands."""
    if entry["status"] != "survived":
        return str(entry["status"])
    return (why.of(entry) or ("survived", ""))[0]


def table(known: dict[str, dict[str, Any]], why: Reasons) -> str:
    """One line for each module, and the share of those that can be noticed which are."""
    by_module: dict[str, Counter[str]] = {}
    for entry in known.values():
        by_module.setdefault(entry["module"], Counter())[verdict(entry, why)] += 1
    by_module = dict(sorted(by_module.items()))
    by_module["all"] = sum(by_module.values(), Counter())
    lines = [f"{'module':40}{'mutants':>9}" + "".join(f"{c:>11}" for c in COLUMNS) + f"{'noticed':>9}"]
    for module, count in by_module.items():
        noticed = count["killed"] + count["timeout"]
        can_be = noticed + count["survived"] + count["open"]
        share = f"{noticed / can_be:.0%}" if can_be else "-"
        lines.append(f"{module:40}{count.total():>9}" + "".join(f"{count[c]:>11}" for c in COLUMNS) + f"{share:>9}")
    return "\n".join(lines)


def survivors(known: dict[str, dict[str, Any]], why: Reasons) -> list[str]:
    """Each survivor that nobody has explained: where it is, and what was changed."""
    return [
        f"{e['module']}.py:{e['line']}  ({e['asked']} times asked)\n  - {e['before']}\n  + {e['after']}"
        for e in sorted(known.values(), key=lambda e: (e["module"], e["line"]))
        if verdict(e, why) == "survived"
    ]


__all__ = ["COLUMNS", "REASONS", "Kind", "Reasons", "Results", "reasons", "survivors", "table", "verdict"]

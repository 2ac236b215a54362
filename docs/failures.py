"""How each law fails: the first of its mistakes that breaks it, and what the suite says then.

    python -m docs.failures docs/laws/failures.json

asks every law again (five minutes on two cores); with names of laws after the path, these alone, and keeps the others.
"""

from __future__ import annotations

import argparse
import json
import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from docs.directives.mistakes import subjects_with
from unmask.properties import LAWBOOK, Run, examine
from unmask.properties.report.traceability import built_in

ROOT = Path(__file__).parents[1]
RUN = Run(budget="ci", derandomize=True)
#: Of the text, what is of use only where it was printed.
_REPLAY = re.compile(r"\n\n?    replay .*", re.DOTALL)


def failure(name: str) -> dict[str, str] | None:
    """The first mistake of a law that breaks it, on the first subject on which it does; ``None`` if none does."""
    law = LAWBOOK[name]
    for mutant in law.told.mutants:
        for subject in subjects_with(mutant):
            record = examine(law, subject, RUN)
            if record.status == "broken":
                text = _REPLAY.sub("", record.failure).rstrip().replace(f"{ROOT}/", "")
                return {"mutant": mutant, "text": text}
    return None


def main() -> None:
    """Written to the path that comes first, after each law."""
    parser = argparse.ArgumentParser(prog="python -m docs.failures", description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("laws", nargs="*", default=[law.name for law in built_in()])
    parser.add_argument("--jobs", type=int, default=2)
    told = parser.parse_args()
    known = json.loads(told.path.read_text(encoding="utf-8")) if told.path.is_file() else {}
    unbroken = []
    with ProcessPoolExecutor(told.jobs) as pool:
        for name, found in zip(told.laws, pool.map(failure, told.laws), strict=True):
            if found is None:
                unbroken.append(name)
                continue
            known[name] = found
            there = {law.name: known[law.name] for law in built_in() if law.name in known}
            told.path.write_text(json.dumps(there, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
    if unbroken:
        raise SystemExit(f"not broken by any of the mistakes that they name: {', '.join(unbroken)}")


if __name__ == "__main__":
    main()

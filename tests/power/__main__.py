"""``make power``: the table of what the laws see, in build/report/power.json and power.txt.

It goes on where it was left; delete power.json to begin anew.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from tests.power.table import BUDGETS, cases, load, measure, store, table, worth_more
from unmask.properties import LAWBOOK


def main(words: list[str] | None = None) -> int:
    """Measure, and print the table."""
    asked = argparse.ArgumentParser(prog="make power", description=__doc__)
    asked.add_argument("--budget", choices=BUDGETS, default="ci", help="quick: only that; ci: then what no law saw")
    asked.add_argument("--jobs", type=int, default=2)
    asked.add_argument("--seconds", type=float, default=3600.0, help="begin nothing new after this long")
    asked.add_argument("--law", default="", help="a pattern that names of laws must hold")
    asked.add_argument("--into", type=Path, default=Path("build/report/power.json"))
    given = asked.parse_args(words)
    found = load(given.into)
    laws = [law for law in LAWBOOK if re.search(given.law, law.name)]
    if not laws:
        asked.error(f"no law's name holds {given.law!r}")
    whole = measure(found, list(cases(laws)), "quick", given.jobs, given.seconds, given.into)
    if whole and given.budget == "ci":
        names = {law.name for law in laws}
        more = [case for case in worth_more(found) if case.law in names]
        whole = measure(found, more, "ci", given.jobs, given.seconds, given.into)
    store(found, given.into)
    text = table(found)
    given.into.with_suffix(".txt").write_text(text)
    print(text.split("\nQ seen at quick", 1)[0])
    print(f"{given.into.with_suffix('.txt')}: {len(found)} cases" + ("" if whole else ", the time was up: go on"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

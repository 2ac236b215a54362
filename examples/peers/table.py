"""One page of all packages and laws, and a line for each package.

``python -m examples.peers.table build/report-peers`` reads ``NAME/laws.json`` of each package, as ``unmask verify
--report`` writes it, and writes ``peers.md`` beside.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

Record: TypeAlias = Mapping[str, Any]
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
SIGNS = {"holds": "✓", "broken": "**✗**", "known": "k", "unasked": "u", "blocked": "b", "error": "**e**", "absent": "–"}


def versions(text: str) -> dict[str, str]:
    """The version of each package, of the text of ``requirements.txt``, in its order."""
    return dict(re.findall(r"^# == (\S+)\n\1==(\S+)$", text, flags=re.MULTILINE))


def summary(name: str, version: str, records: Iterable[Record]) -> str:
    """One line for a package, in the manner of a badge."""
    counts = Counter(str(record["status"]) for record in records)
    told = [f"{counts[status]} {status}" for status in SIGNS if counts[status] and status != "absent"]
    verdict = "laws are broken" if counts["broken"] or counts["error"] else "as known"
    return f"[{name} {version} | {', '.join(told)} | {verdict}]"


def table(records: Iterable[Record]) -> str:
    """Subjects beside laws, in Markdown; laws that speak about none of them are left out."""
    cells: dict[str, dict[str, str]] = {}
    for record in records:
        cells.setdefault(str(record["law"]), {})[str(record["method"])] = str(record["status"])
    spoken = {law: row for law, row in cells.items() if set(row.values()) - {"absent"}}
    subjects = list(dict.fromkeys(name for row in spoken.values() for name in row))
    rows = [
        f"| `{law}` | {' | '.join(SIGNS[row.get(subject, 'absent')] for subject in subjects)} |"
        for law, row in spoken.items()
    ]
    return "\n".join([f"| law | {' | '.join(subjects)} |", f"|---|{':-:|' * len(subjects)}", *rows])


def page(found: Mapping[str, list[Record]], of: Mapping[str, str]) -> str:
    """The whole page, of the records of each package and of its version."""
    legend = ", ".join(f"{sign} {status}" for status, sign in SIGNS.items())
    parts = ["# Public packages under the laws", "\n".join(f"    {summary(n, of[n], r)}" for n, r in found.items())]
    parts.append(f"{legend}; a law that speaks about no subject of a package is left out of its table.")
    for name, records in found.items():
        parts += [f"## {name} {of[name]}", table(records)]
        told = [r for status in ("known", "unasked") for r in records if r["status"] == status]
        if told:
            parts.append("\n".join(f"* `{r['law']}` of {r['method']}, {r['status']}: {r['reason']}" for r in told))
    return "\n\n".join(parts) + "\n"


def main(folder: Path) -> None:
    """Write the page, and print the line of each package."""
    of = versions(REQUIREMENTS.read_text())
    there = {name: folder / name / "laws.json" for name in of}
    found = {name: json.loads(path.read_text()) for name, path in there.items() if path.exists()}
    (folder / "peers.md").write_text(page(found, of))
    for name, records in found.items():
        print(summary(name, of[name], records))
    print(f"table in {folder / 'peers.md'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

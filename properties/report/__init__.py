"""What a run of the laws shows: in the terminal, as JSON and as a page.

Each function takes the records of a run, one per law and method, in the order in which they are to be shown.

* `grid`: laws by methods, the view that terminal and page share;
* `terminal`: as a table of text;
* `html`: as a page;
* `mathml`: its equations;
* `json_report`: for programs;
* `limits`: what becomes something else, and how fast;
* `coverage`: which processes are covered;
* `papers`: what papers state;
* `traceability`: which law checks it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from unmask.properties.engine.record import Record, Status
from unmask.properties.report.grid import absent_shares, summary
from unmask.properties.report.html import write_html
from unmask.properties.report.json_report import write_json
from unmask.properties.report.limits import limits_summary, write_limits
from unmask.properties.report.terminal import laws_table, print_laws_table, render_laws_table

__all__ = [
    "Record",
    "Status",
    "absent_shares",
    "laws_table",
    "limits_summary",
    "print_laws_table",
    "render_laws_table",
    "summary",
    "write_html",
    "write_json",
    "write_limits",
    "write_report",
]


def write_report(
    records: Sequence[Record],
    directory: str | Path,
    environment: Mapping[str, str],
    addresses: Mapping[str, str] | None = None,
) -> tuple[Path, Path]:
    """Write ``index.html`` and ``laws.json`` into ``directory``, made where needed, and return both paths.

    ``limits.json`` is written beside them where a law about a limit has run.  ``addresses`` say where methods can be
    loaded from; the page then has the commands that run a law on one of them.  Where the handbook was built beside
    ``directory``, laws on the page lead there.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    page, data = folder / "index.html", folder / "laws.json"
    handbook = "../handbook" if (folder.resolve().parent / "handbook" / "index.html").is_file() else ""
    write_html(records, page, environment=environment, addresses=addresses, handbook=handbook)
    write_json(records, data)
    if any(record.fits for record in records):
        write_limits(records, folder / "limits.json")
    return page, data

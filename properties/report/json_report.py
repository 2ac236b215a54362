"""``laws.json``: the run for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from unmask.properties.engine.record import Record


def write_json(records: Sequence[Record], path: str | Path) -> None:
    """Write a list with one object per record in strict JSON (UTF-8); ``Record.to_json`` has the fields."""
    # A lone surrogate has no UTF-8; backslashreplace writes \udXXX, which is how JSON itself escapes it.
    Path(path).write_text(render_json(records), encoding="utf-8", errors="backslashreplace", newline="\n")


def render_json(records: Sequence[Record]) -> str:
    """The list as text."""
    return json.dumps([record.to_json() for record in records], ensure_ascii=False, allow_nan=False, indent=1) + "\n"

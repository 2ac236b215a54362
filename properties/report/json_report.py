"""``laws.json``: the run for programs.

A list with one object for each law and method that belong together: a law about another kind has no record.  Fields:

* ``law``, ``method``: their names; ``method`` is any subject;
* ``kind``: the subject's kind: ``classes``, ``gaussian``, ``degradation``, ``autoregression``, ``embeddings``, or one
  that a user has entered;
* ``chapter``, ``statement``, ``tex``, ``cites``: of the law, where it stands, what it says in words, its formula
  (LaTeX; empty where there is none) and its source;
* ``mutants``: names of small mistakes that the law is known to catch;
* ``status``: ``holds``, ``broken``, ``known`` (fails, as the subject declares), ``absent`` (does not apply),
  ``unasked`` (every draw was refused) or ``blocked`` (the subject cannot be built);
* ``reason``: why it is known, absent, unasked or blocked; empty otherwise;
* ``worst_ulps``: the largest gap between two sides, in units of rounding of the precision that was asked for; ``null``
  where the law measures none; ``"Infinity"`` or ``"NaN"`` where it is not finite;
* ``examples``: how many were judged; ``refused``: how many were drawn in vain;
* ``seconds``: how long that took;
* ``failure``: the whole story of a failure, as text; ``replay``: Python that runs the failing example once more;
* ``fits``: rates that a law about a limit has measured: ``says``, ``grows``, ``rate``, ``at_least``, ``sizes``,
  ``errors``, ``slope``, ``spread``, ``constant``, ``limits``.

``limits.json``, beside it, has the fits again, by limit.
"""

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

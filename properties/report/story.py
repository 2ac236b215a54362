"""A failure is the whole story: the equation, its source, the inputs, both sides, and a line that reproduces it."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from unmask.properties.engine.trial import Outcome, Trial
from unmask.properties.report.hints import hint
from unmask.properties.subjects.method import Method

#: How the right side of a claim is introduced, by the kind of the claim.
RELATIONS = {"at_most": "at most", "sampled": "against"}
#: Most lines of a method's own error message, and most characters of one line: the story stays readable.
MOST_LINES, MOST_CHARACTERS = 7, 300

#: Packages in which nobody binds a method: looking through them would take longer than all the rest.
_ELSEWHERE = sys.stdlib_module_names | {
    *("torch", "numpy", "scipy", "mpmath", "sympy", "networkx", "matplotlib"),
    *("hypothesis", "pytest", "_pytest", "pluggy", "pygments", "rich", "jinja2", "latex2mathml", "unmask"),
}


@dataclass(frozen=True)
class Replay:
    """Python that evaluates the same law on the same method with the same inputs.

    ``line`` works in a Python started in the working directory.  ``left`` are the names in it that stand for what has
    no text, each with what it is: whoever pastes the line binds them first.
    """

    line: str
    left: dict[str, str]


def tell(trial: Trial, outcome: Outcome, replay: Replay | None = None) -> str:
    """The failure of a trial as plain text, at most some twenty lines; ``replay`` is that of the trial, if at hand."""
    law, method, given = trial.law, trial.method, trial.inputs
    lines = [
        f"{law.name} is BROKEN by {method.name}",
        "",
        f"    law       {law.statement}",
        f"    source    {law.cites}",
        f"    process   {given.p.described()}",
    ]
    if noise := given.p.noise_at(u for u in (given.r, given.s, given.t) if u is not None):
        lines.append(f"    noise     {noise}")
    others = {k: v for k, v in given.arguments().items() if k != "p"}
    if others:
        lines.append("    inputs    " + ", ".join(f"{k} = {v}" for k, v in others.items()))
    lines.append(f"    computed  in {given.p.precision} on {given.p.device}")
    if outcome.error:
        lines += ["", *(f"    {line}" for line in _shortened(outcome.error))]
    elif outcome.claim is not None and outcome.verdict is not None:
        claim, verdict = outcome.claim, outcome.verdict
        told = {
            "claim": claim.says,
            "where": verdict.where,
            "found": _in_words(verdict.left),
            RELATIONS.get(claim.kind, "expected"): _in_words(verdict.right),
            "gap": verdict.gap,
            "allowed": verdict.allowed,
            "hint": hint(claim, trial.eps),
        }
        lines.append("")
        lines += [f"    {label:<9} {_one_line(text)}" for label, text in told.items() if text]
    replay = replay_of(trial) if replay is None else replay
    lines += ["", "    replay    " + replay.line]
    lines += [f"              ({name}: {what})" for name, what in replay.left.items()]
    return "\n".join(lines)


def replay_of(trial: Trial) -> Replay:
    """The line that reproduces a trial.

    A method that cannot be loaded from anywhere is called by the name that the running script has for it, or by
    ``METHOD``; a schedule that is somebody's own function by that function's name.
    """
    given = trial.inputs
    left = {}
    where = address(trial.method)
    method = repr(where)
    if where is None:
        own = _name_in_main(trial.method)
        method = own or "METHOD"
        what = "as the running script has it" if own else "the Method itself; it is bound to no module attribute"
        left[method] = what
    arguments = "".join(f", {k}={_literal(v)}" for k, v in given.arguments().items())
    if (function := _own_function(given.p)) is not None:
        arguments = arguments.replace(repr(function), _function_name(function))
        left[_function_name(function)] = "the schedule's own alpha(u)"
    if given.p.precision != "float64":
        arguments += f", dtype={given.p.precision!r}"
    if given.p.device != "cpu":
        arguments += f", device={given.p.device!r}"
    records = f"{type(given.p).__name__}, {type(given.p.schedule).__name__}"
    line = f"from unmask.properties import {records}, replay; replay({trial.law.name!r}, {method}{arguments})"
    return Replay(line, left)


def address(method: Method) -> str | None:
    """Where a method can be loaded from, as :func:`unmask.properties.engine.replaying.load_methods` reads it.

    That is ``"package.module:NAME"``, or ``"path/to/file.py:NAME"`` where a Python started in the working directory
    would not find the module by its name.  ``NAME`` is a method, an entry of a list, tuple or dictionary (``ALL[2]``)
    or a class made by :func:`~unmask.properties.conformance`.  ``None`` if the method is bound nowhere.

    Of several names the one in a module that makes the binding, and does not import it, comes first; then the plainest.
    """
    found = []
    for module_name, module in list(sys.modules.items()):
        if module_name.partition(".")[0] in _ELSEWHERE or module_name in ("__main__", "__mp_main__"):
            continue
        names = [(plainness, name) for plainness, name in _names_in(module, method)]
        where = _where(module_name, module) if names else None
        if where is not None:
            own = _bound_in(Path(module.__file__ or ""))
            found += [(name.partition("[")[0] not in own, plainness, where, name) for plainness, name in names]
    if not found:
        return None
    _, _, where, name = min(found, key=lambda place: place[:2])
    return f"{where}:{name}"


def _names_in(module: Any, method: Method) -> Iterator[tuple[int, str]]:
    """Names in a module that lead to the method, with 0 for the method itself, 1 for an entry, 2 for a test class."""
    for name, value in list(getattr(module, "__dict__", {}).items()):
        # The type, not isinstance: lazy modules of others answer a question for their class by doing work.
        kind = type(value)
        if value is method:
            yield 0, name
        elif kind is list or kind is tuple:
            yield from ((1, f"{name}[{i}]") for i, entry in enumerate(value) if entry is method)
        elif kind is dict:
            entries = list(value.items())
            yield from ((1, f"{name}[{k!r}]") for k, v in entries if v is method and isinstance(k, (str, int)))
        elif issubclass(kind, type) and any(vars(c).get("unmask_method") is method for c in value.__mro__):
            yield 2, name


def _where(name: str, module: Any) -> str | None:
    """The module's name if it is found by that; else the path of its file; ``None`` if it was made in memory."""
    file = Path(getattr(module, "__file__", None) or "")
    if file.suffix != ".py" or not file.is_file():
        return None
    file = file.resolve()
    if _found_by_name(name, file):
        return name
    here = Path.cwd().resolve()
    return (file.relative_to(here) if file.is_relative_to(here) else file).as_posix()


def _found_by_name(name: str, file: Path) -> bool:
    """Whether a Python started here would import ``file`` by ``name``.

    Not ``sys.path``: pytest adds to it, and the next Python will not.
    """
    top, *parts = name.split(".")
    roots = [str(Path.cwd()), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    roots += [entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    for root in roots:
        stem = Path(root, top, *parts)
        if file in (stem.with_name(stem.name + ".py").resolve(), (stem / "__init__.py").resolve()):
            # A folder without __init__.py yields to a package of the same name anywhere on the path.
            spec = PathFinder.find_spec(top, [*roots, *sys.path])
            return spec is not None and (
                spec.origin is None or Path(spec.origin).resolve().is_relative_to(Path(root).resolve())
            )
    return False


def _bound_in(file: Path) -> set[str]:
    """Names that the source assigns or defines: all but the imported ones."""
    try:
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    except (OSError, SyntaxError, ValueError):
        return set()
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return names | {node.name for node in nodes if isinstance(node, ast.ClassDef)}


def _name_in_main(method: Method) -> str | None:
    """The method's name in the script or at the prompt that is running."""
    plain = (name for kind, name in _names_in(sys.modules.get("__main__"), method) if kind == 0)
    return next(plain, None)


def _function_name(function: Any) -> str:
    name = str(getattr(function, "__name__", ""))
    return name if name.isidentifier() else "ALPHA"


def _in_words(side: str) -> str:
    """One side of a claim, with a word about numbers that are none."""
    if side == "nan":
        return "nan, which is not a number"
    return f"{side} (nan is not a number)" if re.search(r"\bnan\b", side) else side


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 2]} …"


def _shortened(text: str) -> list[str]:
    """A message without its middle: it begins with what happened and ends with where."""
    lines = [line if len(line) <= MOST_CHARACTERS else f"{line[: MOST_CHARACTERS - 2]} …" for line in text.split("\n")]
    if len(lines) <= MOST_LINES:
        return lines
    return [*lines[: MOST_LINES - 3], f"… ({len(lines) - MOST_LINES + 1} more lines)", *lines[-2:]]


def _literal(value: Any) -> str:
    return repr(value) if isinstance(value, (int, str, bool)) or not hasattr(value, "numerator") else repr(str(value))


def _own_function(p: Any) -> Any:
    """The function of a schedule of one's own; ``None`` for a schedule that has a name."""
    return getattr(p.schedule, "function", None)


__all__ = ["Replay", "address", "replay_of", "tell"]

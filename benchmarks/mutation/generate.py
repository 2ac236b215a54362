"""The mutants of a module: mutmut's, without those that only a test of refusals could notice."""

from __future__ import annotations

import ast
import hashlib
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: Modules that do nothing else than refuse.
REFUSALS = ("numbers/checks",)
#: Functions that refuse bad input and do nothing else; what they say is judged by ``tests/bad_input``.
REFUSING = ("checks.", "check_", "_check", "checked_")


@dataclass(frozen=True)
class Mutant:
    """``source[start:end]`` of a module is replaced with ``text``.

    ``module`` is its path below ``implementations``, ``line`` the first changed one, ``before`` and ``after`` that line
    in both versions.
    """

    module: str
    line: int
    start: int
    end: int
    text: str
    before: str
    after: str

    @property
    def name(self) -> str:
        """The same for the same change of the same lines, wherever they stand."""
        what = f"{self.module}|{self.before}|{self.after}|{self.line}"
        return hashlib.sha256(what.encode()).hexdigest()[:12]

    def applied(self, source: str) -> str:
        """The mutated source."""
        return source[: self.start] + self.text + source[self.end :]


def mutants(module: str, source: str, folder: Path) -> list[Mutant]:
    """All mutants of a source; ``folder`` has a ``src``, from which mutmut reads that it is configured."""
    if module in REFUSALS:
        return []
    create = importlib.import_module("mutmut.mutation.file_mutation").create_mutations
    with _inside(folder):
        tree, mutations, _, _ = create(module, source)
    refused = list(refusals(source))
    metadata = importlib.import_module("libcst.metadata")
    # The tree is the one that the mutations point into: positions are looked up, and nothing is written anew.
    spans = metadata.MetadataWrapper(tree, unsafe_skip_copy=True).resolve(metadata.ByteSpanPositionProvider)
    raw = source.encode()
    found: dict[tuple[int, int, str], Mutant] = {}
    for mutation in mutations:
        span = spans[mutation.original_node]
        start, end = (len(raw[:b].decode()) for b in (span.start, span.start + span.length))
        old = source[start:end]
        written, text = (tree.code_for_node(n) for n in (mutation.original_node, mutation.mutated_node))
        if old not in written or text == written or any(low <= start < high for low, high in refused):
            continue
        # White space around a node belongs to it, and is not in its span.
        before, after = written.split(old, 1)
        one = splice(module, source, start, end, text[len(before) : len(text) - len(after)])
        found.setdefault((one.start, one.end, one.text), one)
    return list(found.values())


def splice(module: str, source: str, start: int, end: int, text: str) -> Mutant:
    """``text`` for ``source[start:end]``, told by the first line that it changes."""
    old = source[start:end]
    same = next((k for k, (x, y) in enumerate(zip(old, text, strict=False)) if x != y), min(len(old), len(text)))
    start, text = start + same, text[same:]
    line = source.count("\n", 0, start)
    first = source.rfind("\n", 0, start) + 1
    whole = (source[:start] + text + source[end:])[first:]
    before, after = (t.split("\n", 1)[0].strip() for t in (source[first:], whole))
    return Mutant(module, line + 1, start, end, text, before, after)


def refusals(source: str) -> Iterator[tuple[int, int]]:
    """Stretches of a source that refuse, describe or annotate."""
    starts = [0]
    for text in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(text))

    def place(node: ast.AST, end: bool) -> int:
        line, column = ("end_lineno", "end_col_offset") if end else ("lineno", "col_offset")
        number, offset = int(getattr(node, line)) - 1, int(getattr(node, column))
        text = source[starts[number] : starts[number + 1]]
        return starts[number] + len(text.encode()[:offset].decode())

    for node in ast.walk(ast.parse(source)):
        if _refuses(node):
            yield place(node, end=False), place(node, end=True)
        if isinstance(node, ast.arguments):
            for argument, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
                if argument.arg == "validate" and default is not None:
                    yield place(default, end=False), place(default, end=True)


def _refuses(node: ast.AST) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name in ("__repr__", "check") or node.name.startswith(("_check", "check_", "checked_"))
    if isinstance(node, ast.If):
        # A condition of which nothing follows but a refusal.
        return "validate" in ast.unparse(node.test) or all(isinstance(s, ast.Raise) for s in node.body)
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        return called.startswith(REFUSING) or ".check" in called or "._check" in called
    return isinstance(node, ast.Raise)


def compiles(source: str) -> bool:
    """Whether a mutant is a program at all."""
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


__all__ = ["Mutant", "compiles", "mutants", "refusals", "splice"]

"""A function of the reference in place: its source, its example as it runs now, and who computes with it.

```{reference} noise.posterior.posterior
```
"""

from __future__ import annotations

import ast
import doctest
import inspect
import io
import textwrap
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any, ClassVar

from docutils.parsers.rst import directives

from docs.directives.callers import public, told
from docs.directives.markdown import Written, fenced, folded
from docs.directives.names import REFERENCE

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def source_of(value: Any) -> str:
    """Its source without the docstring's example, which is shown by itself."""
    text = textwrap.dedent(inspect.getsource(inspect.unwrap(value)))
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    doc = node.body[0]
    if not (isinstance(doc, ast.Expr) and isinstance(doc.value, ast.Constant) and isinstance(doc.value.value, str)):
        return text
    lines = text.splitlines()
    head, inside, tail = lines[: doc.lineno - 1], lines[doc.lineno - 1 : doc.end_lineno], lines[doc.end_lineno or 0 :]
    prose = "\n".join(inside).partition(">>>")[0].rstrip()
    if not prose.endswith('"""') or prose.count('"""') < 2:
        prose += '"""' if "\n" not in prose else '\n    """'
    return "\n".join([*head, prose, *tail])


def example_of(value: Any, name: str) -> str:
    """Its example, with what it printed just now.

    Raises ValueError where that is not what the docstring says.
    """
    shown: list[str] = []
    tests = doctest.DocTestFinder(recurse=False).find(value, name)
    for test in tests:
        complaint = io.StringIO()
        runner = _Keeping(optionflags=_FLAGS)
        with redirect_stdout(io.StringIO()):
            failed = runner.run(test, out=complaint.write, clear_globs=False).failed
        if failed:
            raise ValueError(complaint.getvalue())
        for example, got in zip(test.examples, runner.got, strict=True):
            first, *more = example.source.rstrip("\n").split("\n")
            shown += [f">>> {first}", *(f"... {line}".rstrip() for line in more), *got.rstrip("\n").splitlines()]
    return "\n".join(shown)


class _Keeping(doctest.DocTestRunner):
    """A runner that keeps what examples printed."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.got: list[str] = []

    def report_success(self, out: Any, test: Any, example: Any, got: str) -> None:
        """Kept."""
        self.got.append(got)


def signature_of(value: Any, name: str) -> str:
    """Its name and parameters, without annotations."""
    try:
        found = inspect.signature(value)
    except ValueError:
        return name
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in found.parameters.values()]
    return name + str(found.replace(parameters=bare, return_annotation=inspect.Signature.empty))


def lines_of(name: str, *, folded_up: bool = False) -> list[str]:
    """One function, in Markdown: its signature, its source with what it says of itself, and its example."""
    if name not in public():
        raise ValueError(f"{name}: the reference has no public function or class of that name")
    value = public()[name]
    module, _, short = name.rpartition(".")
    path = f"reference/{module.replace('.', '/')}.py"
    kind = "class" if inspect.isclass(value) else "function"
    shown = fenced(source_of(value), "python")
    example = example_of(value, name)
    return [
        "",
        f"``````{{py:{kind}}} {REFERENCE}{module}.{signature_of(value, short)}",
        f"`{path}`",
        *(folded("source", shown) if folded_up else shown),
        *(fenced(example, "pycon") if example else []),
        *told(name),
        "``````",
        "",
    ]


class Function(Written):
    """``{reference}``: those that are named, in place."""

    option_spec: ClassVar[Any] = {"folded": directives.flag}

    def lines(self) -> list[str]:
        """One after the other."""
        return [line for name in self.names for line in lines_of(name, folded_up="folded" in self.options)]


def register(app: Sphinx) -> None:
    """The directive ``reference``."""
    app.add_directive("reference", Function)


__all__ = ["Function", "example_of", "lines_of", "register", "source_of"]

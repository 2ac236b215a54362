"""Mistakes in the arithmetic of kernels: a piece of their text is replaced while laws are asked.

Of plain PyTorch, the code of functions is exchanged where they are, whoever has imported them.  Of Triton, which reads
the text of a kernel itself, the module takes the place of the right one, and is imported as a loss is computed.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from tests.kernels.laws.interpreter import DEVICE
from tests.kernels.laws.subjects import subjects
from unmask.properties import LAWBOOK, Run, examine

KERNELS = "unmask.implementations.kernels"
#: Those that import functions of Triton's arithmetic, to be made anew when it changes.
ON_ARITHMETIC = ("triton_softmax_sums", "triton_entropy_sums")


@dataclass(frozen=True)
class Mistake:
    """One line of a kernel that is wrong.

    Attributes
    ----------
    name : what it is called.
    module : of the kernels.
    right, wrong : a piece of its text, which is there once, and what takes its place.
    imitates : the real mistake, in one sentence.
    laws : the laws that catch it, each of them.
    of : the subject that shows it best.
    dtype : in which it shows.
    """

    name: str
    module: str
    right: str
    wrong: str
    imitates: str
    laws: tuple[str, ...]
    of: str
    dtype: str = "float64"

    def text(self) -> str:
        """That of the module, with the mistake in it.

        Raises
        ------
        LookupError : if what it replaces is not there exactly once: kernels were edited, and the mistake is to follow.
        """
        spec = importlib.util.find_spec(f"{KERNELS}.{self.module}")
        assert spec is not None
        source = Path(str(spec.origin)).read_text(encoding="utf-8")
        count = source.count(self.right)
        if count != 1:
            told = f"mistake {self.name!r} replaces one piece of {self.module}.py, which is there {count} times"
            raise LookupError(f"{told}:\n{self.right}")
        return source.replace(self.right, self.wrong)


@contextmanager
def made(mistake: Mistake) -> Iterator[None]:
    """Inside, the mistake is made."""
    with tempfile.TemporaryDirectory() as folder:
        # As a file: Triton looks up the lines of a function there.
        path = Path(folder) / f"{mistake.module}.py"
        path.write_text(mistake.text(), encoding="utf-8")
        with _in_triton(mistake.module, path) if mistake.module.startswith("triton_") else _in_place(mistake, path):
            yield


@contextmanager
def _in_triton(module: str, path: Path) -> Iterator[None]:
    names = [f"{KERNELS}.{other}" for other in (module, *(ON_ARITHMETIC if module not in ON_ARITHMETIC else ()))]
    right = {name: importlib.import_module(name) for name in names}
    try:
        for name in names:
            _executed(name, path if name == names[0] else Path(str(right[name].__file__)))
        yield
    finally:
        sys.modules.update(right)


def _executed(name: str, path: Path) -> ModuleType:
    """A module of a file, which is imported by this name from now on."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def _in_place(mistake: Mistake, path: Path) -> Iterator[None]:
    name = f"{KERNELS}.{mistake.module}"
    right = importlib.import_module(name)
    try:
        wrong = _executed(name, path)
    finally:
        sys.modules[name] = right
    before, after = (dict(_functions(module)) for module in (right, wrong))
    changed = [f for key, f in before.items() if key in after and _parts(f.__code__) != _parts(after[key].__code__)]
    assert changed, f"mistake {mistake.name!r} changes no function of {mistake.module}"
    with ExitStack() as stack:
        for function in changed:
            stack.callback(setattr, function, "__code__", function.__code__)
            function.__code__ = after[function.__qualname__].__code__
        yield


def _functions(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    """All of a module's own by their qualified names: of classes too, and those inside decorators."""
    waiting: list[Any] = list(vars(module).values())
    seen: set[int] = set()
    while waiting:
        found = waiting.pop()
        found = getattr(found, "__func__", found)
        if id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, type) and found.__module__ == module.__name__:
            waiting += vars(found).values()
        elif isinstance(found, FunctionType):
            waiting += [cell.cell_contents for cell in found.__closure__ or ()]
            if found.__code__.co_filename == module.__file__:
                yield found.__qualname__, found


def _parts(code: CodeType) -> tuple[Any, ...]:
    """What a function does, wherever it stands."""
    constants = (_parts(c) if isinstance(c, CodeType) else (type(c), c) for c in code.co_consts)
    return code.co_code, code.co_names, code.co_varnames, tuple(constants)


#: A failure by an exception: a mistake that crashes is no evidence for a law.
_EXCEPTION = re.compile(r"^    (the law could not be evaluated .*)?raised ", re.MULTILINE)


def seen(mistake: Mistake, laws: tuple[str, ...] = ()) -> dict[str, str]:
    """What its laws, or others, say of the mistake: their status, and ``"crashed"`` where it is an exception."""
    run = Run(mistake.dtype, DEVICE, budget="quick", derandomize=True, shrink=False)
    found: dict[str, str] = {}
    with made(mistake):
        for name in laws or mistake.laws:
            # Made anew: what one law has built says nothing to the next.
            record = examine(LAWBOOK[name], subjects()[mistake.of], run)
            crashed = _EXCEPTION.search(record.failure) is not None
            found[name] = "crashed" if crashed else record.status
    return found


def escapes(mistake: Mistake) -> str:
    """What to say of a mistake that one of its laws does not see; empty where all of them do."""
    statuses = seen(mistake)
    caught = set(statuses.values()) == {"broken"}
    return "" if caught else f"{mistake.name} ({mistake.imitates}), of {mistake.of}: {statuses}"


__all__ = ["KERNELS", "Mistake", "escapes", "made", "seen"]

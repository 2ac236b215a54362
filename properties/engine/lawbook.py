"""The registry of laws.

A law is a pure function from capabilities and drawn values to claims.  Its signature is its requirement:

* a parameter named like a capability of :class:`~unmask.properties.subjects.method.Method` asks for that capability
  (``gradient`` and ``hybrid_gradient`` ask for the derivatives of ``loss`` and ``hybrid_loss`` with respect to the
  network's output);
* ``p`` is the drawn process, of the law's ``states``; ``t``, then ``s < t``, then ``r < s`` are drawn times (``t``
  alone is any positive time);
* ``x0`` is a drawn batch of clean sequences, ``model`` a drawn table of network outputs over every noisy sequence,
  ``data`` a drawn law of clean sequences, ``seed`` an integer for the law's own choices;
* ``offers`` is everything that the method offers and the law is ``about``, by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from unmask.properties.claims.claim import Claim
from unmask.properties.engine.spelling import did_you_mean
from unmask.properties.subjects.method import GRADIENTS, ONE_TOKEN_A_STEP, SIGNATURES, SOLVED, Method
from unmask.properties.subjects.processes.families import Clock, Family
from unmask.properties.subjects.processes.gaussian import GaussianSpace
from unmask.properties.subjects.processes.spaces import Space, schedule_name

Claims: TypeAlias = Claim | Sequence[Claim]

DRAWS = ("p", "r", "s", "t", "x0", "model", "data", "seed", "offers")


@dataclass(frozen=True)
class Law:
    """One equation, for every method.  Made by :func:`law`; ``check`` is the function itself."""

    name: str
    chapter: str
    statement: str
    tex: str
    cites: str
    mutants: tuple[str, ...]
    check: Callable[..., Claims]
    needs: tuple[str, ...]
    draws: tuple[str, ...]
    families: tuple[str, ...] | Callable[[Family], bool] | None
    clock: Clock | None
    schedules: tuple[str, ...] | None
    also: tuple[str, ...]
    parameterizations: tuple[str, ...] | None
    reaches_prior: bool
    where: Callable[[Any], bool] | None
    about: Callable[[str], bool] | None
    tensors: bool
    floating: bool
    states: str
    smallest: dict[str, int]
    cost: float
    thorough: bool

    def space(self, method: Method) -> Space | GaussianSpace | None:
        """The processes of ``method`` that the law speaks about."""
        if self.states not in ("any", method.processes.states):
            return None
        space = method.processes.restricted(self.families, self.clock, self.schedules)
        if space is not None and "discrete" in space.clocks and space.T[1] < self.steps:
            space = space.restricted(clock="continuous")
        return space if space is not None and space.K[1] >= self.smallest.get("K", 1) else None

    def heard(self, method: Method) -> list[str]:
        """Names of what ``method`` offers and a law of whatever it ``offers`` is to ask.

        Left out are those that follow another clock than the drawn process has, those that take long, and, where nobody
        says what an output means, those that take one.
        """
        left_out = {*ONE_TOKEN_A_STEP, *SOLVED}
        if method.parameterization is None:
            left_out |= {name for name, (arguments, _) in SIGNATURES.items() if "output" in arguments}
        names = [name for name, _ in method.capabilities() if name not in left_out]
        return [name for name in names if self.about is None or self.about(name)]

    def absent_because(self, method: Method) -> str | None:
        """Why the law does not apply to ``method``; ``None`` where it does."""
        missing = [GRADIENTS.get(n, n) for n in self.needs if not method.offers(n)]
        if missing:
            return f"does not offer {', '.join(missing)}"
        if not any(True for _ in method.capabilities()):
            return "offers nothing"
        if self.tensors and method.arrays != "torch":
            return "speaks about tensors"
        if self.space(method) is None:
            least = "".join(f" of {name} >= {value}" for name, value in self.smallest.items() if name in ("K", "T"))
            return f"speaks about other processes{least and f', or processes{least}'}"
        known = None if method.processes.schedules is None else {schedule_name(s) for s in method.processes.schedules}
        if known is not None and not known.issuperset(self.also):
            return f"asks about {' and '.join(self.also)} schedules as well"
        if "offers" in self.draws and not self.heard(method):
            return "offers nothing that the law is about"
        if "model" in self.draws and "offers" not in self.draws and method.parameterization is None:
            return "does not say what its network's output means (parameterization)"
        if self.parameterizations is not None and method.parameterization not in self.parameterizations:
            return f"speaks about {' and '.join(self.parameterizations)} outputs"
        if "r" in self.draws and method.time_steps == "unit" and "transition" not in self.needs:
            return "needs two steps at once, and the method offers single steps"
        return None

    @property
    def steps(self) -> int:
        """How many steps of a discrete clock the law needs; the earliest of several times may be 0."""
        return max(sum(name in self.draws for name in ("r", "s", "t")) - 1, self.smallest.get("T", 1))


class Lawbook:
    """All laws by name, in the order in which they were written."""

    def __init__(self) -> None:
        self._laws: dict[str, Law] = {}

    def add(self, entry: Law) -> None:
        """Add a law; ``ValueError`` if the name is taken by another one."""
        if entry.name in self._laws:
            raise ValueError(f"a law named {entry.name!r} is in the book already")
        self._laws[entry.name] = entry

    def remove(self, name: str) -> None:
        """Forget a law (the machinery's own tests make some for themselves)."""
        self._laws.pop(name, None)

    def __getitem__(self, name: str) -> Law:
        if name not in self._laws:
            raise KeyError(f"no law named {name!r}{did_you_mean(name, self._laws)}")
        return self._laws[name]

    def __contains__(self, name: object) -> bool:
        return name in self._laws

    def __iter__(self) -> Any:
        return iter(list(self._laws.values()))

    def __len__(self) -> int:
        return len(self._laws)

    def names(self) -> list[str]:
        """Names of all laws, in order."""
        return list(self._laws)


LAWBOOK = Lawbook()


def law(
    *,
    chapter: str,
    cites: str,
    mutants: Iterable[str],
    tex: str = "",
    families: Iterable[str] | Callable[[Family], bool] | None = None,
    clock: Clock | None = None,
    schedules: Iterable[str] | None = None,
    also: Iterable[str] = (),
    parameterizations: Iterable[str] | None = None,
    reaches_prior: bool = False,
    where: Callable[[Any], bool] | None = None,
    about: Callable[[str], bool] | None = None,
    tensors: bool = False,
    floating: bool = False,
    states: Literal["classes", "reals", "any"] = "classes",
    smallest: dict[str, int] | None = None,
    cost: float = 1.0,
    thorough: bool = False,
) -> Callable[[Callable[..., Claims]], Callable[..., Claims]]:
    """Enter a function into the book of laws.

    Parameters
    ----------
    chapter : heading under which the law is shown.
    cites : where the equation stands (paper, equation).
    mutants : names of the wrong variants that this law is known to catch; a law without one fails the suite.
    tex : the equation in LaTeX, for the report; the docstring's first line says it in plain text.
    families, clock, schedules, parameterizations : what the law speaks about; everything by default.  ``families`` may
        be a condition on the :class:`~unmask.properties.subjects.processes.families.Family` instead of names.
    also : names of schedules that the law asks about beside the drawn one.
    reaches_prior : ask for schedules from alpha = 1 to alpha = 0, on which all NELBO terms are finite.
    where : further condition on the drawn process.
    about : condition on the names of capabilities, for a law of whatever a method ``offers``; none by default.
    tensors : the law is about tensors (memory, dtypes, autograd), so that exact arrays have nothing to show.
    floating : evaluate in floating point even where exact numbers are offered (integrals, long sums).
    states : what it speaks about: sequences of ``"classes"``, ``"reals"`` (Gaussian diffusion; ``families`` are then
        names of kinds of :class:`~unmask.properties.subjects.processes.gaussian.GaussianProcess`), or ``"any"``.
    smallest : least ``K``, ``L`` or ``T`` that the law needs to say something.
    cost : how expensive an example is; the budget of examples is divided by it.
    thorough : so slow (it waits for rare events, say) that the quick budget leaves it out, visibly.

    Raises
    ------
    TypeError : if the function has no docstring or asks for something that nobody offers.
    """

    def enter(function: Callable[..., Claims]) -> Callable[..., Claims]:
        statement = (inspect.getdoc(function) or "").split("\n")[0]
        if not statement:
            raise TypeError(f"law {function.__name__} needs a docstring: its equation in one line")
        asked = tuple(inspect.signature(function).parameters)
        needs = tuple(a for a in asked if a in SIGNATURES or a in GRADIENTS)
        draws = tuple(a for a in asked if a in DRAWS)
        unknown = [a for a in asked if a not in needs and a not in draws]
        if unknown:
            raise TypeError(
                f"law {function.__name__} asks for {unknown}; there are the capabilities {sorted(SIGNATURES)} "
                f"and {sorted(GRADIENTS)}, and the draws {DRAWS}"
            )
        LAWBOOK.add(
            Law(
                name=function.__name__,
                chapter=chapter,
                statement=statement,
                tex=tex,
                cites=cites,
                mutants=tuple(mutants),
                check=function,
                needs=needs,
                draws=draws,
                families=families if families is None or callable(families) else tuple(families),
                clock=clock,
                schedules=None if schedules is None else tuple(schedules),
                also=tuple(also),
                parameterizations=None if parameterizations is None else tuple(parameterizations),
                reaches_prior=reaches_prior,
                where=where,
                about=about,
                floating=floating,
                states=states,
                tensors=tensors or not GRADIENTS.keys().isdisjoint(needs),
                smallest=dict(smallest or {}),
                cost=cost,
                thorough=thorough,
            )
        )
        return function

    return enter


__all__ = ["DRAWS", "LAWBOOK", "Claims", "Law", "Lawbook", "law"]

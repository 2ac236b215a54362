"""Calls of a subject's capabilities: from what laws write to what subjects are given, and back.

Everything that laws see is NumPy; everything that subjects see is torch tensors (or, for the reference itself, exact
arrays), handed over by keyword.  The translation is here, and so are the checks on what comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import torch

from unmask.properties.subjects.capability import Capability
from unmask.properties.subjects.inputs import Unanswerable
from unmask.properties.subjects.shapes import Shape
from unmask.properties.subjects.spelling import did_you_mean
from unmask.properties.subjects.subject import Subject, Unbuilt, takes

Array: TypeAlias = Any


#: Why a law about a subject that fails to be made says nothing.
CANNOT_BE_BUILT = "cannot be built for the processes that the law draws"


class Blocked(Unanswerable):
    """There is nothing to judge, for a reason that another law tells; the message is that reason."""


class Undeclared(Unanswerable):
    """The law asks about a process that the subject does not claim to implement."""


class Malformed(Exception):
    """A subject returned something that no law can read; the message says what was wanted."""


@dataclass
class Answers:
    """What came back in a trial.

    Attributes
    ----------
    dtypes : of each capability that returned real numbers, the coarsest dtype in which it did.
    nonfinite : names of the capabilities that returned a NaN or an infinity.
    failed : name of the capability that was called last and gave no answer; empty where all did.
    settings : NumPy's, of floating-point errors, under which a subject computes: those of whoever asks.
    """

    dtypes: dict[str, torch.dtype] = field(default_factory=dict)
    nonfinite: set[str] = field(default_factory=set)
    failed: str = ""
    settings: Any = field(default_factory=np.geterr)

    def note(self, name: str, dtype: torch.dtype, *, finite: bool) -> None:
        """Remember an answer in real numbers."""
        before = self.dtypes.get(name, dtype)
        self.dtypes[name] = max(before, dtype, key=lambda d: torch.finfo(d).eps)
        if not finite:
            self.nonfinite.add(name)

    def coarser(self, eps: float) -> dict[str, float]:
        """The relative precision of each capability that answered more coarsely than with ``eps``."""
        found = {name: torch.finfo(dtype).eps for name, dtype in self.dtypes.items()}
        return {name: own for name, own in found.items() if own > eps}


@dataclass(frozen=True)
class Prepared:
    """A call that is about to be made: the process, the arguments as the subject gets them, the shape of the answer."""

    p: Any
    values: dict[str, Any]
    shape: tuple[int, ...]

    def mapped(self, change: Callable[[Any], Any]) -> Prepared:
        """The same call with every argument changed."""
        return replace(self, values={name: change(value) for name, value in self.values.items()})


class Call:
    """A capability of a subject, called with a process and NumPy arrays, answering with NumPy arrays."""

    def __init__(self, subject: Subject, capability: Capability, answers: Answers) -> None:
        self.subject = subject
        self.capability = capability
        self.name = capability.name
        self._answers = answers

    def __call__(self, p: Any, *arguments: Any) -> Array:
        """The subject's answer, checked, as NumPy."""
        prepared = self.prepare(p, *arguments)
        return self.read(self.run(prepared), prepared)

    def differentiate(self, total: torch.Tensor, *leaves: torch.Tensor) -> list[Array | None]:
        """The derivatives of a sum of its answers by ``leaves``, as NumPy; ``None`` where autograd finds no way."""
        self._answers.failed = self.name
        gradients: Sequence[torch.Tensor | None] = torch.autograd.grad(total, leaves, allow_unused=True)
        self._answers.failed = ""
        return [None if g is None else self._noted(g) for g in gradients]

    def _noted(self, gradient: torch.Tensor) -> Array:
        found: Array = gradient.detach().cpu().to(torch.float64).numpy()
        self._answers.note(self.name, gradient.dtype, finite=bool(np.isfinite(found).all()))
        return found

    def followed(self, prepared: Prepared, by: Sequence[str]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The answer as autograd sees it, and the leaves that stand for the arguments ``by``.

        Raises
        ------
        Unanswerable : where the answer does not depend on any of them in a way that autograd can follow.
        """
        leaves = [prepared.values[name].clone().requires_grad_(True) for name in by]
        # A network's output is never a leaf, and code may edit it in place.
        given = {name: leaf.clone() for name, leaf in zip(by, leaves, strict=True)}
        changed = replace(prepared, values=prepared.values | given)
        try:
            value = self.run(changed)
        except RuntimeError as problem:
            if "numpy() on Tensor that requires grad" in str(problem):
                raise Unanswerable(f"{self.name} leaves torch for NumPy (which gradients=False says)") from problem
            raise
        self.read(value, changed)
        if not getattr(value, "requires_grad", False):
            what = " or ".join("the network's output" if name == "output" else name for name in by)
            # Nobody can train with it unawares: `backward` itself refuses.
            raise Unanswerable(
                f"{self.name} does not depend on {what} in a way that autograd can follow (if that is meant: "
                "gradients=False)"
            )
        return value, leaves

    def offers(self, name: str) -> Call | None:
        """Another capability of the same subject; ``None`` if it is not offered."""
        if not self.subject.can(name):
            return None
        return Call(self.subject, self.subject.kind.capabilities[name], self._answers)

    def prepare(self, p: Any, *arguments: Any) -> Prepared:
        """Convert the arguments for the subject, and say what shape the answer must have."""
        if outside := self.subject.processes.exclusion_reason(p):
            raise Undeclared(outside)
        given = dict(zip(self.capability.arguments, arguments, strict=True))
        sizes = self._sizes(p, given)
        convert = _Converter(self.subject, p, sizes)
        values = {name: convert(self.capability.takes[name], value) for name, value in given.items()}
        return Prepared(p, values, tuple(sizes[axis] for axis in self.capability.gives.axes))

    def _sizes(self, p: Any, given: dict[str, Any]) -> dict[str, int]:
        """How long each axis is: as told by numbers, else by arrays, else by times."""
        sizes = {"K": p.K, "N": 0, "L": 0, "D": 0}
        for name, value in given.items():
            shape = self.capability.takes[name]
            if shape.axes and shape.of != "times":
                sizes |= {a: n for a, n in zip(shape.axes, np.shape(value), strict=False) if a != "K"}
        arrays = {"ids", "reals", "flags", "counts"}
        if not any(shape.batched and shape.of in arrays for shape in self.capability.takes.values()):
            timed = [np.size(v) for k, v in given.items() if self.capability.takes[k].of == "times"]
            sizes["N"] = max(timed, default=0)
        if "blocks" in given:
            sizes["L"] = sum(given["blocks"])
        return sizes | {axis: int(given[axis]) for axis in ("N", "L", "D") if axis in given}

    def run(self, prepared: Prepared) -> Any:
        """Call the subject's own function."""
        try:
            function = self.subject.capability(prepared.p, self.name)
        except Unbuilt as problem:
            raise Blocked(f"{CANNOT_BE_BUILT}: {problem}") from problem
        if function is None:
            raise Unanswerable(f"{self.name} is not offered for this process")
        self._answers.failed = self.name
        try:
            with np.errstate(**self._answers.settings):
                value = function(**prepared.values)
        except TypeError as problem:
            if problem.__traceback__ is not None and problem.__traceback__.tb_next is None:
                raise Malformed(self._refused(function, problem)) from problem
            raise
        self._answers.failed = ""
        return value

    def _refused(self, function: Callable[..., Any], problem: TypeError) -> str:
        """What to say of a function that cannot be called with these names."""
        names = ", ".join(self.capability.arguments)
        own = [p for p in takes(function).strip("()").split(", ") if p]
        strange = [p for p in own if p not in self.capability.arguments]
        near = did_you_mean(strange[0], self.capability.arguments).replace("did you mean", "is it") if strange else ""
        hint = f" (its {strange[0]!r}{near.removeprefix(';')})" if near else ""
        return f"{self.name} is called by keyword with {names}; it takes {takes(function)}{hint}: {problem}"

    def read(self, value: Any, prepared: Prepared) -> Array:
        """Check what came back and turn it into NumPy."""
        self._answers.failed = self.name
        found = self._read(value, prepared)
        self._answers.failed = ""
        return found

    def _read(self, value: Any, prepared: Prepared) -> Array:
        gives, shape, name = self.capability.gives, prepared.shape, self.name
        ids = gives.of == "ids"
        dtype = real_dtype(value)
        if isinstance(value, torch.Tensor):
            if ids and (value.is_floating_point() or value.is_complex() or value.dtype == torch.bool):
                raise Malformed(f"{name} returned {value.dtype}; class ids are integers")
            value = value.detach().cpu()
            value = value.to(torch.float64).numpy() if value.is_floating_point() else value.numpy()
        if value is None or isinstance(value, (tuple, dict)):
            what = "None" if value is None else f"a {type(value).__name__}"
            raise Malformed(f"{name} returned {what}; an array of shape {shape} was wanted")
        value = np.asarray(value)
        if dtype is not None:
            self._answers.note(name, dtype, finite=bool(np.isfinite(value).all()))
        if ids and value.dtype.kind not in "iu":
            raise Malformed(f"{name} returned {value.dtype}; class ids are integers")
        if gives.of == "total" and value.shape in ((1,), (len(prepared.values.get("x0", ())),)):
            shape = value.shape
        if value.shape != shape:
            axes = ", ".join(gives.axes)
            summed = (
                ", one number for each row, summed over positions"
                if gives.axes == ("N",) and "x0" in prepared.values
                else ""
            )
            raise Malformed(f"{name} returned shape {tuple(value.shape)}; {shape} was wanted, [{axes}]{summed}")
        if ids and value.size and not (0 <= value.min() and value.max() < prepared.p.K):
            raise Malformed(f"{name} returned class ids from {value.min()} to {value.max()}; K = {prepared.p.K}")
        return value


class Derivative:
    """Derivative of ``Σ cotangent value`` with respect to one argument of a capability."""

    def __init__(self, of: Call, by: str) -> None:
        self.of = of
        self.by = by

    def __call__(self, p: Any, *given_and_cotangent: Any) -> Array:
        """The shape of what it is a derivative by; the last argument is the cotangent, of the result's shape."""
        *given, cotangent = given_and_cotangent
        prepared = self.of.prepare(p, *given)
        value, (leaf,) = self.of.followed(prepared, [self.by])
        weights = torch.as_tensor(np.asarray(cotangent, dtype=np.float64), dtype=value.dtype, device=value.device)
        (gradient,) = self.of.differentiate((value * weights).sum(), leaf)
        if gradient is None:
            return np.zeros(np.shape(given[self.of.capability.arguments.index(self.by)]))
        if value.shape[:1] == leaf.shape[:1]:
            # What is no number has no derivative, whatever autograd makes of the branch that it was in.
            gradient[~torch.isfinite(value.detach()).reshape(len(value), -1).all(-1).cpu().numpy()] = np.nan
        return gradient


def real_dtype(value: Any) -> torch.dtype | None:
    """The dtype of real numbers in floating point, torch's or NumPy's; ``None`` for all else."""
    if isinstance(value, torch.Tensor):
        return value.dtype if value.dtype.is_floating_point else None
    kind = getattr(value, "dtype", None)
    return getattr(torch, str(kind), torch.float64) if getattr(kind, "kind", "") == "f" else None


def built(subject: Subject, p: Any) -> tuple[object, ...]:
    """What the subject's ``build`` makes of ``p``, made anew, as a tuple; it raises whatever that raises."""
    return subject.anew(p)


class _Converter:
    """How each kind of argument reaches a subject, for one process and one size of the batch."""

    def __init__(self, subject: Subject, p: Any, sizes: dict[str, int]) -> None:
        self.subject = subject
        self.p = p
        self.sizes = sizes
        self.exact = subject.arrays == "exact"
        self.device = torch.device(p.device)

    def __call__(self, shape: Shape, value: Any) -> Any:
        match shape.of:
            case "ids":
                array = np.ascontiguousarray(value, dtype=np.int64)
                return array if self.exact else torch.from_numpy(array.copy()).to(self.device)
            case "reals":
                return self.reals(value)
            case "times":
                if not self.exact:
                    return self.times(value, shape)
                return value[0] if not shape.axes and isinstance(value, (list, tuple)) else value
            case "flags" | "counts":
                array = np.array(value)
                return array if self.exact else torch.from_numpy(array).to(self.device)
            case "mask":
                array = np.array(value)
                return self.reals(array) if array.dtype.kind == "f" else torch.from_numpy(array).to(self.device)
            case "grid":
                return list(value) if self.exact else [int(v) if self.p.T is not None else float(v) for v in value]
            case "network":
                return self.network(value)
            case "operator":
                return self.operator(value)
            case "generator":
                return value if self.exact else torch.Generator(self.device).manual_seed(int(value))
            case _:
                return value

    def reals(self, value: Array) -> Any:
        """In the dtype asked for."""
        if self.exact:
            return value
        if np.ndim(value) and len(value) > 1 and value.strides[0] == 0:
            return self.reals(value[:1]).expand(value.shape).contiguous()  # many equal rows, made of one
        return torch.as_tensor(np.array(value, dtype=np.float64), dtype=self.p.dtype, device=self.device)

    def times(self, value: Any, shape: Shape) -> torch.Tensor:
        """One for each row, or for each position, or one for all."""
        p = self.p
        coarse = p.dtype in (torch.bfloat16, torch.float16)
        dtype = torch.int64 if p.clock == "discrete" else torch.float32 if coarse else p.dtype
        # Laws about samples repeat one time thousands of times: the same object need not become a float again.
        several = list(value) if isinstance(value, (list, tuple)) else np.ravel(value).tolist()
        known = {id(v): float(v) for v in {id(v): v for v in several}.values()}
        array = np.asarray([known[id(v)] for v in several])
        if not shape.axes:
            array = array[0]
        elif array.size == 1:
            array = np.broadcast_to(array, (self.sizes["N"],))
        found = torch.as_tensor(np.array(array), dtype=dtype, device=self.device)
        if shape.axes and self.subject.times == "position" and self.sizes["L"]:
            return found[:, None].repeat(1, self.sizes["L"])
        return found

    def network(self, model: Any) -> Any:
        """The drawn network, as a function of tensors."""
        answer = self.subject.kind.answer
        assert answer is not None

        @np.errstate(all="ignore")
        def call(xt: Any, t: Any) -> Any:
            """Output of the table at ``xt [n, L]`` and ``t [n]`` (or one time for all)."""
            when = np.asarray(_plain(t))
            when = when[:, 0] if when.ndim == 2 else when.reshape(-1)
            noisy = np.asarray(_plain(xt))
            return self.reals(answer(model, noisy, list(np.broadcast_to(when, (len(noisy),))), self.p))

        return call

    def operator(self, function: Any) -> Any:
        """A function of signals, as a function of tensors."""

        @np.errstate(all="ignore")
        def call(x: Any, t: Any) -> Any:
            """``function`` at ``x [N, ...]`` and the one time of all rows."""
            when = np.ravel(np.asarray(_plain(t)))
            if not len(x):
                return x
            signal = x if self.exact else np.asarray(_plain(x).to(torch.float64))
            u = when[0] if self.exact else int(when[0]) if self.p.T is not None else Fraction(float(when[0]))
            return self.reals(function(signal, u))

        return call


def _plain(value: Any) -> Any:
    return value.detach().cpu() if isinstance(value, torch.Tensor) else value


__all__ = [
    "CANNOT_BE_BUILT",
    "Answers",
    "Blocked",
    "Call",
    "Derivative",
    "Malformed",
    "Prepared",
    "Unanswerable",
    "Undeclared",
    "built",
    "real_dtype",
]

"""One law, one method, one set of inputs: bind them, run, judge.

Everything that laws see is NumPy; everything that methods see is torch tensors (or, for the reference itself, exact
arrays).  The translation is here, and so are the checks on what a method returns.
"""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, Fit, Verdict
from unmask.properties.engine.lawbook import Law
from unmask.properties.subjects.method import CONTINUOUS_ONLY, GRADIENTS, SIGNATURES, Method
from unmask.properties.subjects.processes.gaussian import GaussianProcess
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Data, Model, Style
from unmask.properties.subjects.tables.gaussian import GaussianModel
from unmask.reference.numbers import sequences

Array: TypeAlias = Any

#: Most noisy sequences of one example: K**L stays below it.
MOST_SEQUENCES = 36
#: Most clean sequences in a drawn batch ``x0``.
MOST_CLEAN = 6


class Unanswerable(ValueError):
    """The drawn inputs are outside what the law speaks about; the engine draws others."""


class Malformed(Exception):
    """A method returned something that no law can read; the message says what was wanted."""


@dataclass(frozen=True)
class Inputs:
    """Everything that was drawn for one example; ``repr`` is Python that makes it again."""

    p: Process | GaussianProcess
    t: Time | None = None
    s: Time | None = None
    r: Time | None = None
    L: int = 1
    seed: int = 0
    style: Style = "moderate"
    timeless: bool = False

    def arguments(self) -> dict[str, Any]:
        """The drawn values that differ from the defaults, for a replay line."""
        shown: dict[str, Any] = {"p": self.p}
        shown.update({k: v for k in ("r", "s", "t") if (v := getattr(self, k)) is not None})
        defaults = Inputs(self.p)
        shown.update(
            {k: v for k in ("L", "seed", "style", "timeless") if (v := getattr(self, k)) != getattr(defaults, k)}
        )
        return shown


@dataclass
class Outcome:
    """What one trial showed."""

    holds: bool
    ulps: float | None
    claim: Claim | None = None
    verdict: Verdict | None = None
    error: str = ""
    fits: tuple[Fit, ...] = ()


class Bound:
    """A capability of a method, called with NumPy arrays and exact times, answering with NumPy arrays."""

    def __init__(self, trial: Trial, name: str) -> None:
        self.trial = trial
        self.name = name
        self.arguments, self.result = SIGNATURES[name]
        self.K = trial.inputs.p.K

    def __call__(self, *args: Any) -> Array:
        """The method's answer, checked, as NumPy."""
        tensors, shape = self.prepare(*args)
        return self.read(self.run(tensors), shape)

    def prepare(self, *args: Any) -> tuple[list[Any], tuple[int, ...]]:
        """Convert the arguments for the method, and say what shape the answer must have."""
        given = dict(zip(self.arguments, args, strict=True))
        p: Process | GaussianProcess = given["p"]
        self.K = p.K
        rows = ("output", "x0", "xt", "location", "z", "x", "value", "signal", "values")
        batch = next((given[k] for k in rows if k in given), None)
        N = given.get("N", np.size(given["t"]) if self.result == "N" and "t" in given else 0)
        L = given.get("L", given.get("D", sum(given.get("blocks", ()))))
        if batch is not None:
            N, L = np.shape(batch)[:2]
        shapes = {"N": (N,), "NLK": (N, L, p.K), "KK": (p.K, p.K), "ids": (N, L), "ND": (N, L)}
        convert = self.trial.converters(p, N, scalar_times=self.result == "KK")
        return [convert[k](v) if k in convert else v for k, v in given.items()], shapes[self.result]

    def run(self, tensors: list[Any]) -> Any:
        """Call the method's own function."""
        function = getattr(self.trial.method, self.name)
        try:
            return function(*tensors)
        except TypeError as problem:
            if problem.__traceback__ is not None and problem.__traceback__.tb_next is None:
                asked = f"{self.name}({', '.join(self.arguments)})"
                raise Malformed(f"{self.name} is called as {asked}, and cannot be: {problem}") from problem
            raise

    def read(self, value: Any, shape: tuple[int, ...]) -> Array:
        """Check what came back and turn it into NumPy."""
        if isinstance(value, torch.Tensor):
            self.trial.saw(value.dtype)
            if self.result == "ids" and (value.is_floating_point() or value.is_complex() or value.dtype == torch.bool):
                raise Malformed(f"{self.name} returned {value.dtype}; class ids are integers")
            value = value.detach().cpu()
            value = value.to(torch.float64).numpy() if value.is_floating_point() else value.numpy()
        if value is None or isinstance(value, (tuple, dict)):
            what = "None" if value is None else f"a {type(value).__name__}"
            raise Malformed(f"{self.name} returned {what}; an array of shape {shape} was wanted")
        value = np.asarray(value)
        if self.result == "ids" and value.dtype.kind not in "iu":
            raise Malformed(f"{self.name} returned {value.dtype}; class ids are integers")
        if value.shape != shape:
            raise Malformed(f"{self.name} returned shape {tuple(value.shape)}; {shape} was wanted")
        if self.result == "ids" and value.size and not (0 <= value.min() and value.max() < self.K):
            raise Malformed(f"{self.name} returned class ids from {value.min()} to {value.max()}; K = {self.K}")
        return value


class Gradient:
    """Derivative of ``Σ cotangent value`` with respect to the network's output (or, without one, to ``z``)."""

    def __init__(self, trial: Trial, name: str = "loss") -> None:
        self.trial = trial
        self.loss = Bound(trial, name)

    def __call__(self, *given_and_cotangent: Any) -> Array:
        """The shape of what it is a derivative by; the last argument is the cotangent, of the result's shape."""
        *given, cotangent = given_and_cotangent
        tensors, shape = self.loss.prepare(*given)
        by = "output" if "output" in self.loss.arguments else "z"
        place = self.loss.arguments.index(by)
        leaf = tensors[place].clone().requires_grad_(True)
        # A network's output is never a leaf, and code may edit it in place.
        tensors[place] = leaf.clone()
        loss = self.loss.run(tensors)
        self.loss.read(loss, shape)
        if not loss.requires_grad:
            name = self.loss.name
            what = "the network's output" if by == "output" else by
            raise Malformed(f"{name} does not depend on {what} in a way that autograd can follow")
        weights = torch.as_tensor(np.asarray(cotangent, dtype=np.float64), dtype=loss.dtype, device=loss.device)
        (gradient,) = torch.autograd.grad((loss * weights).sum(), leaf, allow_unused=True)
        if gradient is None:
            return np.zeros(np.shape(given[place]))
        return gradient.detach().cpu().to(torch.float64).numpy()


@dataclass
class Trial:
    """A law about to be held against a method with given inputs."""

    law: Law
    method: Method
    inputs: Inputs
    seen: set[torch.dtype] = field(default_factory=set)
    calls: Iterator[int] = field(default_factory=itertools.count)

    @property
    def eps(self) -> float:
        """Relative precision that the method computed in: the coarsest of what was asked for and what came back."""
        asked = torch.finfo(self.inputs.p.dtype).eps
        return max([asked, *(torch.finfo(d).eps for d in self.seen)])

    def saw(self, dtype: torch.dtype) -> None:
        """Note the dtype of a result."""
        if dtype.is_floating_point:
            self.seen.add(dtype)

    def run(self) -> Outcome:
        """Evaluate the law; the worst claim decides."""
        try:
            claims = self.law.check(**self.bindings())
        except Unanswerable:
            raise
        except Malformed as problem:
            return Outcome(False, None, error=str(problem))
        except Exception as problem:  # whatever a method raises on valid input is its failure
            who = "" if self._raised_by_method(problem) else "the law could not be evaluated on what came back: "
            return Outcome(False, None, error=who + _own_words(problem))
        worst: float | None = None
        fits: tuple[Fit, ...] = ()
        for claim in [claims] if isinstance(claims, Claim) else claims:
            verdict = claim.judge(self.eps)
            fits += (verdict.fit,) if verdict.fit is not None else ()
            if not verdict.holds:
                return Outcome(False, verdict.ulps, claim, verdict, fits=fits)
            if verdict.ulps is not None:
                worst = max(worst or 0.0, verdict.ulps)
        return Outcome(True, worst, fits=fits)

    def bindings(self) -> dict[str, Any]:
        """What the law's parameters stand for."""
        given = self.inputs
        values: dict[str, Any] = {"p": given.p, "r": given.r, "s": given.s, "t": given.t, "seed": given.seed}
        bound: dict[str, Any] = {name: values[name] for name in self.law.draws if name in values}
        if "x0" in self.law.draws:
            bound["x0"] = clean_batch(given)
        if "model" in self.law.draws and isinstance(given.p, GaussianProcess):
            bound["model"] = GaussianModel(given.p, self.method.parameterization or "data", given.seed)
        elif "model" in self.law.draws and isinstance(given.p, Process):
            kind = self.method.parameterization or "joint-sum"
            bound["model"] = Model(
                given.p, given.L, kind, given.seed, given.style, given.timeless, self.method.arrays == "exact"
            )
        if "data" in self.law.draws and isinstance(given.p, Process):
            bound["data"] = Data(given.p, given.L, given.seed)
        if "offers" in self.law.draws:
            heard = [n for n in self.law.heard(self.method) if given.p.T is None or n not in CONTINUOUS_ONLY]
            if not heard:
                raise Unanswerable
            bound["offers"] = {name: Bound(self, name) for name in heard}
        for name in self.law.needs:
            bound[name] = Gradient(self, GRADIENTS[name]) if name in GRADIENTS else Bound(self, name)
        return bound

    def converters(self, p: Process | GaussianProcess, N: int, scalar_times: bool = False) -> dict[str, Any]:
        """How each kind of argument reaches the method."""
        exact = self.method.arrays == "exact"
        device = torch.device(p.device)

        def ids(value: Array) -> Any:
            array = np.ascontiguousarray(value, dtype=np.int64)
            return array if exact else torch.from_numpy(array.copy()).to(device)

        def times(value: Any) -> Any:
            if exact:
                return value
            coarse = p.dtype in (torch.bfloat16, torch.float16)
            dtype = torch.int64 if p.clock == "discrete" else torch.float32 if coarse else p.dtype
            # Laws about samples repeat one time thousands of times: the same object need not become a float again.
            several = list(value) if isinstance(value, (list, tuple)) else np.ravel(value).tolist()
            known = {id(v): float(v) for v in {id(v): v for v in several}.values()}
            array = np.asarray([known[id(v)] for v in several])
            array = array[0] if scalar_times else np.broadcast_to(array, (N,)) if array.size == 1 else array
            return torch.as_tensor(np.array(array), dtype=dtype, device=device)

        def floats(value: Array) -> Any:
            if exact:
                return value
            if np.ndim(value) and len(value) > 1 and value.strides[0] == 0:
                return floats(value[:1]).expand(value.shape).contiguous()  # many equal rows, made of one
            return torch.as_tensor(np.array(value, dtype=np.float64), dtype=p.dtype, device=device)

        def generator(value: int) -> Any:
            return value if exact else torch.Generator(device).manual_seed(int(value))

        def network(model: Any) -> Any:
            def call(xt: Any, t: Any) -> Any:
                """Output of the table at ``xt [n, L]`` and ``t [n]`` (or one time for all)."""
                when = np.broadcast_to(np.asarray(_plain(t)).reshape(-1), (len(xt),))
                noisy = np.asarray(_plain(xt))
                output = np.empty((*noisy.shape, p.K), dtype=object if exact else np.float64)
                if isinstance(p, GaussianProcess):
                    return floats(model.output(noisy, list(when)))
                # A table that does not look at the time need not be asked time by time.
                for u in dict.fromkeys(when[:1].tolist() if model.timeless else when.tolist()):
                    rows = slice(None) if model.timeless else when == u
                    output[rows] = model.output(noisy[rows], u if p.T is not None else Fraction(u))
                return floats(output)

            return call

        def on_signals(function: Any) -> Any:
            def call(x: Any, t: Any) -> Any:
                """``function`` at ``x [N, ...]`` and the one time of all rows."""
                when = np.ravel(np.asarray(_plain(t)))
                if not len(x):
                    return x
                signal = x if exact else np.asarray(_plain(x).to(torch.float64))
                u = when[0] if exact else int(when[0]) if p.T is not None else Fraction(float(when[0]))
                return floats(function(signal, u))

            return call

        def whole(value: Array) -> Any:
            array = np.array(value)
            return array if exact else torch.from_numpy(array).to(device)

        def grid(value: Any) -> Any:
            return list(value) if exact else [int(v) if p.T is not None else float(v) for v in value]

        return {
            **dict.fromkeys(("x0", "xt"), ids),
            **dict.fromkeys(("s", "t"), times),
            **dict.fromkeys(("output", "location", "log_scale", "x", "z", "value", "signal", "weights"), floats),
            **dict.fromkeys(("direction", "values", "embeddings", "places"), floats),
            **dict.fromkeys(("known", "masked"), whole),
            **dict.fromkeys(("degradation", "restoration"), on_signals),
            "times": grid,
            "network": network,
            "generator": generator,
        }

    @staticmethod
    def _raised_by_method(problem: BaseException) -> bool:
        """Whether the exception came out of a capability, and not out of the law or the reference."""
        return any(
            frame.name == "run" and frame.filename == __file__
            for frame in traceback.extract_tb(problem.__traceback__)[1:]
        )


def _plain(value: Any) -> Any:
    return value.detach().cpu() if isinstance(value, torch.Tensor) else value


def clean_batch(given: Inputs) -> Array:
    """Up to ``MOST_CLEAN`` different clean sequences, or rows of points, ``[n, L]``; all where there are few."""
    if isinstance(given.p, GaussianProcess):
        every = np.array(given.p.data)[sequences.all_sequences(given.L, given.p.K)]
    else:
        every = sequences.all_sequences(given.L, given.p.clean)
    if len(every) <= MOST_CLEAN:
        return every
    rng = np.random.default_rng([given.seed, 5])
    return every[np.sort(rng.choice(len(every), MOST_CLEAN, replace=False))]


def prepared(inputs: Inputs, law: Law, method: Method, precision: str, device: str) -> Inputs:
    """Inputs with the run's wishes filled in: dtype, device, and exact numbers for the reference."""
    numbers: Any = "exact" if method.arrays == "exact" and not law.floating else "float64"
    p = replace(inputs.p, precision=method.precision(precision), device=device, numbers=numbers)
    return replace(inputs, p=p)


def _own_words(problem: BaseException) -> str:
    frames = traceback.extract_tb(problem.__traceback__)
    last = frames[-1]
    own = [f for f in frames if f.filename != __file__ and "/torch/" not in f.filename][-1]
    place = f"{own.filename}:{own.lineno} in {own.name}: {own.line}"
    deeper = "" if own is last else f"\n    (raised in {last.filename}:{last.lineno})"
    return f"raised {type(problem).__name__}: {problem}\n    at {place}{deeper}"


def as_time(value: Any) -> Time:
    """A time as the laws write it: an int, or a fraction from a float, a string or a fraction."""
    return value if isinstance(value, int) else Fraction(value)


__all__ = [
    "MOST_SEQUENCES",
    "Bound",
    "Gradient",
    "Inputs",
    "Malformed",
    "Outcome",
    "Trial",
    "Unanswerable",
    "as_time",
    "clean_batch",
    "prepared",
]

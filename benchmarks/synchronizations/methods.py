"""Losses, steps and what else methods make of a network's output."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

import torch
from torch import Tensor

from benchmarks.synchronizations.call import Call
from benchmarks.synchronizations.chains import waits_for
from benchmarks.synchronizations.inputs import BY_CLASS, CHAINS, FAMILY, MASK, K, L, sequences
from unmask.implementations import (
    D3PM,
    MDLM,
    SEDD,
    Autoregression,
    Chain,
    FlowMatching,
    GenMD4,
    Interpolating,
    LinearOutput,
    StateDependentMasking,
    categorical,
    concrete_score_loss,
    leave_one_out,
    rate_loss,
    score_entropy,
    truncated_logistic,
)
from unmask.implementations.d3pm.d3pm import Parameterization

#: What is asked for, how often that waits, and why.
Waits = Mapping[str, tuple[int, str]]
MASKED = "which rows are masked"
READ = "which rows are read"
READ_AND_MOVED = "which rows are read, and which of them move"
MOVED = "which rows move"
SMALL = "which ratios are computed from logarithms"
UNLIKELY = "whether weights are computed from logarithms"
MASKED_AND_MOVED = "which rows are masked, and which of them move"


class Asked:
    """Calls of the methods of one object."""

    def __init__(self, method: Any, of: str, given: Mapping[str, Tensor], waits: Waits | None = None) -> None:
        self.method, self.of, self.given, self.waits = method, of, given, waits or {}

    def call(self, name: str, run: Callable[[Any], Any], wrt: str = "", kind: str = "", of: str = "") -> Call:
        """``run`` of the object's method ``name``."""
        found, why = self.waits.get(f"{name} {kind}".strip(), (0, ""))
        of = ", ".join(part for part in (of or self.of, kind) if part)
        return Call(f"{type(self.method).__name__}.{name}", of, self.given, run, found, 0, why, wrt)

    def loss(self, name: str = "loss", *more: object) -> Iterator[Call]:
        """With logits, in place, and with a linear layer."""
        loss = getattr(self.method, name)
        yield self.call(name, lambda a: loss(a.output, a.x0, a.xt, a.t, *more), "output")
        yield self.call(name, lambda a: loss(a.output * 1, a.x0, a.xt, a.t, *more, inplace=True), "output", "in place")
        if self.method.process.__class__ is Interpolating and not isinstance(self.method, SEDD):
            linear: Callable[[Any], Tensor] = lambda a: loss(  # noqa: E731
                LinearOutput(a.hidden, a.weight), a.x0, a.xt, a.t, *more
            )
            yield self.call(name, linear, "hidden", "linear")

    def outputs(self, *names: str) -> Iterator[Call]:
        """Of output, ids and one time."""
        for name in names:
            yield self.call(name, self._asked(name, pair=False), "output")

    def kernels(self, *names: str) -> Iterator[Call]:
        """Of output, ids and two times."""
        for name in names:
            yield self.call(name, self._asked(name, pair=True), "output")

    def step(self, *more: str) -> Call:
        """A draw."""
        step = self.method.step
        return self.call("step", lambda a: step(a.output, a.xt, a.s, a.t, a.generator, *more), "", " ".join(more))

    def prior_kl(self) -> Call:
        """Of clean data alone."""
        return self.call("prior_kl", lambda a: self.method.prior_kl(a.x0))

    def _asked(self, name: str, *, pair: bool) -> Callable[[Any], Any]:
        method = getattr(self.method, name)
        return lambda a: method(a.output, a.xt, a.s, a.t) if pair else method(a.output, a.xt, a.t)


def methods() -> Iterator[Call]:
    """All of them, over every process that they reverse."""
    for of, process in FAMILY.items():
        yield from _d3pm(of, process)
        if process.T is None:
            yield from _sedd(of, process)
            yield from _flow(of, process)
        if process.point is not None:
            yield from _mdlm(of, process)
    for of, chain in CHAINS.items():
        yield from _d3pm_over(of, chain)
        if chain.T is None:
            yield from _sedd_over(of, chain)
    for of, by_class in BY_CLASS.items():
        yield from _genmd4(of, by_class)
    yield from _autoregression()


def _genmd4(of: str, process: StateDependentMasking) -> Iterator[Call]:
    given = sequences(process)
    own = Asked(process, of, given)
    yield own.call("visible", lambda a: process.visible(a.t))
    yield own.call("lifted", lambda a: process.lifted(a.s, a.t).revealed)
    yield own.call("log_marginal", lambda a: process.log_marginal(a.x0, a.xt, a.t))
    asked = Asked(GenMD4(process), of, given)
    yield asked.call("loss", lambda a: asked.method.loss(a.output, a.x0, a.xt, a.t), "output")
    yield asked.step()
    yield from asked.outputs("denoise", "score")
    yield from asked.kernels("reverse")
    yield asked.prior_kl()
    if process.T is None:
        yield own.call("pace", lambda a: process.pace(a.t))
        yield from asked.outputs("reverse_rate")
        yield from asked.kernels("euler")
        draws = {"losses": torch.rand(2, 3), "logs": torch.rand(2, 3)}
        yield Call("leave_one_out", "two draws", draws, lambda a: leave_one_out(a.losses, a.logs), 0, 0, "", "losses")


def _mdlm(of: str, process: Interpolating) -> Iterator[Call]:
    waits = {"loss": (1, MASKED), "loss in place": (1, MASKED), "loss linear": (1, MASKED), "step": (1, READ)}
    asked = Asked(MDLM(process), of, sequences(process), waits)
    yield from asked.loss()
    yield asked.step()
    yield asked.call("subs", lambda a: asked.method.subs(a.output, a.xt), "output")
    yield from asked.outputs("denoise", "score")
    yield from asked.kernels("reverse")
    if process.T is None:
        yield from asked.outputs("reverse_rate")
        yield from asked.kernels("euler")
    yield asked.prior_kl()


def _d3pm(of: str, process: Interpolating) -> Iterator[Call]:
    masked = process.point is not None
    for parameterization in get_args(Parameterization):
        method = D3PM(process, parameterization)
        kinds = ("", " in place", " linear")
        waits = {"step": (2, READ_AND_MOVED)}
        if masked and not (process.T is not None and parameterization == "joint-sum-direct"):
            waits |= {f"loss{kind}": (1, MASKED) for kind in kinds}
        asked = Asked(method, f"{of}, {parameterization}", sequences(process), waits)
        yield from asked.loss()
        yield asked.step()
        yield from asked.outputs("score")
        yield from asked.kernels("reverse")
    asked = Asked(D3PM(process), of, sequences(process))
    yield from asked.loss("hybrid_loss", 0.125)
    if process.T is None:
        yield from asked.outputs("reverse_rate")
        yield from asked.kernels("euler")
    yield from asked.outputs("denoise")
    yield from asked.kernels("joint_sum", "mixture")
    yield asked.prior_kl()


def _sedd(of: str, process: Interpolating) -> Iterator[Call]:
    masked = process.point is not None
    moved = (2, MASKED_AND_MOVED) if masked else (1, MOVED)
    waits = {"step tweedie": moved, "step euler": moved}
    if masked:
        waits |= {"loss": (1, MASKED), "loss in place": (1, MASKED)}
    asked = Asked(SEDD(process), of, sequences(process), waits)
    yield from asked.loss()
    yield asked.step("tweedie")
    yield asked.step("euler")
    yield from asked.outputs("score", "reverse_rate")
    yield from asked.kernels("reverse", "euler")
    yield asked.prior_kl()
    entropy: Callable[[Any], Tensor] = lambda a: rate_loss(process, a.output, a.x0, a.xt, a.t)  # noqa: E731
    found, why = waits.get("loss", (0, ""))
    yield Call("rate_loss", of, sequences(process), entropy, found, 0, why, "output")
    squares: Callable[[Any], Tensor] = lambda a: concrete_score_loss(process, a.output, a.x0, a.xt, a.t)  # noqa: E731
    yield Call("concrete_score_loss", of, sequences(process), squares, wrt="output")


def _flow(of: str, process: Interpolating) -> Iterator[Call]:
    method = FlowMatching(process)
    asked = Asked(method, of, sequences(process), {"step": (1, READ), "step with a corrector": (1, READ)})
    yield from asked.loss()
    yield asked.step()
    corrected: Callable[[Any], Tensor] = lambda a: method.step(a.output, a.xt, a.s, a.t, a.generator, corrector=1.0)  # noqa: E731
    yield asked.call("step", corrected, "", "with a corrector")
    yield from asked.outputs("denoise", "reverse_rate")
    yield from asked.kernels("reverse")
    yield asked.prior_kl()


def _d3pm_over(of: str, chain: Chain) -> Iterator[Call]:
    own = (1, SMALL)
    waits = {
        "loss": waits_for(of, "D3PM.loss", *own, asked="" if chain.T is None else "D3PM.loss, steps"),
        "step": waits_for(of, "D3PM.step", 1, UNLIKELY),
        "score": waits_for(of, "D3PM.score", *own),
        "reverse": waits_for(of, "D3PM.reverse", 1, UNLIKELY),
        "euler": waits_for(of, "D3PM.euler", *own),
    }
    asked = Asked(D3PM(chain), of, sequences(chain), waits)
    yield from list(asked.loss())[:1]
    yield asked.step()
    yield from asked.outputs("score")
    yield from asked.kernels("reverse")
    if chain.T is None:
        yield from asked.kernels("euler")


def _sedd_over(of: str, chain: Chain) -> Iterator[Call]:
    waits = {
        "loss": waits_for(of, "SEDD.loss"),
        "step tweedie": waits_for(of, "SEDD.step"),
        "reverse": waits_for(of, "SEDD.reverse"),
    }
    asked = Asked(SEDD(chain), of, sequences(chain), waits)
    yield from list(asked.loss())[:1]
    yield asked.step("tweedie")
    yield asked.step("euler")
    yield from asked.outputs("score", "reverse_rate")
    yield from asked.kernels("reverse", "euler")


def _autoregression() -> Iterator[Call]:
    method = Autoregression(L, K, MASK)
    given = sequences(FAMILY["absorbing, steps"])
    x0 = given["x0"]
    t = torch.tensor([2, 3, 4])
    xt = torch.where(torch.arange(L) < L - t[:, None], x0, MASK)
    asked = Asked(method, "", {**given, "xt": xt, "t": t, "s": t - 1}, {"step": (1, READ)})
    yield asked.call("marginal", lambda a: method.marginal(a.x0, a.t))
    yield asked.call("sample", lambda a: method.sample(a.x0, a.t, a.generator))
    yield asked.call("noise", lambda a: method.noise((2, 3), a.generator, a.x0.device))
    yield asked.call("posterior", lambda a: method.posterior(a.x0, a.xt, a.s, a.t))
    yield asked.call("loss", lambda a: method.loss(a.output, a.x0, a.xt, a.t), "output")
    yield asked.step()
    yield from asked.outputs("denoise")
    yield from asked.kernels("reverse")
    yield asked.prior_kl()


def formulas() -> Iterator[Call]:
    """Functions of tensors alone."""
    given = {**sequences(FAMILY["uniform"]), "location": torch.zeros(2, 3), "scale": torch.zeros(2, 3)}
    ratio: Callable[[Any], Tensor] = lambda a: score_entropy(a.output, a.belief)  # noqa: E731
    yield Call("score_entropy", "", given, ratio, wrt="output")
    yield Call("categorical", "few classes", given, lambda a: categorical(a.belief, a.generator))
    wide = {"belief": torch.ones(2, 2000)}
    yield Call("categorical", "many classes", wide, lambda a: categorical(a.belief, a.generator))
    head: Callable[[Any], Tensor] = lambda a: truncated_logistic(a.location, a.scale, K)  # noqa: E731
    yield Call("truncated_logistic", "", given, head, wrt="location")


__all__ = ["formulas", "methods"]

"""How an implementation must behave, whatever its mathematics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, close, exact, sampled
from unmask.properties.engine.calls import Call, Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.engine.randomness import seeded
from unmask.properties.laws.common import Array, floats, noisy_sequences, pair_axis
from unmask.properties.laws.likelihood.terms import require_interior
from unmask.properties.subjects.capability import Capability
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import RULED_OUT, Model

CHAPTER = "Conduct"
#: Rows of a batch that is held against parts of it.
MANY_ROWS = 12
#: By how many standard deviations counts of places may differ before whole calls are compared, and pairs of these.
SURPRISE, PAIRS = 5, 96
#: Fewest differences that can be compared.
FEWEST = 40
#: Arguments that may not be moved a little: points of a data set, what sums to one, what a schedule reaches.
EXACT = ("x", "weights", "noised")


def _rows(call: Call, arguments: list[Any], some: slice) -> list[Any]:
    """The process, and those rows of each argument."""
    p, *values = arguments
    capability = call.capability
    return [p, *(v if capability.shares(k) else v[some] for k, v in zip(capability.arguments, values, strict=True))]


def _has_positions(capability: Capability) -> bool:
    """Whether permuting positions permutes the result, or, for a sum over positions, leaves it unchanged."""
    return capability.computes and (len(capability.gives.axes) > 1 or not {"x0", "x"}.isdisjoint(capability.takes))


def _positions(arguments: list[Any]) -> int:
    """The number of positions ``L``; 2 where no argument has positions."""
    return next((np.shape(a)[1] for a in arguments[1:] if np.ndim(a) >= 2), 2)


def _reordered(call: Call, arguments: list[Any], order: Array) -> list[Any]:
    """The process, and each argument with its positions in another order."""
    p, *values = arguments
    takes = call.capability.takes
    positions = [shape.batched and shape.axes[1:2] in (("L",), ("D",)) for shape in takes.values()]
    return [p, *(np.ascontiguousarray(v[:, order]) if has else v for v, has in zip(values, positions, strict=True))]


def rounding_scale(call: Call, arguments: list[Any], result: Array, others: Sequence[tuple[Array, Array]]) -> Array:
    """Magnitude that the roundings of ``result`` are relative to: its own, and what its arguments' roundings do to it.

    ``others`` are the pairs that are to be equal up to roundings.  Where they are equal to the last bit nothing needs to
    be allowed, and the arguments' roundings are not asked for.

    Every real argument is moved by a small share of itself, each number up or down by chance, so that terms of sums which
    cancel do not move together; times all towards 0, where they are real and stay within the clock.
    """
    size = np.where(np.isfinite(result), np.maximum(1, np.abs(result)), 1)
    if all(np.array_equal(one, other) for one, other in others):
        return np.asarray(size)
    nudge = 2.0**-10
    p, *values = arguments
    takes = call.capability.takes
    rng = np.random.default_rng(61)
    for k, shape in takes.items():
        times = shape.of == "times" and getattr(p, "clock", None) == "continuous"
        if k in EXACT or not (shape.of == "reals" or times):
            continue
        # An output may be a logarithm, whose exponential has roundings of its own: a number near 0 is moved as 1 is.
        # Where none is negative it may be a probability, and what is 0 stays 0.
        given = dict(zip(takes, values, strict=True))[k]
        least = 1.0 if k == "output" and np.min(given, initial=0) < 0 else 0.0
        change = np.zeros_like(size)
        for _ in range(1 if times else 2):
            by = None if times else rng
            moved = [_nudged(v, nudge, by, least) if n == k else v for n, v in zip(takes, values, strict=True)]
            found = np.abs(floats(call(p, *moved)) - result) / nudge
            change = np.maximum(change, np.where(np.isfinite(found), found, 0))
        size = size + change
    return np.asarray(size)


def _nudged(value: Any, share: float, rng: Any, least: float) -> Any:
    """Every number a little nearer to zero, or up or down; by a share of itself, or of ``least``."""
    if isinstance(value, (list, tuple)):
        return [_nudged(v, share, rng, least) for v in value]
    if rng is None or np.ndim(value) == 0:
        return value * (1 - share)
    size = np.where(np.isfinite(value), np.maximum(np.abs(value), least), 0)
    signs = np.where(rng.random(size.shape) < 0.5, -1.0, 1.0)
    return np.asarray(value + share * signs * size, dtype=np.asarray(value).dtype)


def roundings(arguments: list[Any], p: Any) -> float:
    """How often a result may differ by a rounding when its terms are added in another order.

    Twice for each number that a row is given: once where it is used, and once where what it gives is added up; and for
    each class.
    """
    numbers = sum(int(np.prod(np.shape(a)[1:])) for a in arguments[1:] if np.ndim(a) > 1)
    return 8.0 + 2 * (numbers + int(p.K))


@law(
    chapter=CHAPTER,
    cites="batch invariance; LAWS of numerical software",
    mutants=(
        "batch-uses-the-first-time",
        "batch-normalizes-over-rows",
        "times-along-positions",
        "gaussian-batch-uses-the-first-time",
        "posterior-forgets-the-last-row",
        "loss-forgets-the-last-row",
    ),
    about=About(kind="any", capabilities=lambda c: c.computes),
    drawn=Drawn(floating=True, cost=3, most_T=None),
)
def rows_do_not_see_each_other(offers: Any, situation: Any, p: Any, seed: int) -> list[Claim]:
    """A row's result does not depend on the rest of the batch: not on its tokens, not on its time"""
    claims = []
    for name, capability in offers.items():
        arguments = situation(name, N=MANY_ROWS)
        together = floats(capability(*arguments))
        # One row alone; N = L rows, where a tensor along the wrong axis still broadcasts; and the last ones, which code
        # that cuts batches into pieces may forget.
        parts = slice(4, 5), slice(0, _positions(arguments)), slice(MANY_ROWS - 3, MANY_ROWS)
        alone = [floats(capability(*_rows(capability, arguments, some))) for some in parts]
        pairs = [(together[some], fewer) for some, fewer in zip(parts, alone, strict=True)]
        scale = rounding_scale(capability, arguments, together, pairs)
        for some, fewer in zip(parts, alone, strict=True):
            label = f"{name}: {len(fewer)} of {len(together)} rows by themselves give what they give together"
            ops = roundings(arguments, p)
            claims.append(close(together[some], fewer, ops=ops, scale=scale[some], names=("row",), label=label))
    return claims


@law(
    chapter=CHAPTER,
    cites="equivariance to positions; Sahoo et al. 2024, sec. 3.5",
    mutants=("loss-weighs-positions", "marginal-looks-at-the-neighbor"),
    about=About(kind="any", capabilities=_has_positions),
    drawn=Drawn(floating=True, cost=3, L=2, most_T=None),
)
def positions_may_be_permuted(offers: Any, situation: Any, p: Any, seed: int) -> list[Claim]:
    """Permuting the positions of all inputs permutes the result"""
    claims = []
    for name, capability in offers.items():
        arguments = situation(name)
        L = _positions(arguments)
        order = np.random.default_rng([seed, 13]).permutation(L)
        if (order == np.arange(L)).all():
            order = order[::-1]
        per_position = len(capability.capability.gives.axes) > 1
        plain = floats(capability(*arguments))
        moved = floats(capability(*_reordered(capability, arguments, order)))
        expected = plain[:, order] if per_position else plain
        scale = rounding_scale(capability, arguments, plain, [(moved, expected)])
        scale = scale[:, order] if per_position else scale
        claims.append(close(moved, expected, ops=roundings(arguments, p), scale=scale, names=("row",), label=name))
    return claims


@law(
    chapter=CHAPTER,
    cites="reproducibility",
    mutants=(
        "sample-uses-the-global-generator",
        "step-uses-the-global-generator",
        "gaussian-draws-ignore-the-generator",
    ),
    about=About(kind="any", capabilities=lambda c: c.draws),
    drawn=Drawn(floating=True, cost=3),
)
def a_generator_fixes_the_draw(offers: Any, situation: Any, p: Any, seed: int) -> list[Claim]:
    """The same generator gives the same draw, whatever the global random state is, and leaves that state alone"""
    claims = []
    for name, capability in offers.items():
        arguments = situation(name, N=32)
        with seeded(torch.Generator().manual_seed(1)):
            first = capability(*arguments)
        with seeded(torch.Generator().manual_seed(2)):
            before = torch.default_generator.get_state()
            second = capability(*arguments)
            untouched = torch.equal(torch.default_generator.get_state(), before)
        claims.append(
            exact(first, second, names=("row", "position"), label=f"{name}: the same draws twice from the same seed")
        )
        claims.append(exact(np.array(untouched), np.array(True), label=f"{name} leaves the global random state alone"))
    return claims


@law(
    chapter=CHAPTER,
    tex=r"X_1, X_2 \text{ from one generator} \implies P(X_1 = X_2) = \sum_x p(x)^2",
    cites="reproducibility",
    mutants=("step-rewinds-its-generator", "sample-rewinds-its-generator", "gaussian-draws-rewind-their-generator"),
    about=About(
        kind="any",
        tensors=True,
        capabilities=lambda c: c.name in ("sample", "step", "noisy", "reverse_step"),
        subjects=lambda s: "" if getattr(getattr(s, "plan", None), "is_random", True) else "draws nothing at random",
    ),
    drawn=Drawn(floating=True, cost=4),
)
def a_generator_moves_on(offers: Any, situation: Any, p: Any, seed: int) -> list[Claim]:
    """Two successive draws from one generator agree no more often than draws from two generators

    Places and rows may depend on each other, as where one order of positions serves a whole batch: what looks wrong by
    single places is judged by whole calls, which do not.
    """
    claims = []
    for name, capability in offers.items():
        # Under the law, both pairs are independent draws: a position is equally likely to differ in either pair.
        (within,), (between,) = _differences(capability, situation(name, N=256), seed, 1)
        unit = "draws"
        if within + between >= FEWEST and abs(within - between) > SURPRISE * np.sqrt(within + between):
            few = situation(name, N=16)
            within, between = (int((each > 0).sum()) for each in _differences(capability, few, seed, PAIRS))
            unit = "calls"
        if within + between < FEWEST:
            raise Unanswerable  # the draws are nearly deterministic
        claims.append(
            sampled(
                np.array([[within, between]]),
                np.array([[1 / 2, 1 / 2]]),
                names=("all", (unit, ["one generator", "two generators"])),
                label=f"{name}: two {unit} from one generator differ as often as {unit} from two",
            )
        )
    return claims


def _differences(capability: Any, arguments: Any, seed: int, pairs: int) -> tuple[Array, Array]:
    """In how many places two successive draws from one generator differ, and two from two, each ``[pairs]``."""
    prepared = capability.prepare(*arguments)
    again = [capability.read(capability.run(prepared), prepared) for _ in range(2 * pairs)]
    names = capability.capability.arguments
    apart = [
        capability(
            prepared.p,
            *(seed + 2 + k if a == "generator" else v for a, v in zip(names, arguments[1:], strict=True)),
        )
        for k in range(2 * pairs)
    ]
    within, between = (
        np.array([(a != b).sum() for a, b in zip(made[::2], made[1::2], strict=True)]) for made in (again, apart)
    )
    return within, between


@law(
    chapter=CHAPTER,
    cites="functions of their arguments",
    mutants=("loss-remembers-the-last-call",),
    about=About(kind="any", capabilities=lambda c: c.batched),
    drawn=Drawn(floating=True, cost=3),
)
def calls_do_not_remember_each_other(offers: Any, situation: Any, p: Any, seed: int) -> list[Claim]:
    """A call returns the same after a call with the same arguments as after a call with others"""
    claims = []
    for name, capability in offers.items():
        others, arguments = (situation(name, other=k) for k in (1, 0))
        capability(*others)
        after_others = capability(*arguments)
        after_itself = capability(*arguments)
        claims.append(
            exact(
                after_others, after_itself, names=("row",), label=f"{name}: the same after another call as after itself"
            )
        )
    return claims


@law(
    chapter=CHAPTER,
    cites="functions of their arguments",
    mutants=("loss-writes-into-the-output", "reverse-writes-into-the-output", "sample-writes-into-the-data"),
    about=About(kind="any", capabilities=lambda c: c.batched and c.takes_rows),
    drawn=Drawn(floating=True, cost=3),
)
def inputs_are_left_alone(offers: Any, situation: Any, p: Any, seed: int) -> list[Claim]:
    """No capability changes the tensors that it is given"""
    claims = []
    for name, capability in offers.items():
        prepared = capability.prepare(*situation(name))
        kept = {
            argument: a.clone() if isinstance(a, torch.Tensor) else np.array(a)
            for argument, a in prepared.values.items()
            if isinstance(a, (torch.Tensor, np.ndarray))
        }
        capability.read(capability.run(prepared), prepared)
        for argument, old in kept.items():
            now = prepared.values[argument]
            after, before = (
                floats(v.cpu().to(torch.float64)) if isinstance(v, torch.Tensor) else v for v in (now, old)
            )
            claims.append(exact(after, before, names=("row",), label=f"{name} leaves {argument} as it was"))
    return claims


@law(
    chapter=CHAPTER,
    cites="functions of values, not of memory",
    mutants=("loss-reads-raw-memory",),
    about=About(kind="any", tensors=True, capabilities=lambda c: c.computes),
    drawn=Drawn(floating=True, L=2, cost=2, most_T=None),
)
def memory_layout_does_not_matter(offers: Any, situation: Any, p: Any, seed: int) -> list[Claim]:
    """Transposed and strided views of the same numbers give the same result"""
    claims = []
    for name, capability in offers.items():
        arguments = situation(name)
        prepared = capability.prepare(*arguments)
        plain = floats(capability.read(capability.run(prepared), prepared))
        try:
            strided = floats(capability.read(capability.run(prepared.mapped(_strided)), prepared))
        except RuntimeError as refusal:
            if "view size is not compatible" not in str(refusal):
                raise
            continue  # torch's `view` raises for such memory, which gives no wrong value
        scale = rounding_scale(capability, arguments, plain, [(strided, plain)])
        claims.append(close(strided, plain, ops=roundings(arguments, p), scale=scale, names=("row",), label=name))
    return claims


def _strided(value: Any) -> Any:
    """The same numbers in transposed memory."""
    if not isinstance(value, torch.Tensor) or value.ndim == 0:
        return value
    if value.ndim == 1:
        return torch.stack([value, value], -1).reshape(-1)[::2]
    return value.transpose(0, 1).contiguous().transpose(0, 1)


@law(
    chapter=CHAPTER,
    cites="edge cases are cases",
    mutants=("empty-batch-fails",),
    about=About(kind="any", capabilities=lambda c: c.batched),
    drawn=Drawn(floating=True, cost=3, most_T=None),
)
def an_empty_batch_gives_an_empty_answer(offers: Any, situation: Any, p: Any, seed: int) -> list[Claim]:
    """An empty batch of inputs gives an empty batch of results"""
    claims = []
    for name, capability in offers.items():
        _, *arguments = situation(name, N=2)
        takes = capability.capability.takes
        none = [0 if k == "N" else a if not takes[k].batched else a[:0] for k, a in zip(takes, arguments, strict=True)]
        found = capability(p, *none)
        claims.append(exact(np.array(len(found)), np.array(0), label=name))
    return claims


@law(
    chapter=CHAPTER,
    tex=r"\ell_\theta \to \ell_\theta|_{\tilde p(k) = 0} \ \text{as logit}_k \to -\infty, \ k \ne x_0",
    cites="numerics: the logit of a class that is ruled out",
    mutants=("loss-is-nan-for-minus-infinity",),
    about=About(
        tensors=True,
        outputs=("joint-sum", "joint-sum-direct", "mixture", "subs", "velocity"),
        families=lambda kind: kind.mask != "none",
        processes=lambda p: p.K > 2,
    ),
    drawn=Drawn(floating=True, most_T=None),
)
def a_class_may_be_ruled_out(loss: Any, gradient: Any, p: Process, t: Time, x0: Array, model: Model) -> list[Claim]:
    """A logit of −∞ for the mask gives what −10⁴ gives, and finite gradients, never a NaN"""
    require_interior(p, t)
    _, clean, xt, _ = noisy_sequences(p, x0, t)
    far = np.array(model.output(xt, t), dtype=float)
    # Networks of masked diffusion rule out the mask, which clean data never holds.
    out = np.full_like(clean, p.mask)
    ruled_out = np.arange(p.K) == out[..., None]
    far[ruled_out] = RULED_OUT
    truth = floats(loss(p, far, clean, xt, t))
    infinite = np.where(ruled_out, -np.inf, far)
    found = floats(loss(p, infinite, clean, xt, t))
    slopes = floats(gradient(p, infinite, clean, xt, t, np.ones(len(clean))))
    # Ruling out the class that the position shows may make the loss infinite, in both cases.
    finite = np.isfinite(truth)
    scale = np.where(finite, np.maximum(1, np.abs(truth)), 1) * p.conditioning(t)
    return [
        close(
            found,
            truth,
            ops=16 * p.depth + 16 * p.K * model.L,
            scale=scale,
            where=finite,
            names=(pair_axis(clean, xt),),
        ),
        exact(
            np.isfinite(slopes).all((-1, -2)),
            np.ones(len(clean), dtype=bool),
            where=finite,
            names=(pair_axis(clean, xt),),
            label="the gradient of the loss by the network's output is finite",
        ),
    ]

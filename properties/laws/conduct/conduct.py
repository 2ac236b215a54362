"""How an implementation must behave, whatever its mathematics."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, close, exact, sampled
from unmask.properties.engine.lawbook import law
from unmask.properties.engine.randomness import seeded
from unmask.properties.engine.trial import Unanswerable
from unmask.properties.laws.common import Array, every_noisy, floats, given
from unmask.properties.laws.conduct.situations import batched, computed, named, reach, situation
from unmask.properties.subjects.method import RANDOM, SHARED, SIGNATURES
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import RULED_OUT, Model

CHAPTER = "Conduct"


def _rows(name: str, arguments: list[Any], some: slice) -> list[Any]:
    return [a if k in SHARED else a[some] for k, a in zip(SIGNATURES[name][0], arguments, strict=True)]


def _has_positions(name: str) -> bool:
    arguments, result = SIGNATURES[name]
    return computed(name) and (result != "N" or not {"x0", "x"}.isdisjoint(arguments))


def _reordered(name: str, arguments: list[Any], order: Array, axis: str) -> list[Any]:
    moved = []
    for k, a in zip(SIGNATURES[name][0], arguments, strict=True):
        if k in SHARED:
            moved.append(a)
        elif axis == "rows":
            moved.append([a[i] for i in order] if isinstance(a, list) else a[order])
        else:
            moved.append(a if isinstance(a, list) else np.ascontiguousarray(a[:, order]))
    return moved


@law(
    chapter=CHAPTER,
    states="any",
    floating=True,
    about=computed,
    cites="batch invariance; LAWS of numerical software",
    mutants=(
        "batch-uses-the-first-time",
        "batch-normalizes-over-rows",
        "times-along-positions",
        "gaussian-batch-uses-the-first-time",
    ),
    cost=3,
)
def rows_do_not_see_each_other(offers: Any, p: Any, x0: Array, model: Any, seed: int) -> list[Claim]:
    """A row's result does not depend on the rest of the batch: not on its tokens, not on its time"""
    claims = []
    for name, capability in offers.items():
        arguments = situation(name, p, x0, model, seed)
        together = floats(capability(*arguments))
        # One row alone; and as many rows as positions, where what is laid along the wrong axis fits by accident.
        for some in (slice(4, 5), slice(0, x0.shape[1])):
            alone = _rows(name, arguments, some)
            fewer = floats(capability(*alone))
            scale = reach(capability, alone, fewer)
            says = f"{name}, {len(fewer)} of {len(together)} rows by themselves"
            claims.append(close(together[some], fewer, ops=8, scale=scale, names=("row",), says=says))
    return claims


@law(
    chapter=CHAPTER,
    states="any",
    floating=True,
    about=_has_positions,
    cites="equivariance to positions; Sahoo et al. 2024, sec. 3.5",
    mutants=("loss-weighs-positions", "marginal-looks-at-the-neighbor"),
    cost=3,
    smallest={"L": 2},
)
def positions_may_be_permuted(offers: Any, p: Any, x0: Array, model: Any, seed: int) -> list[Claim]:
    """Permuting the positions of all inputs permutes the result"""
    claims = []
    L = x0.shape[1]
    order = np.random.default_rng([seed, 13]).permutation(L)
    if (order == np.arange(L)).all():
        order = order[::-1]
    for name, capability in offers.items():
        arguments = situation(name, p, x0, model, seed)
        plain = floats(capability(*arguments))
        moved = floats(capability(*_reordered(name, arguments, order, "positions")))
        expected = plain if SIGNATURES[name][1] == "N" else plain[:, order]
        scale = reach(capability, arguments, plain)
        scale = scale if SIGNATURES[name][1] == "N" else scale[:, order]
        claims.append(close(moved, expected, ops=8 + 2 * L, scale=scale, names=("row",), says=name))
    return claims


@law(
    chapter=CHAPTER,
    states="any",
    floating=True,
    about=lambda name: name in RANDOM,
    cites="reproducibility",
    mutants=(
        "sample-uses-the-global-generator",
        "step-uses-the-global-generator",
        "gaussian-draws-ignore-the-generator",
    ),
    cost=3,
)
def a_generator_fixes_the_draw(offers: Any, p: Any, x0: Array, model: Any, seed: int) -> list[Claim]:
    """The same generator gives the same draw, whatever the global random state is, and leaves that state alone"""
    claims = []
    for name, capability in offers.items():
        arguments = situation(name, p, x0, model, seed, N=32)
        with seeded(torch.Generator().manual_seed(1)):
            first = capability(*arguments)
        with seeded(torch.Generator().manual_seed(2)):
            before = torch.default_generator.get_state()
            second = capability(*arguments)
            untouched = torch.equal(torch.default_generator.get_state(), before)
        claims.append(exact(first, second, names=("row", "position"), says=f"{name}, twice from the same seed"))
        claims.append(exact(np.array(untouched), np.array(True), says=f"{name} leaves the global random state alone"))
    return claims


@law(
    chapter=CHAPTER,
    states="any",
    floating=True,
    tensors=True,
    tex=r"X_1, X_2 \text{ from one generator} \implies P(X_1 = X_2) = \sum_x p(x)^2",
    about=("sample", "step", "noisy", "reverse_step").__contains__,
    cites="reproducibility",
    mutants=("step-rewinds-its-generator", "sample-rewinds-its-generator", "gaussian-draws-rewind-their-generator"),
    cost=4,
)
def a_generator_moves_on(offers: Any, p: Any, x0: Array, model: Any, seed: int) -> list[Claim]:
    """Two draws in a row from one generator are two draws: they agree no more often than draws from two generators"""
    claims = []
    for name, capability in offers.items():
        arguments = situation(name, p, x0, model, seed, N=64)
        apart = [
            capability(*[seed + 2 + k if a == "generator" else v for a, v in named(name, arguments)]) for k in (0, 1)
        ]
        tensors, shape = capability.prepare(*arguments)
        again = [capability.read(capability.run(tensors), shape) for _ in (0, 1)]
        # Both pairs are independent draws of the same law: each position that differs is as likely to be on either side.
        between, within = (int((a != b).sum()) for a, b in (apart, again))
        if between + within < 40:
            raise Unanswerable  # too certain a draw to tell
        claims.append(
            sampled(
                np.array([[within, between]]),
                np.array([[1 / 2, 1 / 2]]),
                names=("all", ("draws", ["one generator", "two generators"])),
                says=f"{name}: positions in which two draws differ, from one generator and from two",
            )
        )
    return claims


@law(
    chapter=CHAPTER,
    states="any",
    floating=True,
    about=batched,
    cites="functions of their arguments",
    mutants=("loss-remembers-the-last-call",),
    cost=3,
)
def calls_do_not_remember_each_other(offers: Any, p: Any, x0: Array, model: Any, seed: int) -> list[Claim]:
    """A call gives the same whether the call before it had the same arguments or others"""
    claims = []
    for name, capability in offers.items():
        others, arguments = (situation(name, p, x0, model, seed + k) for k in (1, 0))
        capability(*others)
        after_others = capability(*arguments)
        after_itself = capability(*arguments)
        claims.append(exact(after_others, after_itself, names=("row",), says=f"{name}, after another call and again"))
    return claims


@law(
    chapter=CHAPTER,
    states="any",
    floating=True,
    about=batched,
    cites="functions of their arguments",
    mutants=("loss-writes-into-the-output", "reverse-writes-into-the-output", "sample-writes-into-the-data"),
    cost=3,
)
def inputs_are_left_alone(offers: Any, p: Any, x0: Array, model: Any, seed: int) -> list[Claim]:
    """No capability changes the tensors that it is given"""
    claims = []
    for name, capability in offers.items():
        tensors, shape = capability.prepare(*situation(name, p, x0, model, seed))
        kept = [
            a.clone() if isinstance(a, torch.Tensor) else np.array(a) if isinstance(a, np.ndarray) else None
            for a in tensors
        ]
        capability.read(capability.run(tensors), shape)
        for argument, now, old in zip(SIGNATURES[name][0], tensors, kept, strict=True):
            if old is None:
                continue
            after, before = (
                floats(v.cpu().to(torch.float64)) if isinstance(v, torch.Tensor) else v for v in (now, old)
            )
            claims.append(exact(after, before, names=("row",), says=f"{name} leaves {argument} as it was"))
    return claims


@law(
    chapter=CHAPTER,
    states="any",
    floating=True,
    tensors=True,
    about=computed,
    cites="functions of values, not of memory",
    mutants=("loss-reads-raw-memory",),
    smallest={"L": 2},
    cost=2,
)
def memory_layout_does_not_matter(offers: Any, p: Any, x0: Array, model: Any, seed: int) -> list[Claim]:
    """Transposed and strided views of the same numbers give the same result"""
    claims = []
    for name, capability in offers.items():
        arguments = situation(name, p, x0, model, seed)
        tensors, shape = capability.prepare(*arguments)
        plain = floats(capability.read(capability.run(tensors), shape))
        try:
            strided = floats(capability.read(capability.run([_strided(a) for a in tensors]), shape))
        except RuntimeError as refusal:
            if "view size is not compatible" not in str(refusal):
                raise
            continue  # torch's own `view` refuses such memory aloud: no wrong value comes of it
        claims.append(
            close(strided, plain, ops=8, scale=reach(capability, arguments, plain), names=("row",), says=name)
        )
    return claims


def _strided(value: Any) -> Any:
    """The same numbers, stored the other way round."""
    if not isinstance(value, torch.Tensor) or value.ndim == 0:
        return value
    if value.ndim == 1:
        return torch.stack([value, value], -1).reshape(-1)[::2]
    return value.transpose(0, 1).contiguous().transpose(0, 1)


@law(
    chapter=CHAPTER,
    states="any",
    floating=True,
    about=batched,
    cites="edge cases are cases",
    mutants=("empty-batch-fails",),
    cost=3,
)
def an_empty_batch_gives_an_empty_answer(offers: Any, p: Any, x0: Array, model: Any, seed: int) -> list[Claim]:
    """No rows in, no rows out"""
    claims = []
    for name, capability in offers.items():
        arguments = situation(name, p, x0, model, seed, N=2)
        none = [
            a if k in SHARED else 0 if k == "N" else a[:0] for k, a in zip(SIGNATURES[name][0], arguments, strict=True)
        ]
        found = capability(*none)
        claims.append(exact(np.array(len(found)), np.array(0), says=name))
    return claims


@law(
    chapter=CHAPTER,
    floating=True,
    tensors=True,
    parameterizations=("joint-sum", "joint-sum-direct", "mixture", "subs", "velocity"),
    families=lambda kind: kind.mask != "none",
    where=lambda p: p.K > 2,
    tex=r"\ell_\theta \to \ell_\theta|_{\tilde p(k) = 0} \ \text{as logit}_k \to -\infty, \ k \ne x_0",
    cites="numerics: the logit of a class that is ruled out",
    mutants=("loss-is-nan-for-minus-infinity",),
)
def a_class_may_be_ruled_out(loss: Any, gradient: Any, p: Process, t: Time, x0: Array, model: Model) -> list[Claim]:
    """A logit of −∞ for the mask gives what −10⁴ gives, and finite gradients, never a NaN"""
    if p.T is None and t == 1:
        raise Unanswerable
    _, clean, xt, _ = every_noisy(p, x0, t)
    far = np.array(model.output(xt, t), dtype=float)
    # Networks of masked diffusion rule out the mask, which is never clean.
    out = np.full_like(clean, p.mask)
    ruled_out = np.arange(p.K) == out[..., None]
    far[ruled_out] = RULED_OUT
    truth = floats(loss(p, far, clean, xt, t))
    infinite = np.where(ruled_out, -np.inf, far)
    found = floats(loss(p, infinite, clean, xt, t))
    slopes = floats(gradient(p, infinite, clean, xt, t, np.ones(len(clean))))
    # A class that cannot be clean and is what the position shows may make the loss infinite: on both sides then.
    finite = np.isfinite(truth)
    scale = np.where(finite, np.maximum(1, np.abs(truth)), 1) * p.conditioning(t)
    return [
        close(
            found, truth, ops=16 * p.depth + 16 * p.K * model.L, scale=scale, where=finite, names=(given(clean, xt),)
        ),
        exact(
            np.isfinite(slopes).all((-1, -2)),
            np.ones(len(clean), dtype=bool),
            where=finite,
            names=(given(clean, xt),),
            says="the gradient is finite",
        ),
    ]


@law(
    chapter=CHAPTER,
    states="any",
    floating=True,
    tensors=True,
    about=lambda name: name not in RANDOM and "output" in SIGNATURES[name][0],
    cites="numerics: a result is as precise as its inputs",
    mutants=("loss-in-single-precision",),
    cost=3,
)
def precision_is_kept(offers: Any, p: Any, x0: Array, model: Any, seed: int) -> list[Claim]:
    """A network's output in one precision gives results in the same precision, never in a coarser one"""
    claims = []
    for name, capability in offers.items():
        tensors, _ = capability.prepare(*situation(name, p, x0, model, seed))
        value = capability.run(tensors)
        if not isinstance(value, torch.Tensor):
            raise Unanswerable
        kept = torch.finfo(value.dtype).eps <= torch.finfo(p.dtype).eps if value.is_floating_point() else False
        claims.append(
            exact(np.array(str(value.dtype) if not kept else "kept"), np.array("kept"), says=f"dtype of {name}")
        )
    return claims

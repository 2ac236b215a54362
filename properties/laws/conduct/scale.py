"""Vocabularies of up to 128,000 classes and sequences of up to 1,800 positions, against exact results for small ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close
from unmask.properties.engine.calls import Call
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, pair_axis
from unmask.properties.laws.density import is_dense
from unmask.properties.laws.likelihood.terms import loss_scale, require_interior, true_loss
from unmask.properties.subjects.processes.families import FEW_STEPS
from unmask.properties.subjects.processes.lumping import Lumped, with_classes
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.shapes import Shape
from unmask.properties.subjects.tables.classes import RULED_OUT, Model
from unmask.reference.likelihood import reverse as reference
from unmask.reference.noise import posterior as bayes
from unmask.reference.numbers.transcendental import softmax

CHAPTER = "Scale"
#: Number of classes: for methods that make no K x K matrix, and for those that do.
SPARSE_SIZE, DENSE_SIZE = 128_000, 257
#: Numbers of classes of small data sets, between those that laws enumerate and those of a language.
MIDDLING = (20, 100, 40)
#: Number of short sequences that are concatenated to a long one, and how often these follow one another.
PIECES, REPEATS = 14, (43, 1)


def _many_classes(p: Process, capability: Call, arguments: Any, seed: int) -> list[Lumped]:
    """The process over as many classes as the method can afford, and over a middling number, as far as it claims them.

    ``arguments(lumped)`` are the arguments of a call.
    """
    excluded = capability.subject.processes.exclusion_reason
    middling, dense, sparse = (lumped(p, K) for K in (MIDDLING[seed % len(MIDDLING)], DENSE_SIZE, SPARSE_SIZE))
    if p.T is not None and p.T > FEW_STEPS:
        return [middling]  # a thousand matrices over hundreds of classes fill a memory
    if excluded(sparse.full):
        return [big for big in (dense, middling) if not excluded(big.full)] or [sparse]
    matrices = is_dense(capability.subject, capability.name, p, capability, lambda K: arguments(lumped(p, K)))
    return [big for big in (dense if matrices else sparse, middling) if not excluded(big.full)]


def lumped(p: Process, K: int) -> Lumped:
    """``p`` over ``K`` classes, all lumped into one state but the mask and three clean ones: first, one inside, last."""
    whole = with_classes(p, K)
    clean = [k for k in (0, 1, K // 3, K - 2, K - 1) if k != whole.mask]
    special = [clean[0], clean[2], clean[-1]]
    return Lumped(whole, tuple(special if whole.mask is None else [*special, whole.mask]))


def _outputs(big: Lumped, model: Model, xt: Array) -> tuple[Array, Array]:
    """Network outputs ``[N, 1, K]``, equal for all lumped classes, and the predictions ``[N, 1, n + 1]`` over the states."""
    rng = np.random.default_rng([model.seed, 37])
    p, n = big.full, len(big.distinguished)
    few = rng.integers(-24, 25, (len(xt), 1, n)) / 8
    looks_away = model.parameterization == "score" or (model.parameterization == "subs" and not model.mask_ruled_out)
    if p.mask is not None and not looks_away:
        few[..., n - 1] = RULED_OUT
    few = np.where((model.parameterization == "score") & (xt[..., None] == big.distinguished), 0, few)
    # A logit near -log K for each lumped class, so that together they weigh as much as one: an eighth, exact in any dtype.
    low = -np.floor(8 * np.log(p.K)) / 8
    output = np.full((len(xt), 1, p.K), low)
    output[..., list(big.distinguished)] = few
    logs = np.concatenate([few, np.full((len(xt), 1, 1), low + np.log(big.others))], -1)
    if model.parameterization == "score":
        return output, np.exp(logs)
    predicted = softmax(logs)
    if model.parameterization == "subs":
        predicted = reference.subs_denoiser(predicted, big.state(xt), big.distinguished.index(p.mask))
    return output, predicted


def _noisy(big: Lumped, t: Time) -> Array:
    """Distinguished classes that can occur at ``t``, as ids ``[N, 1]``."""
    q = floats(big.process.marginal(t))
    clean = [i for i, k in enumerate(big.distinguished) if k != big.full.mask]
    return np.array([[k] for i, k in enumerate(big.distinguished) if (q[clean, i] > 0).any()])


@law(
    chapter=CHAPTER,
    tex=r"\sum_{k \in \text{others}} q(x_t = k|x_0) = q(x_t \in \text{others}|x_0)",
    cites="Kemeny and Snell 1960, thm 6.3.2 (lumpability); Austin et al. 2021, eq. 3 (marginal)",
    mutants=("marginal-forgets-the-rest-of-a-large-vocabulary", "marginal-has-times-in-a-byte"),
    about=About(families=lambda kind: kind.keeps_or_redraws, tensors=True),
    drawn=Drawn(floating=True, cost=3, most_T=None),
)
def a_large_vocabulary_has_the_marginal_of_a_few_classes(marginal: Any, p: Process, t: Time, seed: int) -> list[Claim]:
    """With dozens of classes and with up to 128,000, q(x_t|x_0) is that of the process lumped to a few states, spread evenly over lumped classes"""

    def arguments(big: Lumped) -> list[Any]:
        clean = [k for k in big.distinguished if k != big.full.mask]
        return [big.full, np.array([clean, clean[::-1]]), t]

    claims = []
    for big in _many_classes(p, marginal, arguments, seed):
        whole, x0, _ = arguments(big)
        truth = big.expand(floats(big.process.marginal(t))[big.state(x0)])
        # A method with K x K matrices multiplies one for each step, and each entry of a product is a sum over K classes.
        sums = whole.K * int(t) if whole.K <= DENSE_SIZE and p.T is not None else 0
        found, names = marginal(whole, x0, t), ("row", "position", "x_t")
        claims.append(close(found, truth, ops=p.depth + 16 + sums, names=names, label=f"K = {whole.K}"))
    return claims


@law(
    chapter=CHAPTER,
    tex=r"\sum_{k \in \text{others}} q(x_s = k|x_t,x_0) = q(x_s \in \text{others}|x_t,x_0)",
    cites="Kemeny and Snell 1960, thm 6.3.2 (lumpability); Austin et al. 2021, eq. 3 (posterior)",
    mutants=("posterior-forgets-the-rest-of-a-large-vocabulary",),
    about=About(families=lambda kind: kind.keeps_or_redraws, tensors=True),
    drawn=Drawn(floating=True, cost=3, most_T=None),
)
def a_large_vocabulary_has_the_posterior_of_a_few_classes(
    posterior: Any, p: Process, s: Time, t: Time, seed: int
) -> list[Claim]:
    """With dozens of classes and with up to 128,000, q(x_s|x_t,x_0) is that of the process lumped to a few states, spread evenly over lumped classes"""

    def arguments(big: Lumped) -> list[Any]:
        xt = _noisy(big, t)
        x0 = [k for k in big.distinguished if k != big.full.mask]
        pairs = np.array([(i, j[0]) for i in x0 for j in xt])
        possible = floats(big.process.marginal(t))[big.state(pairs[:, 0]), big.state(pairs[:, 1])] > 0
        pairs = pairs[possible]
        return [big.full, pairs[:, :1], pairs[:, 1:], s, t]

    claims = []
    for big in _many_classes(p, posterior, arguments, seed):
        whole, x0, xt, _, _ = arguments(big)
        truth = big.expand(bayes.posterior(big.process, big.state(x0), big.state(xt), s, t))
        claims.append(
            close(
                posterior(whole, x0, xt, s, t),
                truth,
                ops=3 * p.depth + 32,
                # The smallest probability divided by is that of one class among K.
                scale=p.conditioning(t) * (whole.K if whole.mask is None else 1),
                names=(pair_axis(x0, xt), "position", "x_s"),
                label=f"K = {whole.K}",
            )
        )
    return claims


@law(
    chapter=CHAPTER,
    tex=r"\sum_{k \in \text{others}} p_\theta(x_s = k|x_t) = p_\theta(x_s \in \text{others}|x_t)",
    cites="Kemeny and Snell 1960, thm 6.3.2 (lumpability); Austin et al. 2021, eq. 4",
    mutants=("reverse-forgets-the-rest-of-a-large-vocabulary",),
    about=About(
        families=lambda kind: kind.keeps_or_redraws,
        tensors=True,
        outputs=("joint-sum", "joint-sum-direct", "mixture", "subs", "velocity"),
    ),
    drawn=Drawn(floating=True, cost=3, most_T=None),
)
def a_large_vocabulary_has_the_reverse_of_a_few_classes(
    reverse: Any, p: Process, s: Time, t: Time, model: Model
) -> list[Claim]:
    """With dozens of classes and with up to 128,000, p_θ(x_s|x_t) is that of the process lumped to a few states, spread evenly over lumped classes"""

    def arguments(big: Lumped) -> list[Any]:
        xt = _noisy(big, t)
        return [big.full, _outputs(big, model, xt)[0], xt, s, t]

    claims = []
    for big in _many_classes(p, reverse, arguments, model.seed):
        whole, output, xt, _, _ = arguments(big)
        predicted = _outputs(big, model, xt)[1]
        few = reference.reverse_kernel(big.process, model.parameterization, predicted, big.state(xt), s, t)
        claims.append(
            close(
                reverse(whole, output, xt, s, t),
                big.expand(few),
                ops=4 * p.depth + 8 * whole.K,
                scale=p.conditioning(t) * (whole.K if whole.mask is None else 1),
                names=(("x_t", xt), "position", "x_s"),
                label=f"K = {whole.K}",
            )
        )
    return claims


@law(
    chapter=CHAPTER,
    tex=r"\mathbb{E}\, \ell_K = \mathbb{E}\, \ell_{\text{few}}",
    cites="Kemeny and Snell 1960, thm 6.3.2 (lumpability); Cover and Thomas, thm 2.5.3 (chain rule)",
    mutants=("loss-forgets-the-rest-of-a-large-vocabulary", "loss-of-a-hundred-classes"),
    about=About(families=lambda kind: kind.keeps_or_redraws, tensors=True),
    drawn=Drawn(floating=True, cost=3, most_T=None),
)
def a_large_vocabulary_has_the_loss_of_a_few_classes(loss: Any, p: Process, t: Time, model: Model) -> list[Claim]:
    """With dozens of classes and with up to 128,000, the mean loss is that of the process lumped to a few states"""
    require_interior(p, t)

    def arguments(big: Lumped) -> list[Any]:
        xt = _noisy(big, t)
        x0 = np.full_like(xt, big.distinguished[0])
        possible = floats(big.process.marginal(t))[0, big.state(xt[:, 0])] > 0
        xt, x0 = xt[possible], x0[possible]
        return [big.full, _outputs(big, model, xt)[0], x0, xt, t]

    claims = []
    for big in _many_classes(p, loss, arguments, model.seed):
        whole, output, x0, xt, _ = arguments(big)
        predicted = _outputs(big, model, xt)[1]
        # The last distinguished class is in the batch once, on behalf of itself and all lumped classes.
        q = floats(big.process.marginal(t))[0, big.state(xt[:, 0])]
        q = q * np.where(xt[:, 0] == big.distinguished[2], big.others + 1, 1)
        found = q @ floats(loss(whole, output, x0, xt, t))
        states = big.state(x0), big.state(xt)
        truth = q @ floats(true_loss(big.process, model.parameterization, predicted, *states, t))
        scale = float(loss_scale(p, model, truth, t)) * (whole.K if whole.mask is None else 1)
        claims.append(close(found, truth, ops=8 * p.depth + 8 * whole.K, scale=scale, label=f"K = {whole.K}"))
    return claims


@law(
    chapter=CHAPTER,
    cites="independence of positions; Austin et al. 2021, sec. 3; Sahoo et al. 2024, sec. 3.5",
    mutants=(
        "loss-knows-only-short-sequences",
        "posterior-knows-only-short-sequences",
        "loss-of-a-thousand-positions",
    ),
    about=About(capabilities=lambda c: c.computes and not {"x0", "xt", "location"}.isdisjoint(c.takes)),
    drawn=Drawn(floating=True, cost=3, most_T=None),
)
def a_long_sequence_is_its_pieces(offers: Any, situation: Any, p: Process, model: Model) -> list[Claim]:
    """On a long sequence, given the network's output, results are those of its short pieces, concatenated; losses are their sum"""
    claims = []
    times = REPEATS[model.seed % 2]
    for name, capability in offers.items():
        # One time for all pieces of a sequence; two equal sequences, so that the number of rows is not that of positions.
        one = situation(name, N=PIECES, one_time=True)
        pieces = floats(capability(*one))
        takes = capability.capability.takes
        together = [p, *(_joined(takes[k], a, times) for k, a in zip(takes, one[1:], strict=True))]
        whole = floats(capability(*together))
        if len(capability.capability.gives.axes) == 1:
            expected = times * np.array([pieces.sum(), pieces.sum()])
            size = times * np.abs(np.where(np.isfinite(pieces), pieces, 0)).sum()
        else:
            expected = np.concatenate(list(pieces) * times)[None].repeat(2, 0)
            size = np.abs(np.where(np.isfinite(pieces), pieces, 0)).max(initial=0)
        scale = (1 + size) * p.conditioning(one[-1][0] if isinstance(one[-1], list) else p.end)
        ops = 8 + 2 * PIECES * model.L * times
        claims.append(close(whole, expected, ops=ops, scale=scale, names=("row", "position"), label=name))
    return claims


def _joined(shape: Shape, value: Any, times: int) -> Any:
    """All rows concatenated along positions, so many ``times``, in two equal rows: ``[2, times N L, ...]``."""
    if shape.of == "times":
        return value[:2]
    if not shape.batched:
        return value
    return np.concatenate(list(value) * times)[None].repeat(2, 0)

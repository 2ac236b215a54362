"""Networks as tables: an explicit output for every noisy sequence, so that expectations over x_t are finite sums.

Entries are drawn from a seed.  In fractions, and for even seeds, they are multiples of 1/8, the same numbers in every
dtype; for odd seeds they have all digits of the dtype asked for, which code that computes in a coarser one loses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
import torch

from unmask.properties.subjects.processes.process import Process, Time
from unmask.reference.likelihood import denoisers, reverse
from unmask.reference.numbers import arithmetic as numbers
from unmask.reference.numbers import sequences, transcendental

Array: TypeAlias = Any
Style: TypeAlias = Literal["moderate", "flat", "peaked"]
STYLES: tuple[Style, ...] = ("moderate", "flat", "peaked")

#: How much of a law of the data is at a class that it is near to.
NEAR = Fraction(7, 8)

#: Logit of a class that the network rules out.  Its exponential is zero in every floating-point format, and no
#: arithmetic on it makes a NaN (minus infinity has a law of its own).
RULED_OUT = -1e4


@dataclass(frozen=True)
class Model:
    """A table of network outputs for process ``p``, and the predictions that the reference uses for them.

    ``parameterization`` is the method's.  Outputs are logits (or log scores) in float64; for the reference (``plain``)
    they are probabilities (or scores), as fractions in exact runs.

    ``mask_ruled_out`` is what the method says of its network: it never puts probability on the mask.  Of the others,
    SUBS has a logit there and does not look at it.  For the rest the mask is ruled out as well, unless it
    ``mask_counts``, see :meth:`counting_the_mask`; and no class is ``barred``, see :meth:`barring`.
    """

    p: Process
    L: int
    parameterization: str
    seed: int
    style: Style = "moderate"
    timeless: bool = False
    plain: bool = False
    mask_ruled_out: bool = False
    mask_counts: bool = False
    barred: bool = False

    @cached_property
    def sequences(self) -> Array:
        """All ``K**L`` noisy sequences, ``[K**L, L]``."""
        return sequences.all_sequences(self.L, range(self.p.K))

    def output_table(self, t: Time) -> Array:
        """Network output for every noisy sequence, ``[K**L, L, K]``."""
        return (_predicted_table if self._plain_floats else _output_table)(self._key, self._clock(t))

    def predicted_table(self, t: Time) -> Array:
        """Predictions for every noisy sequence: probabilities of ``x_0`` or concrete scores, ``[K**L, L, K]``."""
        return _predicted_table(self._key, self._clock(t))

    def output(self, xt: Array, t: Time) -> Array:
        """Network output at ``xt``, ``[N, L, K]``."""
        return self.output_table(t)[self._index(xt)]

    def predicted(self, xt: Array, t: Time) -> Array:
        """Probabilities of ``x_0`` (or scores) at ``xt``, ``[N, L, K]``."""
        return self.predicted_table(t)[self._index(xt)]

    def kernel(self, s: Time, t: Time) -> Array:
        """The reference's reverse kernel ``p_theta(x_s^i | x_t)`` for every noisy sequence, ``[K**L, L, K]``."""
        return reverse.reverse_kernel(
            self.p.truth, self.parameterization, self.predicted_table(t), self.sequences, s, t
        )

    def frozen(self) -> Model:
        """A time-independent model."""
        return replace(self, timeless=True)

    def counting_the_mask(self) -> Model:
        """With probability on the mask, always a part that shows.

        Unchanged where there is no mask, where the method says that its network rules it out, and for scores.
        """
        unchanged = self.p.mask is None or self.mask_ruled_out or self.parameterization == "score"
        return self if unchanged else replace(self, mask_counts=True)

    def barring(self, *times: Time) -> Model:
        """With one clean class ruled out at each position, over a block of half the noisy sequences.

        Never the class that a position shows, and never the last one left.  Unchanged for scores, for every other
        seed, so that a law sees both, and where at one of the ``times`` the class that is ruled out may be the only
        one that could have led to what a position shows.
        """
        unchanged = self.parameterization == "score" or len(self.p.clean) < 2 or self.seed % 2 == 0
        unchanged = unchanged or not all(self._several_explain(t) for t in times)
        return self if unchanged else replace(self, barred=True)

    def _several_explain(self, t: Time) -> bool:
        """Whether whatever may be shown at ``t`` may be clean, or comes from two classes at least."""
        possible = numbers.to_float(self.p.truth.marginal(t))[list(self.p.clean)] > 0
        sources = possible.sum(0)
        stays = np.zeros(self.p.K, dtype=bool)
        stays[list(self.p.clean)] = possible[np.arange(len(possible)), list(self.p.clean)]
        return bool(((sources != 1) | stays).all())

    def on(self, p: Process) -> Model:
        """The same table for another process over the same classes."""
        return replace(self, p=p)

    def encode(self, predicted: Array) -> Array:
        """The network output for given probabilities (or scores)."""
        if self.plain:
            return predicted
        values = numbers.to_float(predicted)
        with np.errstate(divide="ignore"):
            return np.maximum(np.log(values), RULED_OUT)

    @cached_property
    def _key(self) -> Model:
        precision = self.p.precision if self._has_all_digits else "float64"
        return replace(self, p=replace(self.p, precision=precision, device="cpu"), plain=False)

    @property
    def _has_all_digits(self) -> bool:
        return self.seed % 2 == 1 and self.p.numbers != "exact"

    @property
    def _plain_floats(self) -> bool:
        return self.plain and self.p.numbers != "exact"

    def _clock(self, t: Time) -> Time:
        return 0 if self.timeless else t

    def _index(self, xt: Array) -> Array:
        place = self.p.K ** np.arange(self.L - 1, -1, -1)
        return (np.asarray(xt) * place).sum(-1)


@lru_cache(maxsize=2048)
def _output_table(m: Model, t: Time) -> Array:
    K, L = m.p.K, m.L
    clock = Fraction(t)
    rng = np.random.default_rng([m.seed, clock.numerator, clock.denominator])
    eighths = {
        "moderate": rng.integers(-24, 25, (K**L, L, K)),
        "flat": np.zeros((K**L, L, K), dtype=np.int64),
        "peaked": 24 * rng.integers(-4, 5, (K**L, L, K)),
    }[m.style]
    own = m.sequences[:, :, None] == np.arange(K)
    if m.parameterization == "score":
        eighths = np.where(own, 0, np.clip(eighths, -24, 24))
        if m.p.numbers == "exact":
            return np.where(own, np.array(Fraction(1), dtype=object), _fractions(2.0 ** (eighths / 4)))
        return np.where(own, 0, _in_digits(m, eighths / 8, rng))
    if m.mask_counts and m.p.mask is not None:
        others = np.delete(eighths, m.p.mask, -1).max(-1)
        eighths[..., m.p.mask] = others + rng.integers(-12, 13, others.shape)
    ruled_out = np.zeros(eighths.shape, dtype=bool)
    if m.p.mask is not None and (m.mask_ruled_out or not (m.mask_counts or m.parameterization == "subs")):
        ruled_out[..., m.p.mask] = True
    if m.barred:
        ruled_out |= _barred(m, rng) & ~own
    if m.p.numbers == "exact":
        weights = _fractions(2.0 ** (eighths / 4).clip(-12, 12))
        weights[ruled_out] = Fraction(0)
        return weights / weights.sum(-1, keepdims=True)
    return np.where(ruled_out, RULED_OUT, _in_digits(m, eighths / 8, rng))


def _in_digits(m: Model, values: Array, rng: np.random.Generator) -> Array:
    """The values, or others close by that have all digits of the dtype; a flat table stays flat."""
    if not m._has_all_digits or m.style == "flat":
        return values
    rough = values + (rng.random(values.shape) - 0.5) / 8
    return torch.as_tensor(rough, dtype=m.p.dtype).to(torch.float64).numpy()


def _barred(m: Model, rng: np.random.Generator) -> Array:
    """For half the noisy sequences, one after the other, a clean class at each position: bool ``[K**L, L, K]``."""
    rows = len(m.sequences)
    block = (np.arange(rows) - rng.integers(rows)) % rows < (rows + 1) // 2
    classes = rng.choice(m.p.clean, m.L)
    return np.asarray(block[:, None, None] & (classes[:, None] == np.arange(m.p.K)))


@lru_cache(maxsize=2048)
def _predicted_table(m: Model, t: Time) -> Array:
    output = m.output_table(t)
    if m.parameterization == "score":
        return output if m.p.numbers == "exact" else np.exp(output)
    probabilities = output if m.p.numbers == "exact" else transcendental.softmax(output)
    if m.parameterization == "subs":
        return reverse.subs_denoiser(probabilities, m.sequences, int(m.p.mask or 0))
    return probabilities


def _fractions(values: Array) -> Array:
    """Rounded to sixteenths of a power of two: short fractions, for fast exact arithmetic."""
    short = np.array(
        [Fraction(float(v)).limit_denominator(64) or Fraction(1, 64) for v in values.ravel()], dtype=object
    )
    return short.reshape(values.shape)


@dataclass(frozen=True)
class Data:
    """A law of clean sequences, drawn from a seed, in exact fractions; most of it is ``near`` a class that is given."""

    p: Process
    L: int
    seed: int
    near: int | None = None

    @cached_property
    def law(self) -> Array:
        """Probability of every sequence, ``[K**L]``; zero for sequences with a mask."""
        K = self.p.K
        rng = np.random.default_rng([self.seed, 77])
        every = sequences.all_sequences(self.L, range(K))
        clean = np.isin(every, self.p.clean).all(-1)
        weights = np.array([Fraction(int(w)) for w in rng.integers(1, 9, K**self.L)], dtype=object) * clean
        law = weights / weights.sum()
        if self.near is not None:
            law = (1 - NEAR) * law + NEAR * (every == self.near).all(-1)
        return law if self.p.numbers == "exact" else numbers.to_float(law)

    def posterior_denoiser(self, t: Time) -> Array:
        """``p(x_0^i | x_t)`` for every noisy sequence, ``[K**L, L, K]``."""
        return denoisers.posterior_denoiser(self.p.truth, self.law, self.L, t)

    def leave_one_out_denoiser(self, t: Time) -> Array:
        """``p(x_0^i | x_t without position i)`` for every noisy sequence, ``[K**L, L, K]``."""
        return denoisers.leave_one_out_denoiser(self.p.truth, self.law, self.L, t)

    def concrete_score(self, t: Time) -> Array:
        """``p_t(y) / p_t(x_t)`` for every noisy sequence, ``[K**L, L, K]``."""
        return _concrete_score(replace(self, p=replace(self.p, precision="float64", device="cpu")), t)

    def optimum(self, parameterization: str, t: Time) -> Array:
        """The prediction at which the NELBO of this parameterization is least, ``[K**L, L, K]``."""
        if parameterization == "score":
            return self.concrete_score(t)
        if parameterization in ("joint-sum", "joint-sum-direct"):
            return self.leave_one_out_denoiser(t)
        return self.posterior_denoiser(t)


# Typed, because 0.5 and Fraction(1, 2) are equal but ask for different kinds of number.
@lru_cache(maxsize=256, typed=True)
def _concrete_score(data: Data, t: Time) -> Array:
    return denoisers.concrete_score(data.p.truth, data.law, data.L, t)


__all__ = ["RULED_OUT", "STYLES", "Data", "Model", "Style"]

"""Infilling: the concrete scores of the positions that are free, when the others are known.

SEDD (arXiv 2310.16834, eq. 22) fills in text with a score that was never trained for it: the score given the known
positions is the joint score, at sequences that have the known values there.  By Bayes' rule that is so, always, if
what is known are the *noisy* values.  If it is the *clean* values that are known, it is so only if a noisy position
that shows the value y can have started only at y: under the mask, where what is visible is clean, and not for uniform
corruption, where a position that shows y may have been something else.

`known` has a class or None for each of the L positions; with F positions free, tables are [K^F (z), F, K (y)], one
row for each value z of the free positions, one at y = z^i.  Where the denominator is zero: zero at all other y.
"""

from __future__ import annotations

import numpy as np

from unmask.reference.likelihood.denoisers import concrete_score, sequence_law
from unmask.reference.masked.masked_language_model import Visible
from unmask.reference.noise.corruption import Process, check_process, shows
from unmask.reference.noise.forward import sequence_transition
from unmask.reference.numbers.arithmetic import Array, Number, common, zeros_like
from unmask.reference.numbers.checks import check_visible
from unmask.reference.numbers.sequences import IntArray, all_sequences, data_law, replaced, sequence_index


def _free(known: Visible, K: int) -> list[int]:
    free = [i for i, k in enumerate(check_visible("known", known, K)) if k is None]
    if not free:
        raise ValueError(f"known = {known!r}; valid: at least one None")
    return free


def completions(known: Visible, K: int) -> IntArray:
    """Every sequence that has the known values, in the order of its free positions: ints [K^F, L].

    Raises ValueError for what is no class, or if nothing is free.

    >>> completions((None, 1), K=2).tolist()
    [[0, 1], [1, 1]]
    """
    free = _free(known, K)
    found = np.array([[0 if k is None else int(k) for k in known]] * K ** len(free), dtype=np.int64)
    found[:, free] = all_sequences(len(free), K)
    return found


def _ratios(law: Array, F: int, K: int) -> Array:
    """law(z with z^i = y) / law(z) for a law over the free positions [K^F]: [K^F, F, K]."""
    z = all_sequences(F, K)
    numerator = law[replaced(z, K)]
    here = np.broadcast_to(law[:, None, None], numerator.shape)
    ratios = np.where(here == 0, zeros_like(numerator), numerator / np.where(here == 0, here + 1, here))
    return np.where(shows(z, K), zeros_like(ratios) + 1, ratios)


def score_given_clean(process: Process, data: object, known: Visible, t: Number) -> Array:
    """p_t(z' | x_0 known) / p_t(z | x_0 known), from the law of the free positions given the known clean values.

    p_t(z | known) = sum_{x_0 that has the known values} p(x_0) prod_{i free} q_t(z^i | x_0^i) / p(known).
    `data`: a law over whole sequences.  Raises ValueError where it gives the known values no probability.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(Fraction(1, 2), 2),), [Fraction(1, 2)] * 2)
    >>> score_given_clean(p, {(0, 0): Fraction(1, 2), (1, 1): Fraction(1, 2)}, (None, 1), 1)[0]
    array([[Fraction(1, 1), Fraction(3, 1)]], dtype=object)
    """
    K = check_process(process).K
    free, L = _free(known, K), len(known)
    chances, matrix = common(
        data_law(data, L, K)[sequence_index(completions(known, K), K)], sequence_transition(process, None, t, len(free))
    )
    if chances.sum() == 0:
        raise ValueError(f"known = {known!r} has probability zero; valid: what the data can be")
    return _ratios(chances @ matrix, len(free), K)


def score_given_noisy(process: Process, data: object, known: Visible, t: Number) -> Array:
    """p_t(z' | x_t known) / p_t(z | x_t known), from the law of the free positions given the known *noisy* values.

    p_t(z | x_t known) = p_t(z and known) / sum_z p_t(z and known), over whole sequences at t.
    Raises ValueError where the known values never occur at t.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(Fraction(1, 2), 2),), [Fraction(1, 2)] * 2)
    >>> score_given_noisy(p, {(0, 0): Fraction(1, 2), (1, 1): Fraction(1, 2)}, (None, 1), 1)[0]
    array([[Fraction(1, 1), Fraction(5, 3)]], dtype=object)
    """
    K = check_process(process).K
    rows = sequence_index(completions(known, K), K)
    together = sequence_law(process, data, len(known), t)[rows]
    if together.sum() == 0:
        raise ValueError(f"known = {known!r} never occurs at t = {t}; valid: noisy values that can be")
    return _ratios(together / together.sum(), len(_free(known, K)), K)


def joint_score(process: Process, data: object, known: Visible, t: Number) -> Array:
    """The unconditional concrete score at sequences with the known values, for the free positions: what SEDD uses.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(Fraction(1, 2), 2),), [Fraction(1, 2)] * 2)
    >>> joint_score(p, {(0, 0): Fraction(1, 2), (1, 1): Fraction(1, 2)}, (None, 1), 1)[0]
    array([[Fraction(1, 1), Fraction(5, 3)]], dtype=object)
    """
    rows = sequence_index(completions(known, check_process(process).K), process.K)
    return np.asarray(concrete_score(process, data, len(known), t)[rows][:, _free(known, process.K)])


def shows_where_it_started(process: Process, t: Number) -> bool:
    """Whether every value that a position known to be clean could show at t, if unchanged, tells its clean value.

    That is, for each clean class y that can still be seen at t: q_t(y | x_0) > 0 for x_0 = y only, the mask aside.

    >>> from unmask.reference.noise.corruption import DiscreteTime, absorbing, uniform
    >>> shows_where_it_started(DiscreteTime((absorbing(0.5, 2, mask=1),), [0.0, 1.0]), 1)
    True
    >>> shows_where_it_started(DiscreteTime((uniform(0.5, 2),), [0.5, 0.5]), 1)
    False
    """
    seen = check_process(process).marginal(t) > 0
    hidden = [k for k in range(process.K) if process.prior[k] == 1]
    return all(seen[:, y].sum() <= 1 for y in range(process.K) if y not in hidden)

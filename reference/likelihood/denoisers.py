"""Denoisers: the predictions of a perfect model, for a known data law.

With the law of the clean data given as an explicit vector over all K^L sequences, everything that a network
tries to learn is a finite sum.  A table has one row for each noisy sequence x_t, in the order of
`sequences.all_sequences`.

Rows of noisy sequences that never occur (probability zero) have no weight in any expectation.  By convention they are:
for denoisers, the marginal p(x_0^i) of the clean position; for scores, one at y = x_t and zero elsewhere.
"""

from __future__ import annotations

import numpy as np

from unmask.reference.noise.corruption import Process, check_process, one_hot, shows
from unmask.reference.noise.forward import sequence_transition
from unmask.reference.numbers.arithmetic import Array, Number, check_count, common, zeros_like
from unmask.reference.numbers.sequences import all_sequences, data_law, replaced


def _joint(process: Process, data: object, L: int, t: Number) -> Array:
    """p(x_0, x_t) over whole sequences: [K^L (x_0), K^L (x_t)]."""
    K = check_process(process).K
    law, matrix = common(data_law(data, check_count("L", L), K), sequence_transition(process, None, t, L))
    return law[:, None] * matrix


def sequence_law(process: Process, data: object, L: int, t: Number) -> Array:
    """p(x_t) = sum_{x_0} p(x_0) q(x_t | x_0) over whole sequences: [K^L].

    `data`: a vector [K^L] or a mapping {sequence: probability}.  Raises ValueError unless it is a law.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> sequence_law(DiscreteTime((uniform(0.5, 2),), [0.5, 0.5]), [1.0, 0.0], L=1, t=1)
    array([0.75, 0.25])
    """
    return np.asarray(_joint(process, data, L, t).sum(axis=0))


def _position_marginals(weights: Array, L: int, K: int) -> Array:
    """Sums of weights [K^L (x_0), ...] over all x_0 whose position i has class k: [L, K, ...]."""
    membership = one_hot(all_sequences(L, K), K)  # [K^L, L, K]
    indicator, values = common(membership, weights) if weights.dtype == object else (membership.astype(float), weights)
    return np.asarray(np.tensordot(indicator, values, axes=([0], [0])))


def _conditional(joint: Array, unconditional: Array) -> Array:
    """p(x_0^i = k | condition) [N, L, K] from p(x_0^i = k, condition) [L, K, N]; p(x_0^i) where undefined."""
    weights = np.moveaxis(joint, -1, 0)
    evidence = weights.sum(axis=-1, keepdims=True)
    impossible = evidence == 0
    return np.where(impossible, unconditional[None], weights / np.where(impossible, evidence + 1, evidence))


def posterior_denoiser(process: Process, data: object, L: int, t: Number) -> Array:
    """p(x_0^i | x_t): what the best denoiser of mixtures, SUBS and velocities predicts: [K^L (x_t), L,
    K (x_0^i)].

    p(x_0^i = k | x_t) = sum_{x_0: x_0^i = k} p(x_0) q(x_t | x_0) / p(x_t); p(x_0^i) where p(x_t) = 0.
    `data`: a vector [K^L] or a mapping {sequence: probability}.  Raises ValueError unless it is a law.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> posterior_denoiser(DiscreteTime((uniform(0.5, 2),), [0.5, 0.5]), [0.5, 0.5], L=1, t=1)[0]
    array([[0.75, 0.25]])
    """
    joint = _joint(process, data, L, t)
    unconditional = _position_marginals(joint.sum(axis=1), L, process.K)
    return _conditional(_position_marginals(joint, L, process.K), unconditional)


def leave_one_out_denoiser(process: Process, data: object, L: int, t: Number) -> Array:
    """p(x_0^i | x_t^{-i}), which does not look at position i itself: [K^L (x_t), L, K (x_0^i)].

    This, and not p(x_0^i | x_t), is what the best denoiser predicts whose output enters D3PM's sum of joints
    (arXiv 2107.03006, eq. 4): the sum supplies the evidence of position i on its own.  For L = 1 it is the
    data law. p(x_0^i) where the other positions never occur.  `data`: as in `posterior_denoiser`.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> leave_one_out_denoiser(DiscreteTime((uniform(0.5, 2),), [0.5, 0.5]), [0.25, 0.75], L=1, t=1)[0]
    array([[0.25, 0.75]])
    """
    joint = _joint(process, data, L, t)
    K = process.K
    unconditional = _position_marginals(joint.sum(axis=1), L, K)
    per_position = _position_marginals(joint, L, K)  # [L, K (x_0^i), K^L (x_t)]
    everywhere = all_sequences(L, K)
    # Forget x_t^i: add up the K noisy sequences that agree with x_t everywhere else.
    blind = np.stack([per_position[i][:, replaced(everywhere, K)[:, i, :]].sum(axis=-1) for i in range(L)])
    return _conditional(blind, unconditional)


def concrete_score(process: Process, data: object, L: int, t: Number) -> Array:
    """p_t(y) / p_t(x) for every y that differs from x in one position: [K^L (x), L, K (y^i)], one at y = x.

    The ratios of SEDD (arXiv 2310.16834, eq. 3).  Where p_t(x) = 0: one at y = x and zero elsewhere.
    `data`: as in `posterior_denoiser`.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> concrete_score(DiscreteTime((uniform(0.5, 2),), [0.5, 0.5]), [1.0, 0.0], L=1, t=1)[1]
    array([[3., 1.]])
    """
    law = sequence_law(process, data, L, t)
    everywhere = all_sequences(L, process.K)
    numerator = law[replaced(everywhere, process.K)]
    here = np.broadcast_to(law[:, None, None], numerator.shape)
    impossible = here == 0
    ratios = np.where(impossible, zeros_like(numerator), numerator / np.where(impossible, here + 1, here))
    return np.where(shows(everywhere, process.K), zeros_like(ratios) + 1, ratios)

"""Autoregression as a diffusion: mask one token at a time, from the right, and learn to put it back.

D3PM (arXiv 2107.03006, section 4): x_t has the last t of N = T positions masked, deterministically.  So are its
posteriors, so that all KL terms but one are zero, and L_vb is the cross-entropy of a left-to-right language model.

Positions are not corrupted independently here, but they are if every token carries its position with it: `tagged`
tokens (i, v) in {0, ..., N-1} x {0, ..., K-1}, and a step that masks the tokens of one position.  That is a D3PM like
any other, to which all of `forward`, `posterior` and `elbo` apply.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.reference.likelihood.elbo import Reverse
from unmask.reference.likelihood.reverse import check_output, subs_denoiser
from unmask.reference.masked.masked_language_model import Predict, Visible, hide, predicted
from unmask.reference.noise.corruption import DiscreteTime, check_class, one_hot, shows
from unmask.reference.noise.transition_matrices import match_kind
from unmask.reference.numbers.arithmetic import MP, Array, array, check_axes, check_count, common, zeros_like
from unmask.reference.numbers.checks import check_function
from unmask.reference.numbers.divergences import kl
from unmask.reference.numbers.sequences import IntArray, all_sequences, check_sequences, sequence_index
from unmask.reference.numbers.transcendental import log


def autoregressive_nll(predict: Predict, x0: object) -> Any:
    """-sum_i log p(x^i | x^1, ..., x^(i-1)), each position predicted with itself and what follows hidden; in nats.

    >>> float(autoregressive_nll(lambda visible: [[0.5, 0.5]] * 2, [0, 1]))
    1.3862943611198906
    """
    check_function("predict", predict)
    clean = check_sequences("x0", x0, None, "[N]")
    total: Any = 0
    for i in range(len(clean)):
        visible = hide(clean, range(i, len(clean)))
        total = total - log(predicted(predict, visible, int(clean.max()) + 1)[i, clean[i]])
    return total


def masked_from_the_right(x0: object, t: int, mask: int) -> IntArray:
    """x_t: the sequence x_0 [N] with its last t tokens masked.  Raises ValueError unless 0 <= t <= N and mask >= 0.

    >>> masked_from_the_right([5, 6, 7], 2, mask=9).tolist()
    [5, 9, 9]
    """
    found: IntArray = check_sequences("x0", x0, None, "[N]").copy()
    found[len(found) - check_class("t", t, len(found) + 1) :] = check_count("mask", mask, least=0)
    return found


def _revealing(predict: Predict, xt: IntArray, t: int, K: int, mask: int) -> Array:
    """p(x_{t-1} | x_t) for every sequence x_{t-1}: [K^N], from the prediction at the position revealed."""
    N = len(xt)
    visible: Visible = tuple(None if token == mask else int(token) for token in xt)
    chances = predicted(predict, visible, K)
    law = zeros_like(np.broadcast_to(chances[0, :1], (K**N,)))
    for k in range(K):
        revealed = xt.copy()
        revealed[N - t] = k
        law[sequence_index(revealed, K)] += chances[N - t, k]
    return law


def nelbo(predict: Predict, x0: object, K: int, mask: int) -> Any:
    """L_vb of one sequence x_0 [N]: sum_t KL(q(x_{t-1} | x_t, x_0) || p(x_{t-1} | x_t)), laws over whole sequences.

    Nothing is assumed of independence: q(x_{t-1} | x_t, x_0) puts all on the sequence with one mask fewer, p reveals
    that position by the prediction.  L_T = 0, since x_N is all masks for both.  In nats (arXiv 2107.03006, section 4).
    Raises ValueError for what is no class, and for masks inside x_0.

    >>> float(nelbo(lambda visible: [[0.5, 0.5, 0.0]] * 2, [0, 1], K=3, mask=2))
    1.3862943611198906
    """
    check_function("predict", predict)
    clean = _clean(x0, K, mask)
    N = len(clean)
    everywhere = all_sequences(N, K)
    total: Any = MP.zero
    for t in range(1, N + 1):
        before, after = (masked_from_the_right(clean, s, mask) for s in (t - 1, t))
        certain = array((everywhere == before).all(axis=1).astype(np.int64))
        model = _revealing(predict, after, t, K, mask)
        total = total + kl(certain if model.dtype == object else certain.astype(float), model)
    return total


def _clean(x0: object, K: int, mask: int) -> IntArray:
    clean = check_sequences("x0", x0, K, "[N]")
    if (clean == check_class("mask", mask, K)).any():
        raise ValueError(f"x0 = {clean.tolist()} has the mask {mask} in it; valid: clean tokens")
    return clean


def reverse_kernel(predicted: object, xt: object, s: int, t: int, mask: int) -> Array:
    """p(x_s^i | x_t) for sequences x_t [N, L] at one time, s < t: [N, L, K].

    sum_{x_0} q(x_s | x_t, x_0) prod_i p(x_0^i | x_t): clean tokens are drawn from the prediction [N, L, K], to which
    SUBS is applied, and all but the first L - s masked again.  For s = t - 1 one token is drawn, and the rest is kept.
    Raises ValueError unless 0 <= s < t <= L, and where x_t has other masks than its last t tokens.

    >>> reverse_kernel([[[0.5, 0.5, 0.0], [0.25, 0.75, 0.0]]], [[2, 2]], 1, 2, mask=2)
    array([[[0.5, 0.5, 0. ],
            [0. , 0. , 1. ]]])
    """
    table = check_axes("predicted", array(predicted, "predicted"), "[N, L, K]")
    L, K = table.shape[1:]
    values, noisy = check_output("predicted", table, xt, K)
    if not check_class("s", s, L + 1) < check_class("t", t, L + 1):
        raise ValueError(f"s = {s}, t = {t}; valid: s < t")
    if ((noisy == check_class("mask", mask, K)) != (np.arange(L) >= L - t)).any():
        raise ValueError(f"xt = {noisy.tolist()} at t = {t}; valid: the mask {mask} at the last t positions only")
    clean = subs_denoiser(values, noisy, mask)
    return np.where((np.arange(L) < L - s)[:, None], clean, _certain(np.full(noisy.shape, mask), clean))


def pointwise_term(predicted: object, x0: object, t: int, mask: int) -> Array:
    """KL(q(x_{t-1} | x_t, x_0) || p(x_{t-1} | x_t)) for sequences x_0 [N, L] at one time t of 1..L: [N], in nats.

    q(x_{t-1} | x_t, x_0) puts all on x_0 with its last t - 1 tokens masked.  Raises ValueError for masks inside x_0.

    >>> pointwise_term([[[0.5, 0.5, 0.0]]], [[1]], 1, mask=2)
    array([0.69314718])
    """
    table = check_axes("predicted", array(predicted, "predicted"), "[N, L, K]")
    L, K = table.shape[1:]
    clean = check_sequences("x0", x0, K, "[N, L]")
    if not 1 <= check_class("t", t, L + 1):
        raise ValueError(f"t = {t}; valid: 1..{L}")
    if (clean == check_class("mask", mask, K)).any():
        raise ValueError(f"x0 = {clean.tolist()} has the mask {mask} in it; valid: clean tokens")
    before, after = (np.where(np.arange(L) < L - s, clean, mask) for s in (t - 1, t))
    kernel = reverse_kernel(table, after, t - 1, t, mask)
    return np.asarray(kl(_certain(before, kernel), kernel).sum(axis=-1))


def _certain(x: IntArray, like: Array) -> Array:
    """Probability one on the given classes, in the kind of number of a table [N, L, K]."""
    return np.where(shows(x, like.shape[-1]), like - like + 1, like - like)


def tagged(x: object, K: int) -> IntArray:
    """Tokens that carry their positions: v at position i is the class i K + v of N K classes.  Ints [..., N].

    >>> tagged([1, 0, 1], K=2).tolist()
    [1, 2, 5]
    """
    values = check_sequences("x", x, K)
    found: IntArray = values + K * np.arange(values.shape[-1])
    return found


def tagged_process(N: int, K: int, mask: int) -> DiscreteTime:
    """The D3PM of N steps over N K tagged tokens whose step t masks the tokens of position N - t (counted from 0).

    Each step is a matrix of zeros and ones, the same for all positions.  The prior is uniform over the N masks, as
    no position's tag is known to it: its KL is N log N for every sequence, and is no part of the cross-entropy.

    >>> tagged_process(2, 2, mask=1).steps[0].astype(int).tolist()
    [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]]
    """
    length, hidden = check_count("N", N), check_class("mask", mask, K)
    identity = np.eye(length * K, dtype=np.int64)
    steps = []
    for t in range(1, length + 1):
        i = length - t
        step = identity.copy()
        step[i * K : (i + 1) * K] = identity[i * K + hidden]
        steps.append(array(step))
    masks = one_hot(np.arange(length) * K + hidden, length * K).sum(axis=0)
    return DiscreteTime(tuple(steps), array(masks) / length)


def tagged_kernel(predict: Predict, N: int, K: int, mask: int) -> Reverse:
    """The reverse kernel of `tagged_process`: (t - 1, t) to [(N K)^N, N, N K].

    Position N - t is drawn from the prediction if x_t is a sequence that can occur at t; all else stays as it is.
    Raises ValueError for steps that are not of one unit.

    >>> kernel = tagged_kernel(lambda visible: [[0.25, 0.75, 0.0]], 1, 3, mask=2)
    >>> kernel(0, 1)[2]
    array([[0.25, 0.75, 0.  ]])
    """
    check_function("predict", predict)
    check_count("N", N)
    check_class("mask", mask, K)
    everywhere = all_sequences(N, N * K)

    def kernel(s: Any, t: Any) -> Array:
        if check_class("t", t, N + 1) != check_class("s", s, N + 1) + 1:
            raise ValueError(f"s = {s}, t = {t}; valid: t = s + 1")
        i = N - t
        stay = one_hot(everywhere, N * K)
        rows: list[tuple[int, Array]] = []
        for number, x in enumerate(everywhere):
            tokens = x - K * np.arange(N)
            if ((tokens >= 0) & (tokens < K) & ((tokens == mask) == (np.arange(N) >= i))).all():
                visible: Visible = tuple(None if token == mask else int(token) for token in tokens)
                rows.append((number, predicted(predict, visible, K)[i, :K]))
        table = match_kind(rows[0][1][0], stay).copy()
        for number, chances in rows:
            table[number, i] = table[number, i] - table[number, i]
            table[number, i, i * K : (i + 1) * K] = common(chances, table[:1, 0, 0])[0]
        return np.asarray(table)

    return kernel

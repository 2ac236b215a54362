"""Mistakes in what is measured of noise, of embeddings and of errors, and in what cannot be."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from tests.mutants.registry import Right, mutant
from unmask.properties import Process, Vocabulary

EVEN = ("d3pm_uniform", "d3pm_birth_death")
COLD = ("cold", "cold_walks", "cold_levels")


@mutant("information-of-even-data", "information", of=EVEN)
def information_of_even_data(right: Right, p: Process, weights: Tensor, t: Tensor) -> Tensor:
    """The data's law is taken for uniform"""
    even = torch.zeros_like(weights)
    even[list(p.clean)] = 1 / len(p.clean)
    return right.information(p, even, t)


@mutant("information-in-bits", "information", of=EVEN)
def information_in_bits(right: Right, p: Process, weights: Tensor, t: Tensor) -> Tensor:
    """log2 for log"""
    return right.information(p, weights, t) / math.log(2)


@mutant("noise-time-of-the-linear-schedule", "noise_time", of=("mdlm",))
def noise_time_of_the_linear_schedule(right: Right, p: Process, noised: Tensor) -> Tensor:
    """u = v, as for alpha = 1 - t"""
    return noised


@mutant("noise-time-of-what-is-left", "noise_time", of=("mdlm",))
def noise_time_of_what_is_left(right: Right, p: Process, noised: Tensor) -> Tensor:
    """The time at which so much is left, and not gone"""
    low, high = (float(1 - p.alpha(u)) for u in (0, 1))
    return right.noise_time(p, (low + high - noised).clamp(low, high))


@mutant("entropy-without-its-constant", "entrywise_score_entropy", of=("sedd_uniform", "sedd_absorb"))
def entropy_without_its_constant(right: Right, p: Process, log_score: Tensor, ratio: Tensor) -> Tensor:
    """K(r) is left out, since it has no gradient"""
    return log_score.exp() - ratio * log_score


@mutant("entropy-with-swapped-logarithm", "entrywise_score_entropy", of=("sedd_uniform", "sedd_absorb"))
def entropy_with_swapped_logarithm(right: Right, p: Process, log_score: Tensor, ratio: Tensor) -> Tensor:
    """s log(s/r) - s + r: the divergence in the other direction"""
    s = log_score.exp()
    return s * (log_score - ratio.clamp(min=1e-30).log()) - s + ratio


@mutant("neighbors-of-one-direction", "neighbor_rates", of=("embeddings",))
def neighbors_of_one_direction(right: Right, p: Vocabulary, embeddings: Tensor, k: int) -> Tensor:
    """Each token moves to its k nearest ones, whether or not it is near to them"""
    graph = torch.zeros(p.K, p.K, dtype=embeddings.dtype)
    apart = torch.cdist(embeddings, embeddings).fill_diagonal_(torch.inf)
    graph.scatter_(1, apart.sort(stable=True).indices[:, :k], 1 / k)
    return graph - torch.eye(p.K, dtype=embeddings.dtype)


@mutant("neighbors-by-inner-product", "neighbor_rates", of=("embeddings",))
def neighbors_by_inner_product(right: Right, p: Vocabulary, embeddings: Tensor, k: int) -> Tensor:
    """Embeddings are normalized first, so that only their directions count"""
    length = embeddings.norm(dim=-1, keepdim=True)
    return right.neighbor_rates(p, embeddings / torch.where(length > 0, length, 1.0), k)


@mutant("spectrum-of-half-the-circle", "error_by_frequency", of=("embeddings",))
def spectrum_of_half_the_circle(right: Right, p: Vocabulary, values: Tensor, others: Tensor, basis: str) -> Tensor:
    """rfft without its mirror image"""
    found = right.error_by_frequency(p, values, others, basis)
    if basis != "dft":
        return found
    once = torch.tensor([1.0 if k == 0 or 2 * k == p.K else 0.5 for k in range(p.K)], dtype=found.dtype)
    return found * once


@mutant("spectrum-of-amplitudes", "error_by_frequency", of=("embeddings",))
def spectrum_of_amplitudes(right: Right, p: Vocabulary, values: Tensor, others: Tensor, basis: str) -> Tensor:
    """The absolute value for its square"""
    return right.error_by_frequency(p, values, others, basis).sqrt()


@mutant("spectrum-of-the-mean-error", "error_by_frequency", of=("embeddings",))
def spectrum_of_the_mean_error(right: Right, p: Vocabulary, values: Tensor, others: Tensor, basis: str) -> Tensor:
    """Rows are averaged before they are squared, and their errors cancel"""
    return right.error_by_frequency(p, values.mean(0, keepdim=True), others.mean(0, keepdim=True), basis)


@mutant("shift-grows-with-the-signal", "shift", of=COLD)
def shift_grows_with_the_signal(right: Right, p: Process, signal: Tensor, direction: Tensor, t: Tensor) -> Tensor:
    """The signal is scaled as well"""
    much: Any = (t / float(p.end)).to(signal.dtype)[:, None, None]
    return right.shift(p, signal, direction, t) + much * signal


@mutant("shift-on-another-clock", "shift", of=COLD)
def shift_on_another_clock(right: Right, p: Process, signal: Tensor, direction: Tensor, t: Tensor) -> Tensor:
    """t for t / T, where T is 1: twice as much where it is not"""
    return right.shift(p, signal, direction * (2 if p.T is None else p.T + 1), t)


@mutant("reverse-with-an-epsilon", "reverse", of=("mdlm", "mdlm_discrete", "d3pm_absorbing", "d3pm_mixture"))
def reverse_with_an_epsilon(right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """Probabilities are clamped at 1e-20, so that their logarithms are finite"""
    return right.reverse(p, output, xt, s, t).clamp(min=1e-20)


@mutant("loss-of-clamped-probabilities", "loss", of=("mdlm_discrete", "d3pm_uniform", "d3pm_absorbing"))
def loss_of_clamped_probabilities(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """Probabilities are clamped at 1e-12 before their logarithm is taken"""
    return right.loss(p, output.softmax(-1).clamp(min=1e-12).log(), x0, xt, t)

"""Mistakes in autoregression as a diffusion: its noise, its posterior, its steps and its samples."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from tests.mutants import formulas as f
from tests.mutants.registry import Right, mutant
from unmask.properties import Vocabulary

Generator = torch.Generator
OF = ("autoregression",)


@mutant("next-token-noise-from-the-left", "next_token_noisy", of=OF)
def noise_from_the_left(right: Right, p: Vocabulary, x0: Tensor, t: Tensor) -> Tensor:
    """The first t tokens are masked, and the text is written backwards."""
    return torch.where(torch.arange(x0.shape[1]) < t[:, None], p.mask or 0, x0)


@mutant("next-token-marginal-one-step-late", "next_token_marginal", of=OF)
def marginal_one_step_late(right: Right, p: Vocabulary, x0: Tensor, t: Tensor) -> Tensor:
    """Steps are counted from 0, so that at time t one token more is masked."""
    return right.next_token_marginal(p, x0, (t + 1).clamp(max=x0.shape[1]))


@mutant("next-token-posterior-at-the-later-time", "next_token_posterior", of=OF)
def posterior_at_the_later_time(right: Right, p: Vocabulary, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """The posterior is that of x_t, and reveals nothing."""
    return right.next_token_marginal(p, x0, t)


@mutant("next-token-prior-does-not-know-positions", "next_token_prior_kl", of=OF)
def prior_does_not_know_positions(right: Right, p: Vocabulary, x0: Tensor) -> Tensor:
    """The prior is uniform over the masks of all positions, and pays log L for each."""
    L = x0.shape[1]
    return right.next_token_prior_kl(p, x0) + L * math.log(L)


@mutant("next-token-denoiser-forgets-what-it-sees", "next_token_denoise", of=OF)
def denoiser_forgets_what_it_sees(right: Right, p: Vocabulary, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The softmax of the logits at every position, visible ones too."""
    hidden = torch.full_like(xt, p.mask or 0)
    return right.next_token_denoise(p, output, hidden, torch.full_like(t, xt.shape[1]))


@mutant("next-token-step-takes-the-likeliest", "next_token_step", of=OF)
def step_takes_the_likeliest(
    right: Right, p: Vocabulary, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """Greedy decoding: the arg max for a draw."""
    sharp = torch.where(output == output.amax(-1, keepdim=True), output, output - 1e4)
    return right.next_token_step(p, sharp, xt, s, t, generator)


@mutant("next-token-step-repeats-its-noise", "next_token_step", of=OF)
def step_repeats_its_noise(
    right: Right, p: Vocabulary, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """One uniform number serves every row of a batch."""
    kernel: Any = right.next_token_reverse(p, output, xt, s, t)
    u = f.random((1, xt.shape[1]), generator)
    return (kernel.double().cumsum(-1) <= u[..., None]).sum(-1).clamp(max=p.K - 1)


@mutant("next-token-samples-from-one-look", "next_token_generate", of=OF)
def samples_from_one_look(right: Right, p: Vocabulary, network: Any, N: int, L: int, generator: Generator) -> Tensor:
    """The network is asked once, and all tokens are drawn from what it said of the masks."""
    hidden = torch.full((N, L), p.mask or 0)
    end = torch.full((N,), L)
    return right.next_token_step(p, network(hidden, end), hidden, torch.zeros_like(end), end, generator)


@mutant("next-token-step-shares-its-noise-over-positions", "next_token_step", of=OF)
def step_shares_its_noise_over_positions(
    right: Right, p: Vocabulary, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """One uniform number serves all tokens that a step reveals."""
    L = xt.shape[1]
    at = torch.arange(L)
    u = f.random((len(xt), 1), generator).expand(xt.shape)
    drawn = f.draw(right.next_token_denoise(p, output, xt, t), u)
    return torch.where((at >= L - t[:, None]) & (at < L - s[:, None]), drawn, xt)


@mutant("next-token-samples-ask-one-step-late", "next_token_generate", of=OF)
def samples_ask_one_step_late(
    right: Right, p: Vocabulary, network: Any, N: int, L: int, generator: Generator
) -> Tensor:
    """The network hears the time that the step leads to."""
    return right.next_token_generate(p, lambda xt, t: network(xt, t - 1), N, L, generator)


@mutant("next-token-samples-copy-far-positions", "next_token_generate", of=OF)
def samples_copy_far_positions(
    right: Right, p: Vocabulary, network: Any, N: int, L: int, generator: Generator
) -> Tensor:
    """A buffer of twelve tokens: those beyond are copies of the first."""
    drawn: Tensor = right.next_token_generate(p, network, N, L, generator)
    return torch.cat([drawn[:, :12], drawn[:, :1].expand(-1, max(L - 12, 0))], 1)

"""Mistakes in the noise of a draw, and in what is drawn with it."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.mutants import formulas as f
from tests.mutants.registry import Right, mutant
from tests.mutants.steps import kernel
from unmask.properties import Process

Generator = torch.Generator

ANY = ("d3pm_uniform", "mdlm", "d3pm_mixture", "mdlm_discrete", "d3pm_birth_death")
#: Samplers that a vocabulary of fifty thousand classes is no trouble for.
LARGE = ("mdlm",)


def drawn_with_24_bits(p: Tensor, like: Tensor, generator: Generator) -> Tensor:
    """Ids ``[N, L]`` from ``p [N or 1, L, K]``: whose exponential clock rings first, in uniforms that are k 2^-24.

    This is Gumbel's trick with one logarithm less.  Of n classes of one probability the one with the largest uniform
    wins, which is v^(1/n) rounded down to 24 bits, and may be any of them: they are drawn as one.
    """
    if len(p) == len(like):
        return (f.random(p.shape, generator, torch.float32).log() / -p.float()).argmin(-1)
    return torch.stack([_of_one_law(weights, len(like), generator) for weights in p[0]], -1)


def _of_one_law(p: Tensor, N: int, generator: Generator) -> Tensor:
    """``N`` such draws, ``[N]``, from ``p [K]``."""
    different, kind, count = p.unique(return_inverse=True, return_counts=True)
    largest = f.random((N, len(different)), generator) ** (1 / count)
    winner = ((largest * 2**24).floor() / 2**24).log().div(-different).argmin(-1)
    member = (f.random((N,), generator) * count[winner]).long()
    return kind.argsort()[(count.cumsum(0) - count)[winner] + member]


def every_seventh(shape: torch.Size, generator: Generator) -> Tensor:
    """Uniforms for seven rows, again and again."""
    few = f.random((7, shape[1]), generator)
    return few.repeat(-(-shape[0] // 7), 1)[: shape[0]]


@mutant("step-with-24-bit-noise", "step", of=LARGE)
def step_with_24_bit_noise(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """Gumbel's trick with torch.rand's float32 uniforms, which never come closer to 1 than 2^-24."""
    # Rows that are all the same need their kernel once.
    few = 1 if p.K > 1000 else len(xt)
    return drawn_with_24_bits(kernel(right, p, output[:few], xt[:few], s[:few], t[:few]), xt, generator)


@mutant("sample-with-24-bit-noise", "sample", of=("sedd_uniform",))
def sample_with_24_bit_noise(right: Right, p: Process, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
    """Gumbel's trick with torch.rand's float32 uniforms, which never come closer to 1 than 2^-24."""
    few = 1 if p.K > 1000 else len(x0)
    return drawn_with_24_bits(right.marginal(p, x0[:few], t[:few]), x0, generator)


@mutant("step-rewinds-its-generator", "step", of=ANY)
def step_rewinds_its_generator(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """The generator's state is restored after the draw, as fork_rng does, so that the next step has the same noise."""
    state = generator.get_state()
    drawn = right.step(p, output, xt, s, t, generator)
    generator.set_state(state)
    return drawn


@mutant("sample-rewinds-its-generator", "sample", of=("d3pm_uniform", "mdlm", "d3pm_birth_death"))
def sample_rewinds_its_generator(right: Right, p: Process, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
    """The generator is copied for reproducibility, and the copy draws: every batch has the same noise."""
    return right.sample(p, x0, t, generator.clone_state())


@mutant("step-repeats-noise-every-seven-rows", "step", of=ANY)
def step_repeats_noise_every_seven_rows(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """Noise is drawn for one micro-batch of seven rows, and tiled over the whole batch."""
    return f.draw(kernel(right, p, output, xt, s, t), every_seventh(xt.shape, generator))


@mutant("sample-repeats-noise-every-seven-rows", "sample", of=("d3pm_uniform", "mdlm", "d3pm_mask_and_uniform"))
def sample_repeats_noise_every_seven_rows(
    right: Right, p: Process, x0: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """Noise is drawn for one micro-batch of seven rows, and tiled over the whole batch."""
    return f.draw(right.marginal(p, x0, t), every_seventh(x0.shape, generator))


def tiled(shape: torch.Size, generator: Generator) -> Tensor:
    """Uniforms for 64 positions, again and again along each row."""
    few = f.random((shape[0], min(64, shape[1])), generator)
    return few[:, torch.arange(shape[1]) % 64]


@mutant("step-tiles-its-noise", "step", of=("d3pm_uniform", "mdlm", "d3pm_birth_death"))
def step_tiles_its_noise(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """Noise is drawn for a window of 64 positions, and tiled over longer sequences."""
    return f.draw(kernel(right, p, output, xt, s, t), tiled(xt.shape, generator))


@mutant("sample-tiles-its-noise", "sample", of=("d3pm_uniform", "mdlm", "d3pm_mask_and_uniform"))
def sample_tiles_its_noise(right: Right, p: Process, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
    """Noise is drawn for a window of 64 positions, and tiled over longer sequences."""
    return f.draw(right.marginal(p, x0, t), tiled(x0.shape, generator))


@mutant("step-looks-at-the-first-time", "step", of=("d3pm_uniform", "mdlm", "d3pm_band"))
def step_looks_at_the_first_time(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """The step's length is each row's own, and where it begins that of the first row, as long as that is later."""
    first = t[:1].expand_as(t)
    return right.step(p, output, xt, s, torch.where(first > s, first, t), generator)


@mutant("step-stratifies-its-noise", "step", of=ANY)
def step_stratifies_its_noise(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """Low-discrepancy noise, good for training times, is taken for draws: one sorted uniform per row of the batch."""
    N, L = xt.shape
    u = (torch.arange(N, dtype=torch.float64)[:, None] + f.random((1, L), generator)) / max(N, 1)
    return f.draw(kernel(right, p, output, xt, s, t), u)


@mutant("step-at-another-temperature", "step", of=("d3pm_uniform", "mdlm", "mdlm_discrete", "d3pm_absorbing"))
def step_at_another_temperature(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """Logits are divided by a temperature of 0.8, left over from a demonstration, which is another model."""
    return right.step(p, output / 0.8, xt, s, t, generator)


@mutant("step-at-almost-the-right-temperature", "step", of=("mdlm", "mdlm_discrete", "d3pm_absorbing"))
def step_at_almost_the_right_temperature(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """A temperature of 0.95 that samples looked best at, left over from a demonstration."""
    return right.step(p, output / 0.95, xt, s, t, generator)


@mutant("step-drops-unlikely-tokens", "step", of=("mdlm", "mdlm_discrete", "d3pm_absorbing"))
def step_drops_unlikely_tokens(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """Nucleus sampling, on by default: only the likeliest classes that make up nine tenths can be drawn."""
    ranked, order = right.denoise(p, output, xt, t).sort(-1, descending=True)
    nucleus = torch.zeros_like(order, dtype=torch.bool).scatter(-1, order, ranked.cumsum(-1) - ranked < 0.9)
    return right.step(p, torch.where(nucleus, output, -1e4), xt, s, t, generator)


@mutant("step-leaves-masks-at-the-end", "step", of=("mdlm",))
def step_leaves_masks_at_the_end(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """Sampling stops at the 1e-3 at which training did, and what is still masked then stays."""
    return right.step(p, output, xt, torch.minimum(s.clamp(min=1e-3), t * 0.999), t, generator)


@mutant("step-takes-the-mode-at-the-end", "step", of=ANY)
def step_takes_the_mode_at_the_end(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """The last step takes the most probable class, the denoising of samples that image models end with."""
    drawn = right.step(p, output, xt, s, t, generator)
    return torch.where((s == 0)[:, None], right.reverse(p, output, xt, s, t).argmax(-1), drawn)


@mutant("hybrid-detaches-the-cross-entropy", "hybrid_loss", of=("d3pm_uniform", "d3pm_mixture"))
def hybrid_detaches_the_cross_entropy(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor, weight: float
) -> Tensor:
    """The auxiliary term is computed from logits that were detached to be logged, and teaches nothing."""
    fixed = output.detach()
    auxiliary = right.hybrid_loss(p, fixed, x0, xt, t, weight) - right.loss(p, fixed, x0, xt, t)
    return right.loss(p, output, x0, xt, t) + auxiliary

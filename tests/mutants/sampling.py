"""Mistakes in drawing noise."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.mutants import formulas as f
from tests.mutants.registry import Right, mutant
from unmask.properties import Process

UNIFORM = ("d3pm_uniform", "sedd_uniform")
ANY = ("d3pm_uniform", "mdlm", "d3pm_mask_and_uniform")


@mutant("sample-shares-noise", "sample", of=ANY)
def sample_shares_noise(right: Right, p: Process, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
    """The same uniforms serve every row of the batch."""
    return f.draw(right.marginal(p, x0, t), f.random((1, x0.shape[1]), generator).expand(x0.shape))


@mutant("sample-uses-the-first-time", "sample", of=ANY)
def sample_uses_the_first_time(right: Right, p: Process, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
    """The noise level is looked up once, for the first row."""
    return right.sample(p, x0, t[:1].expand(t.shape).contiguous(), generator)


@mutant("sample-shares-noise-over-positions", "sample", of=ANY)
def sample_shares_noise_over_positions(
    right: Right, p: Process, x0: Tensor, t: Tensor, generator: torch.Generator
) -> Tensor:
    """One uniform per row serves all positions of a sequence."""
    return f.draw(right.marginal(p, x0, t), f.random((len(x0), 1), generator).expand(x0.shape))


@mutant(
    "sample-repeats-noise-after-half-the-batch",
    "sample",
    of=ANY,
)
def sample_repeats_noise_after_half_the_batch(
    right: Right, p: Process, x0: Tensor, t: Tensor, generator: torch.Generator
) -> Tensor:
    """Two workers with the same seed draw one half of the batch each."""
    half = f.random(((len(x0) + 1) // 2, x0.shape[1]), generator)
    return f.draw(right.marginal(p, x0, t), torch.cat([half, half])[: len(x0)])


@mutant("sample-one-step-late", "sample", of=ANY)
def sample_one_step_late(right: Right, p: Process, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
    """Noise is drawn for the time after t."""
    return right.sample(p, x0, f.later(p, t), generator)


@mutant("sample-never-returns", "sample", of=UNIFORM)
def sample_never_returns(right: Right, p: Process, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
    """A token that is hit always becomes another one."""
    hit = f.random(tuple(x0.shape), generator) < (1 - f.alpha(p, t))[:, None]
    other = (x0 + 1 + (f.random(tuple(x0.shape), generator) * (p.K - 1)).long()) % p.K
    return torch.where(hit, other, x0)


@mutant("sample-never-draws-the-last-class", "sample", of=UNIFORM)
def sample_never_draws_the_last_class(
    right: Right, p: Process, x0: Tensor, t: Tensor, generator: torch.Generator
) -> Tensor:
    """The upper end of a random integer is taken to be included when it is not."""
    hit = f.random(tuple(x0.shape), generator) < (1 - f.alpha(p, t))[:, None]
    return torch.where(hit, (f.random(tuple(x0.shape), generator) * (p.K - 1)).long(), x0)


@mutant("sample-uses-one-uniform-twice", "sample", of=UNIFORM)
def sample_uses_one_uniform_twice(
    right: Right, p: Process, x0: Tensor, t: Tensor, generator: torch.Generator
) -> Tensor:
    """The uniform that decides who is hit also decides what it becomes."""
    u = f.random(tuple(x0.shape), generator)
    return torch.where(u < (1 - f.alpha(p, t))[:, None], (u * p.K).long(), x0)


@mutant(
    "sample-in-half-precision",
    "sample",
    of=("mdlm", "d3pm_absorbing", "d3pm_uniform"),
    escapes="shows where 1 - alpha is below 1/256 or in many more draws: in a nightly run, by chance in a shorter one",
)
def sample_in_half_precision(right: Right, p: Process, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
    """Uniforms are rounded to the network's bfloat16 and compared with a probability in the same format."""
    u = f.random(tuple(x0.shape), generator, torch.bfloat16)
    marginal = right.marginal(p, x0, t)
    hit = u < (1 - f.alpha(p, t))[:, None].to(torch.bfloat16)
    return torch.where(hit, f.draw(f.prior(p).expand(marginal.shape), f.random(tuple(x0.shape), generator)), x0)


@mutant(
    "sample-in-single-precision",
    "sample",
    of=("mdlm", "d3pm_uniform"),
    escapes="a float32 uniform has 24 bits: ten thousand draws cannot show what is wrong with events rarer than 1e-7",
)
def sample_in_single_precision(right: Right, p: Process, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
    """Uniforms are float32, so that events rarer than about 1e-7 are drawn at the wrong rate, or never."""
    return f.draw(right.marginal(p, x0, t), f.random(tuple(x0.shape), generator, torch.float32).double())


@mutant("sample-uses-the-global-generator", "sample", of=("d3pm_uniform", "mdlm"))
def sample_uses_the_global_generator(
    right: Right, p: Process, x0: Tensor, t: Tensor, generator: torch.Generator
) -> Tensor:
    """The generator is not passed on to the function that draws."""
    return f.draw(right.marginal(p, x0, t), torch.rand(x0.shape, dtype=torch.float64))


@mutant(
    "sample-seeds-itself",
    "sample",
    of=("d3pm_uniform", "mdlm"),
)
def sample_seeds_itself(right: Right, p: Process, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
    """Reproducible by a fixed seed inside: every call draws the same noise, whatever generator it is given."""
    return right.sample(p, x0, t, torch.Generator().manual_seed(0))


@mutant(
    "sample-returns-narrow-ids",
    "sample",
    of=("d3pm_uniform", "mdlm"),
    escapes="ids of any integer dtype are read; no law asks for int64",
)
def sample_returns_narrow_ids(right: Right, p: Process, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
    """Ids come back as uint8, which every vocabulary of a test fits in and no other does."""
    return right.sample(p, x0, t, generator).to(torch.uint8)


@mutant("sample-writes-into-the-data", "sample", of=("d3pm_uniform", "mdlm"))
def sample_writes_into_the_data(right: Right, p: Process, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
    """Noise is written over the clean sequences."""
    return x0.copy_(right.sample(p, x0, t, generator))

"""Mistakes in drawing a reverse step."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.methods.building import keeping
from tests.mutants import formulas as f
from tests.mutants.registry import Right, mutant
from unmask.implementations import MDLM, FlowMatching
from unmask.properties import Process

Generator = torch.Generator

ANY = ("d3pm_uniform", "mdlm", "d3pm_mixture", "mdlm_discrete", "sedd_absorb", "flow")
CONTINUOUS = ("mdlm", "flow", "mixture_continuous", "sedd_absorb")


def kernel(right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """The right kernel, what is negative cut off."""
    probabilities: Tensor = right.reverse(p, output, xt, s, t).clamp(min=0)
    return probabilities


@mutant("step-one-step-late", "step", of=ANY)
def step_one_step_late(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """The step is made from the time after t."""
    return right.step(p, output, xt, s, f.later(p, t), generator)


@mutant("step-moves-too-fast", "step", of=CONTINUOUS)
def step_moves_too_fast(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """The step is made to twice the distance: s counts half steps, and its divisor whole ones."""
    return right.step(p, output, xt, (s - (t - s)).clamp(min=0), t, generator)


@mutant("step-shares-noise", "step", of=ANY)
def step_shares_noise(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """One uniform per row serves all positions of a sequence."""
    return f.draw(kernel(right, p, output, xt, s, t), f.random((len(xt), 1), generator).expand(xt.shape))


@mutant("step-shares-noise-over-the-batch", "step", of=ANY)
def step_shares_noise_over_the_batch(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """The same uniforms serve every row of the batch."""
    return f.draw(kernel(right, p, output, xt, s, t), f.random((1, xt.shape[1]), generator).expand(xt.shape))


@mutant(
    "step-shares-noise-between-neighbors",
    "step",
    of=ANY,
)
def step_shares_noise_between_neighbors(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """Two samples of one prompt lie side by side in the batch, and draw the same noise."""
    u = f.random(((len(xt) + 1) // 2, xt.shape[1]), generator).repeat_interleave(2, 0)
    return f.draw(kernel(right, p, output, xt, s, t), u[: len(xt)])


@mutant(
    "step-seeds-itself",
    "step",
    of=ANY,
)
def step_seeds_itself(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """Every step of a sampler begins with the same seed, so that all of them draw the same noise."""
    return right.step(p, output, xt, s, t, Generator().manual_seed(0))


@mutant("step-takes-the-mode", "step", of=ANY)
def step_takes_the_mode(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """The most probable class is taken, and nothing is drawn."""
    return right.reverse(p, output, xt, s, t).argmax(-1)


@mutant("step-adds-gumbel-noise-to-probabilities", "step", of=("d3pm_uniform", "mdlm"))
def step_adds_gumbel_noise_to_probabilities(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """Gumbel noise is added to probabilities, not to their logarithms."""
    probabilities = right.reverse(p, output, xt, s, t)
    u = f.random(tuple(probabilities.shape), generator).clamp(min=1e-300)
    return (probabilities.double() - (-u.log()).log()).argmax(-1)


@mutant("step-with-half-the-gumbel", "step", of=("d3pm_uniform", "mdlm"))
def step_with_half_the_gumbel(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """-log u in place of -log(-log u)."""
    probabilities = right.reverse(p, output, xt, s, t).double()
    u = f.random(tuple(probabilities.shape), generator).clamp(min=1e-300)
    return (probabilities.log() - u.log()).argmax(-1)


@mutant("step-remasks-visible-tokens", "step", of=("mdlm", "mdlm_discrete", "d3pm_absorbing"))
def step_remasks_visible_tokens(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """Each step lets a twentieth of the visible tokens be masked again, a heuristic that leaves the model."""
    drawn = right.step(p, output, xt, s, t, generator)
    again = ~f.masked(p, xt) & (f.random(tuple(xt.shape), generator) < 0.05)
    return torch.where(again, p.mask or 0, drawn)


@mutant("step-renoises-its-guess", "step", of=("d3pm_uniform", "mdlm", "d3pm_mask_and_uniform"))
def step_renoises_its_guess(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """x_0 is drawn from the denoiser and noised to time s, whatever x_t was."""
    guess = f.draw(right.denoise(p, output, xt, t), f.random(tuple(xt.shape), generator))
    return f.draw(f.rows(f.cumulated(p, s), guess), f.random(tuple(xt.shape), generator))


@mutant("step-reveals-a-number-of-tokens", "step", of=("mdlm", "mdlm_discrete"))
def step_reveals_a_number_of_tokens(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """A fixed number of masks is lifted, the expected one rounded, where each should be lifted by chance."""
    masked = f.masked(p, xt)
    share = f.schedule(p).drop(s, t) / f.schedule(p).one_minus_alpha(t)
    quota = (masked.sum(-1) * share).round()[:, None]
    rank = torch.where(masked, f.random(tuple(xt.shape), generator), 2.0).argsort(-1).argsort(-1)
    drawn = f.draw(right.denoise(p, output, xt, t), f.random(tuple(xt.shape), generator))
    return torch.where(masked & (rank < quota), drawn, xt)


@mutant("step-uses-the-global-generator", "step", of=ANY)
def step_uses_the_global_generator(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """torch.multinomial is called without the generator."""
    return f.draw(kernel(right, p, output, xt, s, t), torch.rand(xt.shape, dtype=torch.float64))


@mutant(
    "step-draws-in-half-precision",
    "step",
    of=("d3pm_uniform", "mdlm"),
    escapes="a probability is off by less than 0.4 %, and five thousand draws show 10 standard deviations, some 7 %",
)
def step_draws_in_half_precision(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """Probabilities are cumulated in the network's bfloat16."""
    heights = kernel(right, p, output, xt, s, t).to(torch.bfloat16).cumsum(-1)
    u = f.random(tuple(xt.shape), generator).unsqueeze(-1)
    return (u >= heights / heights[..., -1:]).sum(-1).clamp(max=p.K - 1)


def jumping(
    factor: float, right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """Euler's step at ``factor`` times the rates."""
    kernel = right.euler(p, output, xt, s, t)
    here = xt.long().unsqueeze(-1)
    jumps = (factor * kernel).scatter(-1, here, 0.0)
    return f.draw(jumps.scatter(-1, here, 1 - jumps.sum(-1, keepdim=True)), f.random(tuple(xt.shape), generator))


@mutant("step-jumps-five-percent-too-often", "step", of=("sedd_euler",))
def step_jumps_five_percent_too_often(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """The width of a step is 1/(n - 1) where there are n of them: with 21, each is 5 % too wide."""
    return jumping(1.05, right, p, output, xt, s, t, generator)


@mutant("step-jumps-five-percent-too-seldom", "step", of=("sedd_euler",))
def step_jumps_five_percent_too_seldom(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """The rate is multiplied by 0.95, the share of the time that is left after a burn-in."""
    return jumping(0.95, right, p, output, xt, s, t, generator)


def back_under_the_noise(p: Process, drawn: Tensor, hit: Tensor, generator: Generator) -> Tensor:
    """Tokens, each of which is replaced by noise with the probability of its row, ``hit [N]``."""
    again = f.random(tuple(drawn.shape), generator) < hit[:, None]
    return torch.where(again, keeping(p).noise(drawn.shape, generator, drawn.device), drawn)


def beyond(p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """A step without a corrector that goes twice as far, and the time that it leads to."""
    end = (s - (t - s)).clamp(min=0)
    return FlowMatching(keeping(p)).step(output, xt, end, t, generator), end


@mutant("corrected-step-goes-no-further", "step", of=("flow_corrected",))
def corrected_step_goes_no_further(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """A corrector adds noise to a step that does not make up for it."""
    drawn = FlowMatching(keeping(p)).step(output, xt, s, t, generator)
    return back_under_the_noise(p, drawn, keeping(p).schedule.hit(s, t), generator)


@mutant("corrected-step-noises-to-its-start", "step", of=("flow_corrected",))
def corrected_step_noises_to_its_start(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """The noise of the corrector is that from the end of its step to t, and not to s."""
    drawn, end = beyond(p, output, xt, s, t, generator)
    return back_under_the_noise(p, drawn, keeping(p).schedule.hit(end, t), generator)


@mutant("corrected-step-forgets-to-noise", "step", of=("flow_corrected",))
def corrected_step_forgets_to_noise(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """The velocity is taken 1 + c times, and the noise that belongs to it is left out."""
    return beyond(p, output, xt, s, t, generator)[0]


@mutant("corrected-step-noises-at-another-rate", "step", of=("flow_corrected",))
def corrected_step_noises_at_another_rate(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """The corrector's noise comes at the rate at which alpha falls, not at that over alpha."""
    drawn, end = beyond(p, output, xt, s, t, generator)
    return back_under_the_noise(p, drawn, keeping(p).schedule.drop(end, s.clamp(min=1e-9)), generator)


@mutant("remasked-for-another-alpha", "step", of=("remdm",))
def remasked_for_another_alpha(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """What is masked again is made up for as if alpha_s of all were visible before, and not alpha_t."""
    schedule, sigma = keeping(p).schedule, 0.25
    alpha_s, alpha_t = (schedule.alpha(u)[:, None] for u in (s, t))
    reveal = ((alpha_s - (alpha_t - sigma * alpha_s)) / (1 - alpha_t)).clamp(max=1)
    u = f.random(tuple(xt.shape), generator)
    clean = output.index_fill(-1, torch.tensor(p.mask or 0), -torch.inf).softmax(-1)
    token = f.draw(clean, f.random(tuple(xt.shape), generator))
    masked = f.masked(p, xt)
    return torch.where(masked & (u < reveal), token, torch.where(~masked & (u < sigma), p.mask or 0, xt))


@mutant("remasked-without-more-reveals", "step", of=("remdm",))
def remasked_without_more_reveals(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """Visible tokens are masked again after a step of MDLM, which reveals no more for it."""
    drawn = MDLM(keeping(p)).step(output, xt, s, t, generator)
    again = ~f.masked(p, xt) & (f.random(tuple(xt.shape), generator) < 0.25)
    return torch.where(again, p.mask or 0, drawn)

"""Mistakes in whole samples: where they start, what the network is asked, and which positions are whose."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from tests.mutants import formulas as f
from tests.mutants.registry import Right, mutant
from unmask.properties import Process

Generator = torch.Generator
Times = Sequence[Any]

ANY = ("d3pm_uniform", "mdlm", "d3pm_mixture", "mdlm_discrete", "d3pm_band")
MASKED = ("mdlm", "mdlm_discrete")
MOVING = ("d3pm_ehrenfest", "d3pm_drifting_prior", "d3pm_mask_and_uniform")


def now(p: Process, time: Any, N: int) -> Tensor:
    """One time for all rows."""
    return torch.full((N,), time, dtype=torch.float64 if p.T is None else torch.int64)


def noise(p: Process, N: int, L: int, generator: Generator) -> Tensor:
    """Draws from the prior, ``[N, L]``."""
    return f.draw(f.prior(p).expand(N, L, p.K), f.random((N, L), generator))


def stepped(right: Right, p: Process, network: Any, x: Tensor, t: Any, s: Any, generator: Generator) -> Tensor:
    """One right step from ``t`` to ``s``."""
    before, after = now(p, t, len(x)), now(p, s, len(x))
    drawn: Tensor = right.step(p, network(x, before), x, after, before, generator)
    return drawn


@mutant("generate-starts-at-the-second-time", "generate", of=ANY)
def generate_starts_at_the_second_time(
    right: Right, p: Process, network: Any, N: int, L: int, times: Times, generator: Generator
) -> Tensor:
    """The loop over times begins at index 1, where the noise of index 0 is taken to have arrived."""
    return right.generate(p, network, N, L, times[1:] if len(times) > 2 else times, generator)


@mutant("generate-asks-at-the-wrong-time", "generate", of=ANY)
def generate_asks_at_the_wrong_time(
    right: Right, p: Process, network: Any, N: int, L: int, times: Times, generator: Generator
) -> Tensor:
    """The network is told the time that the step leads to, and not the time of the noise that it sees."""
    after = dict(pairwise(times))
    return right.generate(p, lambda xt, t: network(xt, torch.full_like(t, after[t[0].item()])), N, L, times, generator)


@mutant("generate-asks-backward", "generate", of=("mdlm", "d3pm_uniform", "sedd_euler"))
def generate_asks_backward(
    right: Right, p: Process, network: Any, N: int, L: int, times: Times, generator: Generator
) -> Tensor:
    """The network's time runs from noise to data, and the sampler's the other way."""
    end = p.end if p.T is not None else 1.0
    return right.generate(p, lambda xt, t: network(xt, end - t), N, L, times, generator)


@mutant("generate-asks-one-time-late", "generate", of=ANY)
def generate_asks_one_time_late(
    right: Right, p: Process, network: Any, N: int, L: int, times: Times, generator: Generator
) -> Tensor:
    """The time is taken from the list after the index has moved, so that the network always hears the one before."""
    before = {float(t): earlier for earlier, t in pairwise([times[0], *times])}
    return right.generate(p, lambda xt, t: network(xt, torch.full_like(t, before[float(t[0])])), N, L, times, generator)


@mutant("generate-keeps-its-first-answers", "generate", of=("sedd_euler",))
def generate_keeps_its_first_answers(
    right: Right, p: Process, network: Any, N: int, L: int, times: Times, generator: Generator
) -> Tensor:
    """The network is asked before the loop, and never again."""
    known: list[Tensor] = []

    def once(xt: Tensor, t: Tensor) -> Tensor:
        if not known:
            known.append(network(xt, t))
        return known[0]

    return right.generate(p, once, N, L, times, generator)


@mutant("generate-skips-the-last-step", "generate", of=ANY)
def generate_skips_the_last_step(
    right: Right, p: Process, network: Any, N: int, L: int, times: Times, generator: Generator
) -> Tensor:
    """The loop ends at the last positive time, so that what is returned is still a little noisy."""
    x = noise(p, N, L, generator)
    for t, s in pairwise(times[:-1]):
        x = stepped(right, p, network, x, t, s, generator)
    return x


@mutant("generate-starts-at-uniform-noise", "generate", of=MOVING)
def generate_starts_at_uniform_noise(
    right: Right, p: Process, network: Any, N: int, L: int, times: Times, generator: Generator
) -> Tensor:
    """Samples begin with torch.randint, whatever law the noise ends in."""
    x = torch.randint(p.K, (N, L), generator=generator)
    for t, s in pairwise(times):
        x = stepped(right, p, network, x, t, s, generator)
    return x


@mutant("generate-shares-the-first-draw", "generate", of=("d3pm_uniform", "d3pm_ehrenfest", "d3pm_band"))
def generate_shares_the_first_draw(
    right: Right, p: Process, network: Any, N: int, L: int, times: Times, generator: Generator
) -> Tensor:
    """One token is drawn from the prior for all positions of a sequence."""
    x = noise(p, N, 1, generator).expand(N, L).contiguous()
    for t, s in pairwise(times):
        x = stepped(right, p, network, x, t, s, generator)
    return x


@mutant("cache-is-never-renewed", "generate_cached", of=MASKED)
def cache_is_never_renewed(
    right: Right, p: Process, network: Any, N: int, L: int, times: Times, generator: Generator
) -> Tensor:
    """The network's first answer serves all steps, also after tokens have been revealed."""
    first = network(noise(p, N, L, generator), now(p, times[0], N))
    return right.generate(p, lambda xt, t: first, N, L, times, generator)


@mutant("cache-is-renewed-too-late", "generate_cached", of=MASKED)
def cache_is_renewed_too_late(
    right: Right, p: Process, network: Any, N: int, L: int, times: Times, generator: Generator
) -> Tensor:
    """Whether to ask again is decided for the whole batch, by whether its first sequence has changed."""
    known: dict[str, Tensor] = {}

    def cached(xt: Tensor, t: Tensor) -> Tensor:
        if "row" not in known or not torch.equal(known["row"], xt[:1]):
            known["row"], known["output"] = xt[:1].clone(), network(xt, t)
        return known["output"]

    return right.generate(p, cached, N, L, times, generator)


@mutant("cache-asks-for-two-rows-or-more", "generate_cached", of=MASKED)
def cache_asks_for_two_rows_or_more(
    right: Right, p: Process, network: Any, N: int, L: int, times: Times, generator: Generator
) -> Tensor:
    """The network is asked again only where several sequences have changed; one by itself stays as it is."""
    if N == 1:
        return noise(p, N, L, generator)
    return right.generate(p, network, N, L, times, generator)


@mutant("blocks-forget-the-finished-ones", "generate_in_blocks", of=MASKED)
def blocks_forget_the_finished_ones(
    right: Right, p: Process, network: Any, N: int, blocks: Sequence[int], times: Times, generator: Generator
) -> Tensor:
    """Each block is drawn while all others are masked, those that are finished included."""
    x, first = noise(p, N, sum(blocks), generator), 0
    for length in blocks:
        alone = noise(p, N, sum(blocks), generator)
        here = torch.zeros_like(x, dtype=torch.bool)
        here[:, first : first + length] = True
        for t, s in pairwise(times):
            alone = torch.where(here, stepped(right, p, network, alone, t, s, generator), alone)
        x, first = torch.where(here, alone, x), first + length
    return x


@mutant("blocks-go-right-to-left", "generate_in_blocks", of=MASKED)
def blocks_go_right_to_left(
    right: Right, p: Process, network: Any, N: int, blocks: Sequence[int], times: Times, generator: Generator
) -> Tensor:
    """The list of blocks is consumed from its end, by pop()."""
    flipped = right.generate_in_blocks(
        p, lambda xt, t: network(xt.flip(-1), t).flip(-2), N, blocks[::-1], times, generator
    )
    return flipped.flip(-1)


@mutant("reveals-go-left-to-right", "generate_one_by_one", of=("mdlm",))
def reveals_go_left_to_right(right: Right, p: Process, network: Any, N: int, L: int, generator: Generator) -> Tensor:
    """The mask to lift is the first one, as argmax of a boolean finds it, and not any of them."""
    x, t = noise(p, N, L, generator), now(p, 1.0, N)
    for i in range(L):
        t = right.next_reveal(p, torch.full((N,), L - i), t, generator).clamp(min=0)
        predicted = right.denoise(p, network(x, t), x, t)[:, i]
        x = x.index_put((torch.arange(N), torch.tensor(i)), f.draw(predicted, f.random((N,), generator)))
    return x


@mutant("infilling-overwrites-what-is-known", "infill", of=("d3pm_uniform", "d3pm_mixture", "d3pm_band"))
def infilling_overwrites_what_is_known(
    right: Right, p: Process, network: Any, x0: Tensor, known: Tensor, times: Times, generator: Generator
) -> Tensor:
    """Known tokens are put in at the start and then drawn like others, which is harmless under masking alone."""
    x = torch.where(known, x0, noise(p, x0.shape[0], x0.shape[1], generator))
    for t, s in pairwise(times):
        x = stepped(right, p, network, x, t, s, generator)
    return x


@mutant("infilling-starts-known-positions-masked", "infill", of=ANY)
def infilling_starts_known_positions_masked(
    right: Right, p: Process, network: Any, x0: Tensor, known: Tensor, times: Times, generator: Generator
) -> Tensor:
    """Known tokens are put back after each step, so that the first step does not see them yet."""
    x = noise(p, x0.shape[0], x0.shape[1], generator)
    for t, s in pairwise(times):
        x = torch.where(known, x0, stepped(right, p, network, x, t, s, generator))
    return x


@mutant("infilling-reads-its-mask-upside-down", "infill", of=ANY)
def infilling_reads_its_mask_upside_down(
    right: Right, p: Process, network: Any, x0: Tensor, known: Tensor, times: Times, generator: Generator
) -> Tensor:
    """True marks what is to be filled in, in one library, and what is known, in the other."""
    clean = torch.where(torch.eq(x0, -1 if p.mask is None else p.mask), p.clean[0], x0)
    return right.infill(p, network, clean, ~known, times, generator)


@mutant("infilling-knows-what-the-first-row-knows", "infill", of=ANY)
def infilling_knows_what_the_first_row_knows(
    right: Right, p: Process, network: Any, x0: Tensor, known: Tensor, times: Times, generator: Generator
) -> Tensor:
    """Which positions are known is looked up once, in the first row, for the whole batch."""
    return right.infill(p, network, x0, known[:1].expand_as(known).contiguous(), times, generator)


@mutant("infilling-copies-the-first-row", "infill", of=ANY)
def infilling_copies_the_first_row(
    right: Right, p: Process, network: Any, x0: Tensor, known: Tensor, times: Times, generator: Generator
) -> Tensor:
    """One prompt for the whole batch: that of its first row."""
    return right.infill(p, network, x0[:1].expand_as(x0).contiguous(), known, times, generator)


def late(network: Any, times: Times) -> Any:
    """A network that hears the time which a step leads to."""
    after = {float(t): s for t, s in pairwise(times)}
    return lambda xt, t: network(xt, torch.full_like(t, after[float(t[0])]))


@mutant("blocks-ask-at-the-wrong-time", "generate_in_blocks", of=MASKED)
def blocks_ask_at_the_wrong_time(
    right: Right, p: Process, network: Any, N: int, blocks: Sequence[int], times: Times, generator: Generator
) -> Tensor:
    """The network is told the time that the step leads to, in every block."""
    return right.generate_in_blocks(p, late(network, times), N, blocks, times, generator)


@mutant("infilling-asks-at-the-wrong-time", "infill", of=("d3pm_uniform", "mdlm", "d3pm_band"))
def infilling_asks_at_the_wrong_time(
    right: Right, p: Process, network: Any, x0: Tensor, known: Tensor, times: Times, generator: Generator
) -> Tensor:
    """The network is told the time that the step leads to, around known tokens."""
    return right.infill(p, late(network, times), x0, known, times, generator)


@mutant("cache-asks-at-the-wrong-time", "generate_cached", of=MASKED)
def cache_asks_at_the_wrong_time(
    right: Right, p: Process, network: Any, N: int, L: int, times: Times, generator: Generator
) -> Tensor:
    """The network is told the time that the step leads to; one that does not look at it would not mind."""
    return right.generate_cached(p, late(network, times), N, L, times, generator)


@mutant("generate-steps-to-the-time-before", "generate", of=("d3pm_uniform", "mdlm_discrete", "d3pm_band"))
def generate_steps_to_the_time_before(
    right: Right, p: Process, network: Any, N: int, L: int, times: Times, generator: Generator
) -> Tensor:
    """Every step leads from t to t - 1, whatever time comes next."""
    if p.T is None:
        drawn: Tensor = right.generate(p, network, N, L, times, generator)
        return drawn
    x = noise(p, N, L, generator)
    for t in times[:-1]:
        x = stepped(right, p, network, x, t, t - 1, generator)
    return x


@mutant("generate-stops-counting-steps", "generate", of=("mdlm", "d3pm_uniform"))
def generate_stops_counting_steps(
    right: Right, p: Process, network: Any, N: int, L: int, times: Times, generator: Generator
) -> Tensor:
    """A table of 32 steps: whatever is left then is drawn at once."""
    return right.generate(p, network, N, L, [*times[:33], times[-1]] if len(times) > 33 else times, generator)


@mutant("generate-copies-far-positions", "generate", of=ANY)
def generate_copies_far_positions(
    right: Right, p: Process, network: Any, N: int, L: int, times: Times, generator: Generator
) -> Tensor:
    """A buffer of eight positions: those beyond are copies of the first."""
    drawn: Tensor = right.generate(p, network, N, L, times, generator)
    return torch.cat([drawn[:, :8], drawn[:, :1].expand(-1, L - 8)], 1) if L > 8 else drawn


@mutant("blocks-of-one-length", "generate_in_blocks", of=MASKED)
def blocks_of_one_length(
    right: Right, p: Process, network: Any, N: int, blocks: Sequence[int], times: Times, generator: Generator
) -> Tensor:
    """All blocks are taken to be as long as they are on average; the last one takes the rest."""
    each = max(1, sum(blocks) // len(blocks))
    even = [each] * (len(blocks) - 1)
    return right.generate_in_blocks(p, network, N, [*even, sum(blocks) - sum(even)], times, generator)


@mutant("one-by-one-asks-at-the-time-before", "generate_one_by_one", of=("mdlm",))
def one_by_one_asks_at_the_time_before(
    right: Right, p: Process, network: Any, N: int, L: int, generator: Generator
) -> Tensor:
    """The network is asked before the time of the next reveal is drawn, and hears that of the last one."""
    x, t = noise(p, N, L, generator), now(p, 1.0, N)
    for i in range(L):
        output = network(x, t)
        t = right.next_reveal(p, torch.full((N,), L - i), t, generator).clamp(min=0)
        place = torch.where(f.masked(p, x), f.random((N, L), generator), -1.0).argmax(-1)
        row = torch.arange(N)
        drawn = f.draw(right.denoise(p, output, x, t)[row, place], f.random((N,), generator))
        x = x.index_put((row, place), drawn)
    return x

"""Mistakes in training objectives: what is masked, what is shown, what is paid, with which weight, divided by what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from tests.mutants.registry import Right, mutant
from tests.programs.trainers import cross_entropy, noisy
from unmask.properties import Process

Network: TypeAlias = Any
TRAINER, SHOWING, COUNTING = ("trainer",), ("trainer_showing_times",), ("trainer_by_count",)
BLOCKS = ("trainer_in_blocks",)


def _uniform(shape: Any, generator: Generator) -> Tensor:
    return torch.rand(shape, generator=generator)


def by_time(
    p: Process,
    network: Network,
    x0: Tensor,
    counted: Tensor,
    generator: Generator,
    *,
    probability: Callable[[Tensor], Tensor] = lambda t: t,
    hits: Callable[[Tensor, Tensor], Tensor] = lambda u, t: u < t,
    where: Callable[[Tensor], Tensor] = lambda counted: counted,
    shown: Callable[[Tensor, Tensor, Tensor, Process], Tensor] = lambda xt, x0, hit, p: xt,
    loss: Callable[[Tensor, Tensor], Tensor] = cross_entropy,
    paid: Callable[[Tensor, Tensor], Tensor] = lambda hit, counted: hit,
    weight: Callable[[Tensor, Tensor, Tensor], Tensor] = lambda t, hit, counted: 1 / t,
    divisor: Callable[[Tensor, Tensor, Tensor], Tensor | float] = lambda counted, hit, x0: counted.sum(),
    after: Callable[[Tensor, Tensor], Tensor] = lambda value, logits: value,
    times: Callable[[int, Generator], Tensor] = lambda n, g: 1 - torch.rand(n, 1, generator=g),
) -> Tensor:
    """The objective of ``trainer`` with one of its parts replaced."""
    t = times(len(x0), generator)
    hit = hits(_uniform(x0.shape, generator), probability(t)) & where(counted)
    logits = network(shown(noisy(x0, hit, p), x0, hit, p))
    nll = loss(logits, x0)
    value = (torch.where(paid(hit, counted), nll, 0) * weight(t, hit, counted)).sum() / divisor(counted, hit, x0)
    return after(value, logits)


def _mistake(name: str, imitates: str, **parts: Any) -> None:
    def wrong(right: Right, p: Process, network: Network, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        return by_time(p, network, x0, counted, generator, **parts)

    wrong.__doc__ = imitates
    mutant(name, "objective", of=TRAINER)(wrong)


def _smoothed(logits: Tensor, x0: Tensor) -> Tensor:
    return F.cross_entropy(logits.flatten(0, 1), x0.flatten(), reduction="none", label_smoothing=0.1).view(x0.shape)


def _as_it_comes(logits: Tensor, x0: Tensor) -> Tensor:
    return F.cross_entropy(logits.mT, x0, reduction="none")


def _of_probabilities(logits: Tensor, x0: Tensor) -> Tensor:
    return 1 - logits.float().softmax(-1).gather(-1, x0[..., None])[..., 0]


def _of_the_next(logits: Tensor, x0: Tensor) -> Tensor:
    return cross_entropy(logits.roll(1, 1), x0)


def _other_tokens(xt: Tensor, x0: Tensor, hit: Tensor, p: Process) -> Tensor:
    first, second = p.clean[:2]
    return torch.where(hit & (torch.arange(x0.shape[1]) == 0), torch.where(x0 == first, second, first), xt)


for _name, _imitates, _parts in (
    # what is shown
    (
        "objective-masks-the-prompt",
        "The noise goes over prompt and padding as well.",
        {"where": torch.ones_like, "paid": lambda hit, counted: hit & counted},
    ),
    (
        "objective-shifts-what-it-shows",
        "Inputs are shifted by one, as for the next token.",
        {"shown": lambda xt, x0, hit, p: xt.roll(1, 1)},
    ),
    (
        "objective-puts-random-tokens",
        "BERT's recipe: some masked places hold another token.",
        {"shown": _other_tokens},
    ),
    ("objective-shows-the-clean-data", "The clean batch goes into the network.", {"shown": lambda xt, x0, hit, p: x0}),
    # what is paid
    (
        "objective-pays-visible-tokens",
        "The cross-entropy of all positions that count.",
        {"paid": lambda hit, counted: counted},
    ),
    (
        "objective-pays-the-prompt",
        "Prompt and padding are paid for as if they had been masked.",
        {"paid": lambda hit, counted: hit | ~counted},
    ),
    (
        "objective-takes-padding-for-its-own",
        "Only the tokens after the prompt are left out.",
        {"paid": lambda hit, counted: hit | (~counted & (counted.long().cumsum(-1) > 0))},
    ),
    (
        "objective-weighs-each-position",
        "A weight for each position, here rising along the row.",
        {"weight": lambda t, hit, counted: (1 + torch.arange(hit.shape[1]) / 8) / t},
    ),
    (
        "objective-forgets-a-masked-position",
        "The last position is cut off before the loss.",
        {"paid": lambda hit, counted: hit & (torch.arange(hit.shape[1]) < hit.shape[1] - 1)},
    ),
    ("objective-smooths-its-labels", "Label smoothing is left on.", {"loss": _smoothed}),
    ("objective-predicts-the-next-token", "Logits are read one position to the left.", {"loss": _of_the_next}),
    (
        "objective-takes-the-gradient-of-probabilities",
        "One minus the probability, for its logarithm.",
        {"loss": _of_probabilities},
    ),
    (
        "objective-computes-in-bfloat16",
        "The softmax is taken in the dtype of the answers.",
        {"loss": _as_it_comes},
    ),
    (
        "objective-keeps-its-losses-in-bfloat16",
        "The loss of a token is rounded to the dtype of the answers.",
        {"loss": lambda logits, x0: cross_entropy(logits, x0).to(logits.dtype).float()},
    ),
    ("objective-ascends", "The log-likelihood, without the minus sign.", {"after": lambda value, logits: -value}),
    # what is returned
    (
        "objective-detaches-its-weight",
        "The value is what is reported, the gradient another's: half of it is detached.",
        {"after": lambda value, logits: (value + value.detach()) / 2},
    ),
    (
        "objective-clips-its-loss",
        "The loss of a token is cut off at 1.",
        {"loss": lambda logits, x0: torch.where((nll := cross_entropy(logits, x0)) > 1, nll - nll.detach() + 1, nll)},
    ),
    (
        "objective-adds-the-entropy",
        "A constant that nobody declared is in the reported number.",
        {"after": lambda value, logits: value + 0.01},
    ),
    (
        "objective-reports-another-number",
        "The number is in bits, its gradient in nats.",
        {"after": lambda value, logits: value + value.detach() * 0.44},
    ),
    # weights and divisors
    ("objective-forgets-the-weight", "1/t is left out.", {"weight": lambda t, hit, counted: torch.ones_like(t)}),
    (
        "objective-clips-its-weight",
        "1/t is at most 10.",
        {"weight": lambda t, hit, counted: (1 / t).clamp(max=10)},
    ),
    (
        "objective-weighs-by-the-root",
        "The root of 1/t, which trains well and is no bound.",
        {"weight": lambda t, hit, counted: t**-0.5},
    ),
    (
        "objective-weighs-with-another-time",
        "The weight is of a time that is drawn once more.",
        {"weight": lambda t, hit, counted: 1 / t.roll(1, 0)},
    ),
    (
        "objective-divides-by-masked-tokens",
        "The mean over masked tokens, on top of 1/t.",
        {"divisor": lambda counted, hit, x0: hit.sum().clamp(min=1)},
    ),
    (
        "objective-divides-by-rows-and-tokens-twice",
        "Divided by the tokens of a row, after the mean over rows and tokens.",
        {"divisor": lambda counted, hit, x0: counted.sum() * counted.shape[1]},
    ),
    (
        "objective-counts-prompts-by-their-token",
        "Tokens of class 1 in prompt and padding are counted where the mean is taken.",
        {"divisor": lambda counted, hit, x0: (counted | (x0 == 1)).sum()},
    ),
    # masked sets
    (
        "objective-masks-half",
        "Half the positions, whatever the time.",
        {"probability": lambda t: torch.full_like(t, 0.5)},
    ),
    (
        "objective-masks-one-block",
        "One uniform number for all positions of a row.",
        {"hits": lambda u, t: (u[:, :1] < t).expand_as(u)},
    ),
    (
        "objective-never-masks-the-last",
        "The last token, an end of the text, is left visible.",
        {"hits": lambda u, t: (u < t) & (torch.arange(u.shape[1]) < u.shape[1] - 1)},
    ),
    ("objective-masks-by-the-squared-time", "Another schedule masks than weighs.", {"probability": torch.square}),
    # extremes
    (
        "objective-cuts-rare-weights-off",
        "1/t is at most 100, which one row in a hundred would exceed.",
        {"weight": lambda t, hit, counted: (1 / t).clamp(max=100)},
    ),
    (
        "objective-leaves-early-times-out",
        "Times from 0.05 on.",
        {"times": lambda n, g: 0.05 + 0.95 * torch.rand(n, 1, generator=g)},
    ),
    (
        "objective-leaves-late-times-out",
        "Times up to 0.96: hardly ever is everything masked.",
        {"times": lambda n, g: 0.96 * (1 - torch.rand(n, 1, generator=g))},
    ),
    (
        "objective-divides-by-a-time-of-zero",
        "The time is torch.rand itself, which may be 0.",
        {"times": lambda n, g: torch.rand(n, 1, generator=g), "hits": lambda u, t: u <= t},
    ),
    (
        "objective-takes-the-logarithm-of-zero",
        "The time is the exponential of a logarithm of torch.rand.",
        {
            "times": lambda n, g: (lambda u: (u.log() + 1e-3 * u.log() ** 2 / u.log()).exp())(
                torch.rand(n, 1, generator=g)
            )
        },
    ),
    (
        "objective-divides-by-no-masks",
        "Each row is divided by its own masks, of which there may be none.",
        {"weight": lambda t, hit, counted: hit.sum(-1, keepdim=True) / hit.sum(-1, keepdim=True) / t},
    ),
):
    _mistake(_name, _imitates, **_parts)


def _showing(
    p: Process,
    network: Network,
    x0: Tensor,
    counted: Tensor,
    generator: Generator,
    weight: Any,
    divisor: Any,
    told: Callable[[Tensor], Tensor] = lambda t: t,
) -> Tensor:
    t = 1 - torch.rand(len(x0), generator=generator)
    hit = (torch.rand(x0.shape, generator=generator) < t[:, None]) & counted
    t = told(t)
    logits = network(noisy(x0, hit, p), t).clone()
    logits[..., p.mask] = -torch.inf
    nll = torch.where(hit, cross_entropy(logits, x0), 0)
    return (nll * weight(t[:, None], hit, counted)).sum(-1) / divisor(counted)


@mutant("objective-weighs-with-the-visible-share", "objective", of=SHOWING)
def weighs_with_the_visible_share(
    right: Right, p: Process, network: Network, x0: Tensor, counted: Tensor, generator: Generator
) -> Tensor:
    """One over the share of masked positions, in place of one over the time."""
    return _showing(
        p, network, x0, counted, generator,
        lambda t, hit, counted: counted.sum(-1, keepdim=True) / hit.sum(-1, keepdim=True).clamp(min=1),
        lambda counted: 1,
    )  # fmt: skip


@mutant("objective-shows-the-time-of-another-row", "objective", of=SHOWING)
def shows_the_time_of_another_row(
    right: Right, p: Process, network: Network, x0: Tensor, counted: Tensor, generator: Generator
) -> Tensor:
    """Rows are masked with one time, and shown and weighed with that of the next."""
    return _showing(
        p, network, x0, counted, generator,
        lambda t, hit, counted: 1 / t,
        lambda counted: 1,
        lambda t: t.roll(1, 0),
    )  # fmt: skip


@mutant("objective-divides-by-all-tokens", "objective", of=SHOWING)
def divides_by_all_tokens(
    right: Right, p: Process, network: Network, x0: Tensor, counted: Tensor, generator: Generator
) -> Tensor:
    """The mean over the tokens of a row, where the sum is declared."""
    return _showing(p, network, x0, counted, generator, lambda t, hit, counted: 1 / t, lambda counted: counted.shape[1])


def _counting(
    p: Process,
    network: Network,
    x0: Tensor,
    counted: Tensor,
    generator: Generator,
    weight: Any = lambda n, k, L: n / k,
    least: int = 1,
    rows: int = 1,
) -> Tensor:
    n = counted.sum(-1)
    k = least + (torch.rand(len(x0), generator=generator) * (n + 1 - least)).long()
    place = torch.where(counted, torch.rand(x0.shape, generator=generator), 2.0).argsort(-1).argsort(-1)
    hit = (place < k[:, None]) & counted
    nll = cross_entropy(network(noisy(x0, hit, p)), x0)
    return (torch.where(hit, nll, 0).sum(-1) * weight(n, k.clamp(min=1), x0.shape[1])).mean() / rows


@mutant("objective-weighs-counts-by-positions", "objective", of=COUNTING)
def weighs_counts_by_positions(
    right: Right, p: Process, network: Network, x0: Tensor, counted: Tensor, generator: Generator
) -> Tensor:
    """L/k, with all positions of the row, prompt and padding included."""
    return _counting(p, network, x0, counted, generator, lambda n, k, L: L / k)


@mutant("objective-counts-the-prompt", "objective", of=COUNTING)
def counts_the_prompt(
    right: Right, p: Process, network: Network, x0: Tensor, counted: Tensor, generator: Generator
) -> Tensor:
    """(n + 1)/k: one position too many is counted."""
    return _counting(p, network, x0, counted, generator, lambda n, k, L: (n + 1) / k)


@mutant("objective-divides-twice", "objective", of=COUNTING)
def divides_twice(
    right: Right, p: Process, network: Network, x0: Tensor, counted: Tensor, generator: Generator
) -> Tensor:
    """The mean over rows, divided by the number of rows."""
    return _counting(p, network, x0, counted, generator, rows=len(x0))


@mutant("objective-draws-zero-masks-as-well", "objective", of=COUNTING)
def draws_zero_masks_as_well(
    right: Right, p: Process, network: Network, x0: Tensor, counted: Tensor, generator: Generator
) -> Tensor:
    """The number of masks is uniform on 0..n."""
    return _counting(p, network, x0, counted, generator, least=0)


def in_blocks(
    p: Process,
    network: Network,
    x0: Tensor,
    counted: Tensor,
    generator: Generator,
    *,
    weighed: Callable[[Tensor], Tensor] = lambda t: t,
    copy: Callable[[Tensor, Tensor], Tensor] = lambda x0, xt: x0,
    paid: Callable[[Tensor, int], Tensor] = lambda logits, L: logits[:, :L],
    length: int = 2,
) -> Tensor:
    """The objective of ``trainer_in_blocks`` with one of its parts replaced."""
    N, L = x0.shape
    t = 1 - torch.rand(N, -(-L // length), generator=generator).repeat_interleave(length, 1)[:, :L]
    hit = (_uniform(x0.shape, generator) < t) & counted
    xt = noisy(x0, hit, p)
    nll = cross_entropy(paid(network(torch.cat([xt, copy(x0, xt)], 1)), L), x0)
    return (torch.where(hit, nll, 0) / weighed(t)).sum() / counted.sum()


OF_BLOCKS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "objective-weighs-all-blocks-alike",
        "The weight of the first block stands for those of all.",
        {"weighed": lambda t: t[:, :1]},
    ),
    (
        "objective-pays-the-clean-copy",
        "What the network says about the clean copy is paid.",
        {"paid": lambda z, L: z[:, L:]},
    ),
    ("objective-copies-the-noised-row", "The copy is noised as well.", {"copy": lambda x0, xt: xt}),
    ("objective-draws-a-time-for-each-position", "Positions of a block have times of their own.", {"length": 1}),
)

for _name, _imitates, _own in OF_BLOCKS:

    def _in_blocks(
        right: Right,
        p: Process,
        network: Network,
        x0: Tensor,
        counted: Tensor,
        generator: Generator,
        parts: Any = _own,
    ) -> Tensor:
        return in_blocks(p, network, x0, counted, generator, **parts)

    _in_blocks.__doc__ = _imitates
    mutant(_name, "objective", of=BLOCKS)(_in_blocks)

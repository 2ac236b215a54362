"""Mistakes in masks with a bump of uniform noise: how large it is, where it goes, and what it leaves."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.methods.building import process
from tests.mutants.registry import Right, mutant
from unmask.implementations import D3PM, MasksAndBump
from unmask.properties import Process

GIDD = ("gidd",)


def bump(p: Process, t: Tensor) -> Tensor:
    """``c_t``, ``[N, 1, 1]``."""
    share, u = float(p["share"]), t.double()[:, None, None]
    return 4 * share / (1 - share) * u * (1 - u)


def one_hot(p: Process, x: Tensor) -> Tensor:
    return torch.nn.functional.one_hot(x, p.K).double()


def mask_id(p: Process) -> int:
    assert p.mask is not None
    return p.mask


def mask_of(p: Process) -> Tensor:
    """``[K]``."""
    return torch.eye(p.K, dtype=torch.float64)[mask_id(p)]


def mixed(p: Process, x0: Tensor, t: Tensor, c: Tensor, others: Tensor) -> Tensor:
    """``((1 - t) x_0 + t m + c u)/(1 + c)`` with another bump, or another law in place of ``u``."""
    u = t.double()[:, None, None]
    return (((1 - u) * one_hot(p, x0) + u * mask_of(p) + c * others) / (1 + c)).to(p.dtype)


def uniform(p: Process) -> Tensor:
    """Of all classes but the mask, ``[K]``."""
    return (1 - mask_of(p)) / (p.K - 1)


@mutant("bump-that-stays", "marginal", of=GIDD)
def bump_that_stays(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """The bump grows like t, and does not fall again."""
    share, u = float(p["share"]), t.double()[:, None, None]
    return mixed(p, x0, t, 2 * share / (1 - share) * u, uniform(p))


@mutant("bump-into-the-mask", "marginal", of=GIDD)
def bump_into_the_mask(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """Uniform noise is uniform over all classes, the mask among them."""
    return mixed(p, x0, t, bump(p, t), torch.full((p.K,), 1 / p.K, dtype=torch.float64))


@mutant("bump-that-is-not-made-room-for", "marginal", of=GIDD)
def bump_that_is_not_made_room_for(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """The bump is taken from the clean class alone, and the mask keeps its t."""
    u, c = t.double()[:, None, None], bump(p, t)
    part = c / (1 + c) * (1 - u)
    return ((1 - u - part) * one_hot(p, x0) + u * mask_of(p) + part * uniform(p)).to(p.dtype)


def step(p: Process, kept: Tensor, to_mask: Tensor, to_others: Tensor) -> Tensor:
    """Kept, and redrawn, ``[K, K]``."""
    redrawn = to_mask * mask_of(p) + to_others * (1 - mask_of(p))
    return (kept * torch.eye(p.K, dtype=torch.float64) + redrawn).to(p.dtype)


def parts(p: Process, s: Tensor, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What is kept, what comes to the mask, and to each other class."""
    early, late = (1 + bump(p, u.reshape(1))[0, 0, 0] for u in (s, t))
    left = torch.where(s < 1, (1 - t.double()) / torch.where(s < 1, 1 - s.double(), 1.0), 1.0)
    kept, to_mask = left * early / late, (1 - left) / late
    return kept, to_mask, (1 - kept - to_mask) / (p.K - 1)


@mutant("bump-forgets-what-was-there", "transition", of=GIDD)
def bump_forgets_what_was_there(right: Right, p: Process, s: Tensor, t: Tensor) -> Tensor:
    """The whole bump of t is added, and not only what has come since s; the mask gets what is left."""
    kept, _, _ = parts(p, s, t)
    c = bump(p, t.reshape(1))[0, 0, 0]
    others = torch.minimum(c / (1 + c), 1 - kept)
    return step(p, kept, 1 - kept - others, others / (p.K - 1))


@mutant("masks-come-as-without-a-bump", "transition", of=GIDD)
def masks_come_as_without_a_bump(right: Right, p: Process, s: Tensor, t: Tensor) -> Tensor:
    """(t - s)/(1 - s) become masks, and the bump is taken from what is kept."""
    _, to_mask, to_others = parts(p, s, t)
    plain = to_mask * (1 + bump(p, t.reshape(1))[0, 0, 0])
    others = torch.minimum((p.K - 1) * to_others, 1 - plain)
    return step(p, 1 - plain - others, plain, others / (p.K - 1))


@mutant("bump-never-reaches-the-masked", "transition", of=GIDD)
def bump_never_reaches_the_masked(right: Right, p: Process, s: Tensor, t: Tensor) -> Tensor:
    """A mask stays one, as in masked diffusion."""
    plain = right.transition(p, s, t).clone()
    plain[mask_id(p)] = mask_of(p).to(plain.dtype)
    return plain


def another(p: Process, share: float) -> MasksAndBump:
    """The process with another share."""
    made = process(p)
    assert isinstance(made, MasksAndBump)
    return MasksAndBump(p.K, mask_id(p), share, made.power, dtype=p.dtype)


@mutant("bump-without-a-share", "transition", of=GIDD)
def bump_without_a_share(right: Right, p: Process, s: Tensor, t: Tensor) -> Tensor:
    """A share of 0 is taken for one that is not given, and is the default."""
    return right.transition(p, s, t) if p["share"] else another(p, 0.2).transition(s, t)


@mutant("loss-of-the-wrong-bump", "loss", of=GIDD)
def loss_of_the_wrong_bump(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The loss is that of another share than the data are noised with."""
    return D3PM(another(p, 0.2 + float(p["share"]) / 2), "joint-sum").loss(output, x0, xt, t)


@mutant("loss-takes-the-bump-for-a-level", "loss", of=GIDD)
def loss_takes_the_bump_for_a_level(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """The loss is that of masks alone, wherever a mask is shown."""
    masks = D3PM(another(p, 0.0), "joint-sum").loss
    shown = (xt == mask_id(p)).all(-1)
    plain = right.loss(p, output, x0, xt, t)
    return torch.where(shown, masks(output, x0, torch.full_like(xt, mask_id(p)), t), plain)

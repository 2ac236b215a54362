"""The tensors that all operations of a run are timed on, and our methods for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Generator, Tensor

from unmask.implementations import D3PM, MDLM, SEDD, FlowMatching, Grid, Interpolating, MutualInformation

#: The share of the mask in mask-and-uniform noise, and the weight of the cross-entropy in the hybrid loss.
SHARE, HYBRID = 0.5, 0.1
#: Steps of a sampler: one step is ``1/STEPS`` long.
STEPS = 128


@dataclass(frozen=True)
class Shape:
    """``B`` sequences of ``L`` positions over ``K`` classes (the mask is the last), and ``T`` steps of discrete time.

    ``masked`` is the expected share of noised positions, which all sequences then have; ``None`` spreads it evenly
    over ``(0, 1)``, a time for each sequence.
    """

    B: int = 4
    L: int = 64
    K: int = 50257
    T: int = 1000
    masked: float | None = None
    dtype: torch.dtype = torch.float32
    device: str = "cpu"

    @property
    def N(self) -> int:
        """Rows of the logits."""
        return self.B * self.L

    @property
    def bytes(self) -> int:
        """Of one tensor of logits."""
        return self.N * self.K * self.dtype.itemsize


class Methods:
    """Ours, with or without checks of values.

    The schedule is ``alpha = 1 - t`` on both clocks, so that a time is the expected share of noised positions.
    """

    def __init__(self, shape: Shape, *, validate: bool) -> None:
        K, mask = shape.K, shape.K - 1
        line = MutualInformation(validate=validate)
        grid = Grid([1 / (shape.T - i) for i in range(shape.T)], validate=validate)
        self.absorbing, self.absorbing_steps = (
            Interpolating.absorbing(schedule, K, mask, validate=validate) for schedule in (line, grid)
        )
        self.uniform, self.uniform_steps = (
            Interpolating.uniform(schedule, K, validate=validate) for schedule in (line, grid)
        )
        self.mixed = Interpolating.mask_and_uniform(line, K, mask, SHARE, validate=validate)
        self.mdlm, self.mdlm_steps = MDLM(self.absorbing), MDLM(self.absorbing_steps)
        self.d3pm_absorbing = D3PM(self.absorbing_steps)
        self.d3pm_uniform, self.d3pm_mixture = D3PM(self.uniform_steps), D3PM(self.uniform_steps, "mixture")
        self.d3pm_uniform_rates, self.d3pm_mixed_rates = D3PM(self.uniform), D3PM(self.mixed)
        self.sedd_absorb, self.sedd_uniform = SEDD(self.absorbing), SEDD(self.uniform)
        self.flow = FlowMatching(self.uniform)


class Case:
    """Ids, times, noise levels and network outputs of one shape, the same ones in every run.

    Attributes
    ----------
    x0, absorbing, uniform, mixed : ids ``[B, L]`` int64, clean and noised in three ways.
    s, t : times ``[B]`` float64.  begin, end : the same in steps of discrete time, int64; ``before`` is ``end - 1``.
    logits : ``[B, L, K]``.  log_p, p : their logarithmic softmax and their softmax, for scores and draws.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape, self.mask = shape, shape.K - 1
        self.checked, self.unchecked = Methods(shape, validate=True), Methods(shape, validate=False)
        random = Generator(shape.device).manual_seed(0)
        where = torch.device(shape.device)
        spread = (torch.arange(shape.B, dtype=torch.float64, device=where) + 0.45) / shape.B
        self.t = spread if shape.masked is None else torch.full_like(spread, shape.masked)
        self.s = torch.maximum(self.t - 1 / STEPS, self.t / 2)
        self.end = (self.t * shape.T).round().long().clamp(1, shape.T)
        self.before, self.begin = self.end - 1, (self.end - max(1, shape.T // STEPS)).clamp(min=0)
        self.x0 = torch.randint(0, self.mask, (shape.B, shape.L), generator=random, device=where)
        self.logits = torch.randn(shape.B, shape.L, shape.K, generator=random, device=where).to(shape.dtype)
        m = self.unchecked
        self.absorbing, self.uniform, self.mixed = (
            process.sample(self.x0, self.t, random) for process in (m.absorbing, m.uniform, m.mixed)
        )

    @cached_property
    def log_p(self) -> Tensor:
        """Log scores as a network's: of a size at which a step leaves most positions where they are."""
        return self.logits.log_softmax(-1)

    @cached_property
    def p(self) -> Tensor:
        """Probabilities."""
        return self.logits.softmax(-1)

    def alpha(self, time: Tensor) -> Tensor:
        """``1 - t``, of times of either clock: ``[B]`` in the dtype of the logits."""
        share = time if time.is_floating_point() else time.double() / self.shape.T
        return (1 - share).to(self.shape.dtype)

    def prior(self, process: Interpolating) -> Tensor:
        """``[K]`` in the dtype and on the device of the logits."""
        return process.prior.to(self.logits)

    def generator(self) -> Generator:
        """A new one, always the same."""
        return Generator(self.shape.device).manual_seed(1)


__all__ = ["HYBRID", "SHARE", "STEPS", "Case", "Methods", "Shape"]

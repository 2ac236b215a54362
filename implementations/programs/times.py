"""At which times samples are masked: each by itself, in pairs or in strata, uniform or of a density of one's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor

from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import uniforms

Dependence: TypeAlias = Literal["independent", "antithetic", "stratified"]
DEPENDENCES = ("independent", "antithetic", "stratified")

#: The last time before 1 in float32.
LATEST = 1 - 2.0**-24


class Drawn(NamedTuple):
    """Times ``[rows, samples]`` in ``(0, 1)``, and the density of each there; float64."""

    t: Tensor
    density: Tensor


@dataclass(frozen=True)
class Times:
    """A law of times on ``(0, 1)``: neither end is ever drawn, where weights or what a network is told are infinite.

    Attributes
    ----------
    dependence : of the samples of one row. ``"independent"``; ``"antithetic"``: in pairs ``u, 1 - u``;
        ``"stratified"``: one in each of equally many parts of the interval, by one offset for all (Kingma et al. 2021,
        arXiv 2107.00630, app. I.1).  Each sample by itself has the same law in all three.
    quantile, density : of another law than the uniform one: the inverse of its distribution function, and its
        density, each a function of float64 tensors.

    Raises
    ------
    ValueError : another dependence, or one of ``quantile`` and ``density`` without the other.
    TypeError : if these are no functions.
    """

    dependence: Dependence = "independent"
    quantile: Callable[[Tensor], Tensor] | None = None
    density: Callable[[Tensor], Tensor] | None = None

    def __post_init__(self) -> None:
        if self.dependence not in DEPENDENCES:
            raise ValueError(f"dependence must be one of {', '.join(map(repr, DEPENDENCES))}, got {self.dependence!r}")
        if (self.quantile is None) != (self.density is None):
            raise ValueError("quantile and density must be given together, got one of them")
        for name, function in (("quantile", self.quantile), ("density", self.density)):
            if function is not None:
                checks.function(name, function, "a tensor")

    def draw(self, rows: int, samples: int, generator: torch.Generator, device: torch.device | None = None) -> Drawn:
        """Times of ``samples`` for each of ``rows``, which are independent of each other.

        Raises
        ------
        TypeError, ValueError : sizes that are no ints, or negative; no generator.
        """
        checks.integer("rows", rows, 0)
        checks.integer("samples", samples, 0)
        checks.generator(generator)
        u = self._uniform(rows, samples, generator, generator.device if device is None else device)
        # Rounded to what a network is shown, so that the weight is that of the time it sees; and rounding reaches 1.
        u = u.to(torch.float32).to(torch.float64).clamp(max=LATEST)
        if self.quantile is None or self.density is None:
            return Drawn(u, torch.ones_like(u))
        t = self.quantile(u)
        return Drawn(t, self.density(t))

    def _uniform(self, rows: int, samples: int, generator: torch.Generator, device: torch.device) -> Tensor:
        """Numbers in ``(0, 1]``, ``[rows, samples]``."""
        if self.dependence == "independent":
            return 1 - uniforms((rows, samples), generator, device)
        if self.dependence == "stratified":
            u = uniforms((2, rows, 1), generator, device)
            part = ((u[0] * samples).long() + torch.arange(samples, device=device)) % max(samples, 1)
            return (part + (1 - u[1])) / max(samples, 1)
        pairs = (samples + 1) // 2
        u = uniforms((2, rows, pairs), generator, device)
        # Halves keep 0 out of both; which comes first is drawn, so that each by itself is uniform.
        early = (1 - u[0]) / 2
        late, swap = 1 - early, u[1] < 0.5
        both = torch.stack([torch.where(swap, late, early), torch.where(swap, early, late)], -1)
        return both.flatten(1)[:, :samples]


__all__ = ["Dependence", "Drawn", "Times"]

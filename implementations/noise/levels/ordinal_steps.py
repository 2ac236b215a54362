"""One-step corruption of ordinal data: D3PM's discretized Gaussian and its band matrix."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from unmask.implementations.noise.chain import uniform_law
from unmask.implementations.noise.tabulated import Tabulated
from unmask.implementations.numbers import checks


class DiscretizedGaussian(Tabulated):
    """``Q_t[i, j] = exp(-4 (i-j)^2 / ((K-1)^2 beta_t)) / Z`` off the diagonal, which takes the rest
    (D3PM, arXiv 2107.03006, appendix A.2.3); ``Z`` is the sum over all differences ``-(K-1)..K-1``.

    Parameters
    ----------
    K : number of levels, at least 2.
    betas : ``[T]`` finite numbers ``>= 0``: width of each step; 0 is an idle one.
    dtype, validate : as in :class:`~unmask.implementations.noise.chain.Chain`.

    After narrow steps (``beta < 4/667``) the farthest pairs are rarer than 1e-290: they count as impossible,
    and a mixture of posteriors leaves them out.

    Raises
    ------
    TypeError, ValueError : what is not so; methods as in ``Chain``.
    """

    def __init__(
        self,
        K: int,
        betas: Sequence[float] | Tensor,
        *,
        dtype: torch.dtype = torch.float32,
        validate: bool | None = None,
    ) -> None:
        checks.integer("K", K, 2)
        self.betas = _betas(betas, math.inf)
        super().__init__(uniform_law(K), len(self.betas), dtype, validate)

    def _by_distance(self, t: Tensor) -> tuple[Tensor, Tensor]:
        # Beyond 1e100 every exponential is 1 already, and products would overflow.
        beta = self.betas[t - 1].unsqueeze(-1).clamp(max=1e100)
        n = torch.arange(1, self.K)
        bell = _exp_of_quotient(-4.0 * (n * n).double(), float((self.K - 1) ** 2), beta)
        # tail[m]: the sum of bell over n > m.  What would leave the levels stays, so the diagonal is a sum.
        tail = torch.cat([bell.flip(-1).cumsum(-1).flip(-1), torch.zeros_like(beta)], -1)
        total = 1 + 2 * tail[:, :1]
        return (1 + tail + tail.flip(-1)) / total, bell / total

    def log_product(self, t: int) -> Tensor:
        """``log (Q_1 ... Q_t)``, ``t`` in ``0..T``: ``[K, K]`` float64, entries that leave its range included.

        O(K^3) exponentials for each step.
        """
        checks.integer("t", t, 0, self.T)
        K = self.K
        total = torch.eye(K, dtype=torch.float64).log()
        levels = torch.arange(K)
        square = ((levels[:, None] - levels) ** 2).double()
        for u in range(1, t + 1):
            step = self._step(u, total.device).matrix().log()
            beta = self.betas[u - 1]
            if beta > 0:
                bell = -4.0 * square / ((K - 1) ** 2 * beta)
                # The sum that divides the bells: the same for all, read off where it stands beside a bell of 1.
                rest = torch.exp(-4.0 * (levels[1:] ** 2).double() / ((K - 1) ** 2 * beta)).flip(0).sum()
                step = torch.where(square == 0, step, bell - torch.log1p(2 * rest))
            total = torch.stack([(row[:, None] + step).logsumexp(0) for row in total])
        return total


class Band(Tabulated):
    """``Q_t[i, j] = beta_t / K`` for ``0 < |i-j| <= width``, the diagonal takes the rest
    (D3PM, arXiv 2107.03006, appendix A.2).

    Parameters
    ----------
    K : number of levels, at least 2.
    width : how far one step reaches, at least 1.
    betas : ``[T]`` probabilities.
    dtype, validate : as in :class:`~unmask.implementations.noise.chain.Chain`.

    Raises
    ------
    TypeError, ValueError : what is not so; methods as in ``Chain``.
    """

    def __init__(
        self,
        K: int,
        width: int,
        betas: Sequence[float] | Tensor,
        *,
        dtype: torch.dtype = torch.float32,
        validate: bool | None = None,
    ) -> None:
        checks.integer("K", K, 2)
        self.width = checks.integer("width", width, 1)
        self.betas = _betas(betas, 1.0)
        super().__init__(uniform_law(K), len(self.betas), dtype, validate)

    def _by_distance(self, t: Tensor) -> tuple[Tensor, Tensor]:
        levels = torch.arange(self.K)
        # How many levels are near, on both sides.
        near = levels.clamp(max=self.width) + (self.K - 1 - levels).clamp(max=self.width)
        beta = self.betas[t - 1].unsqueeze(-1)
        return (self.K - beta * near) / self.K, torch.where(levels[1:] <= self.width, beta / self.K, 0.0)


def _betas(betas: Sequence[float] | Tensor, high: float) -> Tensor:
    if isinstance(betas, Tensor):
        checks.tensor("betas", betas, checks.FLOATS)
        checks.shape("betas", betas, ["T"])
    values: list[float] = betas.tolist() if isinstance(betas, Tensor) else list(betas)
    if not values:
        raise ValueError("betas must hold at least one step, got []")
    strict = "high" if high == math.inf else ""
    return torch.tensor(
        [checks.number(f"betas[{i}]", b, 0, high, strict=strict) for i, b in enumerate(values)],
        dtype=torch.float64,
    )


def _exp_of_quotient(a: Tensor, w: float, beta: Tensor) -> Tensor:
    """``exp(a / (w beta))`` to a rounding or two, even where the exponent is in the hundreds; 0 for beta 0.

    The exponent is carried in twice the working precision (Dekker): rounded once, it would cost the result as
    many roundings as it is large.  ``a`` and ``w`` are whole numbers.
    """
    high, low = _two_product(torch.full_like(beta, w), beta)
    first = a / high
    product, error = _two_product(first, high.expand_as(first))
    second = ((a - product) - error - first * low) / high
    large = first < -750.0
    return torch.where(large | (beta == 0), 0.0, torch.exp(first) * (1 + torch.where(large, 0.0, second)))


def _two_product(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """``a b`` as a rounded product and the rounding error of it."""
    product = a * b
    (a1, a2), (b1, b2) = _halves(a), _halves(b)
    return product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2


def _halves(a: Tensor) -> tuple[Tensor, Tensor]:
    shifted = 134217729.0 * a  # 2^27 + 1
    high = shifted - (shifted - a)
    return high, a - high

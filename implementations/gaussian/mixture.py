r"""The exact law of Gaussian-noised data when the data is a finite set of points.

``q(x_t) = sum_k w_k N(x_t; alpha_t x_k, sigma_t^2)``: with it, the best network is known.  The posterior weights ``r_k
∝ w_k exp(-|x_t - alpha x_k|^2 / 2 sigma^2)`` are a softmax, and all else are moments under them (Tweedie's formula:
Efron 2011; Karras et al. 2022, arXiv 2206.00364, appendix B.3).  Everything is differentiable in ``x_t``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from unmask.implementations.gaussian.diffusion import GaussianDiffusion, spread, widened
from unmask.implementations.gaussian.vdm import VDM, check_points, log_likelihoods
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.placed import Placed


class GaussianMixture:
    """Noised points ``[M, ...]`` of probabilities ``weights`` ``[M]`` (``None``: all equal), positive, of sum 1.

    Methods take ``xt`` ``[N, ...]`` and times ``[N]`` with noise; results have the dtype of ``xt``, which is that of
    the points.  Memory is O(N M) numbers times those of a point.

    Raises
    ------
    TypeError, ValueError : not a process; no points, NaN or infinite ones; weights that are no positive law.  Methods
        as :func:`~unmask.implementations.gaussian.vdm.decode`.
    """

    def __init__(self, process: GaussianDiffusion, points: Tensor, weights: Tensor | None = None) -> None:
        checks.instance("process", process, GaussianDiffusion)
        checks.batch("points", points, validate=True)
        if points.shape[0] == 0:
            raise ValueError("points must hold at least one point, got none")
        if weights is None:
            weights = torch.full((points.shape[0],), 1 / points.shape[0], dtype=torch.float64, device=points.device)
        checks.tensor("weights", weights, checks.FLOATS)
        checks.shape("weights", weights, [points.shape[0]])
        checks.distribution("weights", weights)
        if bool((weights == 0).any()):
            raise ValueError("weights must be positive, got 0.0: leave out points that never come up")
        self.process = process
        self.points = points
        self.log_weights = weights.to(torch.float64).log()
        self._log_weights_on = Placed(self.log_weights)

    def log_density(self, xt: Tensor, t: Tensor) -> Tensor:
        """``log q(x_t)``, nats: ``[N]``."""
        joint = self._joint(xt, t)
        dimensions = math.prod(xt.shape[1:])
        scale = torch.log(2 * math.pi * self.process.sigma(t) ** 2)
        return (joint.logsumexp(-1) - (0.5 * dimensions * scale).to(joint.dtype)).to(xt.dtype)

    def log_posterior(self, xt: Tensor, t: Tensor) -> Tensor:
        """``log q(x_0 = x_k|x_t)``, nats: ``[N, M]``."""
        return self._joint(xt, t).log_softmax(-1).to(xt.dtype)

    def posterior_mean(self, xt: Tensor, t: Tensor) -> Tensor:
        """``E[x_0|x_t]``: ``[N, ...]``."""
        return self._mean(self._weights(xt, t), xt).to(xt.dtype)

    def posterior_covariance(self, xt: Tensor, t: Tensor) -> Tensor:
        """``Cov[x_0|x_t]``: ``[N, D, D]`` with ``D`` the numbers in a point; from differences to the mean."""
        weights = self._weights(xt, t)
        points = widened(self.points).flatten(1)
        off = points - (weights @ points).unsqueeze(1)
        return torch.einsum("nm,nmi,nmj->nij", weights, off, off).to(xt.dtype)

    def score(self, xt: Tensor, t: Tensor) -> Tensor:
        """The gradient of ``log q`` at ``x_t``: ``[N, ...]``, the mean of ``(alpha x_k - x_t)/sigma^2``."""
        noise = self._noise(self._weights(xt, t), xt, t)
        return (-noise / spread(self.process.sigma(t), xt)).to(xt.dtype)

    def best_output(self, method: VDM, xt: Tensor, t: Tensor) -> Tensor:
        """What the best network of ``method`` returns: ``[N, ...]``.

        ``TypeError`` unless a :class:`~unmask.implementations.gaussian.vdm.VDM`, ``ValueError`` unless of this process.
        """
        checks.instance("method", method, VDM)
        if method.process is not self.process:
            raise ValueError(f"method must be of this mixture's process, got one of {method.process!r}")
        weights = self._weights(xt, t)
        return method._known(self._mean(weights, xt), self._noise(weights, xt, t), t).to(xt.dtype)

    def _weights(self, xt: Tensor, t: Tensor) -> Tensor:
        """``q(x_0 = x_k|x_t)``: ``[N, M]``."""
        return self._joint(xt, t).softmax(-1)

    def _mean(self, weights: Tensor, xt: Tensor) -> Tensor:
        """``E[x_0|x_t]``, in the dtype that it is computed in."""
        return (weights @ widened(self.points).flatten(1)).reshape(xt.shape)

    def _noise(self, weights: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """``E[eps|x_t]``, in the dtype that it is computed in.

        Summed by terms: where noise is little the nearest point's is small, and no difference of large ones.
        """
        z, x = widened(xt).flatten(1).unsqueeze(1), widened(self.points).flatten(1).unsqueeze(0)
        return torch.einsum("nm,nmi->ni", weights, self.process._noise_between(x, z, t)).reshape(xt.shape)

    def _joint(self, xt: Tensor, t: Tensor) -> Tensor:
        """``log w_k - |x_t - alpha x_k|^2 / (2 sigma^2)``: ``[N, M]``."""
        self.process.check(xt=xt, t=t)
        check_points(self.process, self.points, xt)
        found = log_likelihoods(self.process, self.points, xt, t)
        return found + self._log_weights_on(found.device, found.dtype)

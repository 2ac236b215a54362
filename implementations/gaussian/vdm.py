r"""Variational diffusion models: loss, reverse process and samplers of a :class:`GaussianDiffusion`.

A network's ``output`` predicts one of four quantities, with ``x_t = alpha x_0 + sigma eps``:

* ``"data"``       ``x_0``
* ``"noise"``      ``eps``
* ``"score"``      ``-eps/sigma``, whose mean is the gradient of ``log q(x_t)``
* ``"velocity"``   ``alpha eps - sigma x_0`` (Salimans and Ho 2022, arXiv 2202.00512, section 4)

All are affine in each other given ``x_t``; the loss is ``(SNR_s - SNR_t)/2 |x_0 - x^|^2`` for each of them (Kingma et
al. 2021, arXiv 2107.00630, section 4), formed from differences in the output's own unit.  Bounds on the likelihood add
:meth:`GaussianDiffusion.prior_kl`, the terms of all times, and minus :func:`decode`'s logarithm.

``network(xt, t)`` takes ``[N, ...]`` and times ``[N]``, and returns an output of the shape of ``xt``.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from unmask.implementations.gaussian.diffusion import GaussianDiffusion, Normal, normals, spread, total, widened
from unmask.implementations.numbers import checks

Prediction: TypeAlias = Literal["data", "noise", "score", "velocity"]
PREDICTIONS = ("data", "noise", "score", "velocity")
Network: TypeAlias = Callable[[Tensor, Tensor], Tensor]


class VDM:
    """A Gaussian diffusion and what its network predicts.

    Results come back in the dtype of ``xt``; half precision is computed in float32.

    Raises
    ------
    TypeError, ValueError : not a process; another ``prediction`` than the four.  Methods raise ``TypeError`` for
        outputs that are not floats, ``ValueError`` for those of another shape than ``xt``, NaN and infinite ones, and
        what :class:`GaussianDiffusion` raises.
    """

    def __init__(self, process: GaussianDiffusion, prediction: Prediction = "noise") -> None:
        checks.instance("process", process, GaussianDiffusion)
        if prediction not in PREDICTIONS:
            raise ValueError(f"prediction must be one of {PREDICTIONS}, got {prediction!r}")
        self.process = process
        self.prediction = prediction

    # ------------------------------------------------------------------ what the output stands for
    def denoise(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """The prediction of ``x_0``: ``[N, ...]``."""
        self._check(output, xt, t=t)
        return self._data(widened(output), widened(xt), t).to(xt.dtype)

    def noise(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """The prediction of ``eps``: ``[N, ...]``."""
        self._check(output, xt, t=t)
        return self._noise(widened(output), widened(xt), t).to(xt.dtype)

    def score(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """The prediction of the score, ``-eps/sigma``: ``[N, ...]``."""
        self._check(output, xt, t=t)
        if self.prediction == "score":
            return output.to(xt.dtype)
        return (-self._noise(widened(output), widened(xt), t) / spread(self.process.sigma(t), xt)).to(xt.dtype)

    def velocity(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """The prediction of ``alpha eps - sigma x_0``: ``[N, ...]``."""
        self._check(output, xt, t=t)
        if self.prediction == "velocity":
            return output.to(xt.dtype)
        z, o = widened(xt), widened(output)
        alpha, sigma = self.process.alpha(t), self.process.sigma(t)
        if self.prediction == "data":
            found = spread(alpha, xt) * self._noise(o, z, t) - spread(sigma, xt) * o
        else:
            # (r^2 eps - sigma x_t)/alpha, r^2 = alpha^2 + sigma^2
            found = (spread(alpha**2 + sigma**2, xt) * self._noise(o, z, t) - spread(sigma, xt) * z) / spread(alpha, xt)
        return found.to(xt.dtype)

    # ------------------------------------------------------------------ the loss
    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """The diffusion loss at ``t``, nats: ``[N]``.

        Continuous clock: its integrand, ``rate(t) |eps - eps^|^2 / 2`` (VDM, section 5).  Discrete clock: the term
        ``KL(q(x_{t-1}|x_t, x_0) || p(x_{t-1}|x_t))``, ``t >= 1``, ``(e^{l_{t-1} - l_t} - 1) |eps - eps^|^2 / 2`` (VDM,
        section 4, where the mean over steps has a factor T).
        """
        self._check(output, xt, x0=x0, t=t)
        return self._weighed(output, self._target(widened(x0), widened(xt), t), t)

    def term(self, output: Tensor, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """``KL(q(x_s|x_t, x_0) || p(x_s|x_t))`` for any ``s < t``, nats: ``[N]``."""
        self._check(output, xt, x0=x0, s=s, t=t)
        return self._weighed(output, self._target(widened(x0), widened(xt), t), t, s)

    def training_loss(self, network: Network, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        """An unbiased estimate of the sum over all times for uniform ``t``, nats: ``[N]``.

        Noises ``x0`` and calls the network; ``T`` times the term on the discrete clock.  Errors are measured against
        the drawn noise, before any rounding.
        """
        checks.function("network", network, "(xt, t)")
        self.process.check(x0=x0, t=t)
        eps = normals(x0, generator)
        xt = self.process.noised(x0, eps, t)
        output = network(xt, t)
        self._check(output, xt, t=t)
        loss = self._weighed(output, self._known(widened(x0), widened(eps), t), t)
        return loss if self.process.T is None else loss * self.process.T

    # ------------------------------------------------------------------ the reverse process
    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Normal:
        """``q(x_s|x_t, x_0 = x^)``, ``s < t``: mean ``[N, ...]``, variance ``[N]`` (VDM, appendix A)."""
        self._check(output, xt, s=s, t=t)
        bridge = self.process.bridge(s, t)
        alpha, sigma = self.process.alpha(t), self.process.sigma(t)
        # The mean is a x_t + b output; sums of coefficients are formed here, where nothing cancels.
        if self.prediction == "data":
            a, b = bridge.at_xt, bridge.at_x0
        elif self.prediction == "velocity":
            share = bridge.at_x0 / (alpha**2 + sigma**2)
            a, b = bridge.at_xt + share * alpha, -share * sigma
        else:
            a, b = bridge.at_xt + bridge.at_x0 / alpha, -bridge.at_x0 * sigma / alpha
            b = b if self.prediction == "noise" else -b * sigma
        mean = spread(a, xt) * widened(xt) + spread(b, xt) * widened(output)
        return Normal(mean.to(xt.dtype), bridge.variance)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        """Draw ``x_s`` from :meth:`reverse`: ``[N, ...]``.  Where ``sigma_s = 0`` that is its mean."""
        law = self.reverse(output, xt, s, t)
        eps = normals(xt, generator)
        return (widened(law.mean) + spread(law.variance.sqrt(), xt) * widened(eps)).to(xt.dtype)

    def deterministic_step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """``alpha_s x^ + sigma_s eps^``, ``s < t``: ``[N, ...]`` (DDIM, arXiv 2010.02502, eq. 12 with no noise)."""
        self._check(output, xt, s=s, t=t)
        z, o = widened(xt), widened(output)
        alpha, sigma = self.process.alpha(s), self.process.sigma(s)
        return (spread(alpha, xt) * self._data(o, z, t) + spread(sigma, xt) * self._noise(o, z, t)).to(xt.dtype)

    def generate(
        self,
        network: Network,
        shape: tuple[int, ...],
        times: Tensor,
        generator: torch.Generator,
        *,
        deterministic: bool = False,
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """Draw ``N(0, prior_variance)`` at ``times[0]``, then a step for each pair of neighbouring times.

        ``shape`` ``(N, ...)``; ``times`` ``[M]`` fall strictly, M at least 2; the samples are those of ``times[-1]``,
        noise of ``sigma`` included, on the device of ``times``.  :func:`decode` makes data of those at 0.  No gradients
        are recorded.
        """
        checks.function("network", network, "(xt, t)")
        checks.generator(generator)
        size = _checked_shape(shape)
        self.process.schedule.check_time("times", times)
        checks.shape("times", times, ["M"])
        if times.shape[0] < 2:
            raise ValueError(f"times must hold at least two times, got {times.tolist()}")
        if checks.reads(self.process.validate, times):
            checks.earlier(times[1:], times[:-1])
        if dtype not in checks.FLOATS:
            raise TypeError(f"dtype must be one of {checks.FLOATS}, got {dtype}")
        empty = torch.empty(size, dtype=dtype, device=times.device)
        with torch.no_grad():
            scale = self.process.prior_variance(times[:1]).sqrt()
            x = (spread(scale, empty) * widened(normals(empty, generator))).to(dtype)
            for t, s in pairwise(times.unbind()):
                before, after = t.repeat(size[0]), s.repeat(size[0])
                output = network(x, before)
                if deterministic:
                    x = self.deterministic_step(output, x, after, before)
                else:
                    x = self.step(output, x, after, before, generator)
        return x

    # ------------------------------------------------------------------ inside
    def _check(self, output: Tensor, xt: Tensor, **given: Tensor) -> None:
        self.process.check(xt=xt, **given)
        checks.batch("output", output, xt.shape, validate=self.process.validate)

    def _data(self, o: Tensor, z: Tensor, t: Tensor) -> Tensor:
        if self.prediction == "data":
            return o
        alpha, sigma = self.process.alpha(t), self.process.sigma(t)
        if self.prediction == "velocity":
            square = alpha**2 + sigma**2
            return spread(alpha / square, z) * z - spread(sigma / square, z) * o
        return self.process._data_between(self._noise(o, z, t), z, t)

    def _noise(self, o: Tensor, z: Tensor, t: Tensor) -> Tensor:
        if self.prediction == "noise":
            return o
        if self.prediction == "data":
            return self.process._noise_between(o, z, t)
        alpha, sigma = self.process.alpha(t), self.process.sigma(t)
        if self.prediction == "score":
            return -spread(sigma, z) * o
        square = alpha**2 + sigma**2
        return spread(sigma / square, z) * z + spread(alpha / square, z) * o

    def _target(self, x0: Tensor, z: Tensor, t: Tensor) -> Tensor:
        """The exact output, from ``x_t``."""
        if self.prediction == "data":
            return x0
        return self._known(x0, self.process._noise_between(x0, z, t), t)

    def _known(self, x0: Tensor, eps: Tensor, t: Tensor) -> Tensor:
        """The exact output, from the noise."""
        if self.prediction == "data":
            return x0
        if self.prediction == "noise":
            return eps
        sigma = spread(self.process.sigma(t), x0)
        if self.prediction == "score":
            return -eps / sigma
        return spread(self.process.alpha(t), x0) * eps - sigma * x0

    def _weighed(self, output: Tensor, target: Tensor, t: Tensor, s: Tensor | None = None) -> Tensor:
        """Half the squared error times its weight, of the pair ``s, t`` or of :meth:`loss`."""
        process = self.process
        if s is None and process.T is not None:
            s = t - 1
        # In units of the noise, the weight is e^gap - 1, and that of the integrand its derivative.
        schedule = process.schedule
        fresh = schedule.rate(t) if s is None else torch.expm1(schedule.gap(s, t))
        if self.prediction == "data":
            fresh = fresh * torch.exp(schedule.log_snr(t))
        elif self.prediction == "score":
            fresh = fresh * process.sigma(t) ** 2
        elif self.prediction == "velocity":
            alpha, sigma = process.alpha(t), process.sigma(t)
            fresh = fresh * (alpha / (alpha**2 + sigma**2)) ** 2
        squares = total((widened(output) - target) ** 2)
        return (0.5 * fresh.to(squares.dtype) * squares).to(output.dtype)


def decode(process: GaussianDiffusion, points: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """``log p(x_k|x_t)``, nats, of a decoder that knows the data's possible values: ``[N, M]``.

    ``points`` ``[M, ...]`` are these values, ``xt`` ``[N, ...]`` noisy data: ``p(x_k|x_t)`` is proportional to ``N(x_t;
    alpha_t x_k, sigma_t^2)``, normalized over the points (VDM, arXiv 2107.00630, section 3.3, at ``t = 0``; there
    dimension by dimension, so ``xt`` is to be ``[N L, 1]`` and ``points`` the levels ``[K, 1]``).

    Raises
    ------
    TypeError, ValueError : as the methods of :class:`GaussianDiffusion`; ``points`` that are no rows like those of
        ``xt``, or none; a time without noise.
    """
    checks.instance("process", process, GaussianDiffusion)
    process.check(xt=xt, t=t)
    check_points(process, points, xt)
    return log_likelihoods(process, points, xt, t).log_softmax(-1).to(xt.dtype)


def check_points(process: GaussianDiffusion, points: Tensor, xt: Tensor) -> None:
    """Raise unless ``points`` are at least one row like those of ``xt``, in its dtype."""
    checks.tensor("points", points, (xt.dtype,))
    checks.shape("points", points, ["M", *xt.shape[1:]])
    if points.shape[0] == 0:
        raise ValueError("points must hold at least one point, got none")
    if checks.reads(process.validate, points):
        checks.finite("points", points)


def log_likelihoods(process: GaussianDiffusion, points: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """``-|x_t - alpha_t x_k|^2 / (2 sigma_t^2)``: ``[N, M]``, in the dtype that ``xt`` is computed in."""
    log_snr = process.schedule.log_snr(t)
    if checks.reads(process.validate, t) and bool((log_snr == torch.inf).any()):
        raise ValueError(f"t must be a time with noise, got {checks.first(t, log_snr == torch.inf)}, where sigma is 0")
    z, x = widened(xt).flatten(1).unsqueeze(1), widened(points).flatten(1).unsqueeze(0)
    return -0.5 * (process._noise_between(x, z, t) ** 2).sum(-1)


def _checked_shape(shape: object) -> tuple[int, ...]:
    if not isinstance(shape, tuple):
        raise TypeError(f"shape must be a tuple of ints, got {type(shape).__name__} {shape!r}")
    if not shape:
        raise ValueError("shape must begin with the number of samples, got ()")
    for i, n in enumerate(shape):
        checks.integer(f"shape[{i}]", n, 0)
    return shape

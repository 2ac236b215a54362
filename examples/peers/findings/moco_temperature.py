"""bionemo-moco 0.0.2.2, interpolants/continuous_time/discrete/mdlm.py, ``MDLM.step`` with ``temperature``.

A temperature changes which token is revealed, and not whether one is: that is (alpha_s - alpha_t)/(1 - alpha_t)
(Sahoo et al. 2024, eq. 7). Found: log-probabilities are divided by the temperature and not normalized again.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from bionemo.moco.distributions.prior import DiscreteMaskedPrior
from bionemo.moco.distributions.time import UniformTimeDistribution
from bionemo.moco.interpolants import MDLM
from bionemo.moco.schedules.noise.continuous_noise_transforms import LogLinearExpNoiseTransform

torch.manual_seed(0)
K, L = 21, 200_000
mdlm = MDLM(UniformTimeDistribution(), DiscreteMaskedPrior(K), LogLinearExpNoiseTransform())
alpha_t, alpha_s = (1 - 0.999 * u for u in (0.5, 0.25))
for temperature in (1.0, 0.5, 2.0):
    xt = torch.full((1, L), K - 1)
    t, dt = torch.tensor([0.5]), torch.tensor([0.25])
    xs = mdlm.step(torch.zeros(1, L, K), t, xt, dt, temperature=temperature)
    # What is found follows from the sum of p^(1/temperature) over 20 equally likely tokens.
    mass = (alpha_s - alpha_t) * 20 * 20 ** (-1 / temperature)
    print(
        f"temperature {temperature}: expected {(alpha_s - alpha_t) / (1 - alpha_t):.4f} revealed, "
        f"found {float((xs != K - 1).double().mean()):.4f} (without normalization {mass / (mass + 1 - alpha_s):.4f})"
    )

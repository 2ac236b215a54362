"""bionemo-moco 0.0.2.2, interpolants/continuous_time/discrete/mdlm.py, ``MDLM._sample_categorical``, by ``MDLM.step``.

Gumbel noise is made of ``torch.rand`` in single precision, whatever the logits are: multiples of 2^-24, so that the
least exponential variable is 6e-8.  Expected: of 100,000 classes with probability 1e-8 each, one in 1,000 draws, all
masks being revealed.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import math

import torch
from bionemo.moco.distributions.prior import DiscreteMaskedPrior
from bionemo.moco.distributions.time import UniformTimeDistribution
from bionemo.moco.interpolants import MDLM
from bionemo.moco.schedules.noise.continuous_noise_transforms import LogLinearExpNoiseTransform

torch.manual_seed(0)
K, positions, calls = 100_002, 20, 400
mdlm = MDLM(UniformTimeDistribution(), DiscreteMaskedPrior(K), LogLinearExpNoiseTransform())
logits = torch.full((1, positions, K), math.log(1e-8), dtype=torch.float64)
logits[..., 0] = math.log(1 - 1e-3)
xt, half = torch.full((1, positions), K - 1), torch.tensor([0.5])
drawn = torch.cat([mdlm.step(logits.clone(), half, xt, half) for _ in range(calls)])
rare = int(((drawn > 0) & (drawn < K - 1)).sum())
print(f"rare classes in {drawn.numel()} draws: expected {drawn.numel() / 1000:.0f}, found {rare}")

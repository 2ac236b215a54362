"""bionemo-moco 0.0.2.2, distributions/time/uniform.py and ``MDLM.loss`` (mdlm.py): time 0.

``torch.rand`` returns 0 once in 2^24 draws, and ``min_t`` is 0 by default. Expected: the loss of a sequence in which
nothing is masked is 0. Found: NaN, which is 0 times a weight that is infinite.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from bionemo.moco.distributions.prior import DiscreteMaskedPrior
from bionemo.moco.distributions.time import UniformTimeDistribution
from bionemo.moco.interpolants import MDLM
from bionemo.moco.schedules.noise.continuous_noise_transforms import CosineExpNoiseTransform, LogLinearExpNoiseTransform

x0 = torch.tensor([[0, 1]])
for noise in (LogLinearExpNoiseTransform(), CosineExpNoiseTransform()):
    mdlm = MDLM(UniformTimeDistribution(), DiscreteMaskedPrior(3), noise)
    found = mdlm.loss(torch.zeros(1, 2, 3), x0, mdlm.interpolate(x0, torch.zeros(1)), torch.zeros(1))
    print(f"{type(noise).__name__} at time 0: expected 0.0, found {float(found)}")
generator, zeros = torch.Generator().manual_seed(0), 0
for _ in range(16):
    zeros += int((torch.rand(2**23, generator=generator) == 0).sum())
print(f"zeros among 2^27 draws of torch.rand: {zeros}, of 8 in the mean")

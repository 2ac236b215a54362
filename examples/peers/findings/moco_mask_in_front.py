"""bionemo-moco 0.0.2.2, distributions/prior/discrete/mask.py, ``DiscreteMaskedPrior`` with ``mask_dim``.

Expected: with the mask as class 0 of 5, all mass of the prior is at class 0, and D3PM's noise leads there. Found: the
law is at the last class whatever the mask is, so that noise turns tokens into class 4, while samples of the prior are
0.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from bionemo.moco.distributions.prior import DiscreteMaskedPrior
from bionemo.moco.distributions.time import UniformTimeDistribution
from bionemo.moco.interpolants import D3PM
from bionemo.moco.schedules.noise.discrete_noise_schedules import DiscreteLinearNoiseSchedule

torch.manual_seed(0)
prior = DiscreteMaskedPrior(5, mask_dim=0)
print(f"the law of the prior: expected [1, 0, 0, 0, 0], found {prior.prior_dist.int().tolist()}")
print(f"a sample of it: expected 0, found {int(prior.sample((1,)))}")
noise = DiscreteLinearNoiseSchedule(100, beta_start=0.05, beta_end=0.3)
d3pm = D3PM(UniformTimeDistribution(discrete_time=True, nsteps=100), prior, noise)
noised = d3pm.interpolate(torch.full((1, 1000), 2), torch.tensor([99]))
counts = noised.flatten().bincount(minlength=5).tolist()
print(f"counts of classes after all steps: expected [1000, 0, 0, 0, 0], found {counts}")

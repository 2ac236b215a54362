"""bionemo-moco 0.0.2.2, interpolants/discrete_time/discrete/d3pm.py, ``_is_one_hot``, by ``D3PM.interpolate``.

Ids [N, L] are taken for one-hot vectors where L is the number of classes and each row sums to one. Expected: noisy
ids of the shape of the ids. Found: the rows are read as one token each.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from bionemo.moco.distributions.prior import DiscreteUniformPrior
from bionemo.moco.distributions.time import UniformTimeDistribution
from bionemo.moco.interpolants import D3PM
from bionemo.moco.schedules.noise.discrete_noise_schedules import DiscreteLinearNoiseSchedule

noise = DiscreteLinearNoiseSchedule(10)
for ids in ([[0, 1, 1]], [[0, 1, 0]]):
    d3pm = D3PM(UniformTimeDistribution(discrete_time=True, nsteps=10), DiscreteUniformPrior(3), noise)
    found = d3pm.interpolate(torch.tensor(ids), torch.tensor([0]))
    print(f"ids {ids[0]}: expected the shape (1, 3), found {tuple(found.shape)}")

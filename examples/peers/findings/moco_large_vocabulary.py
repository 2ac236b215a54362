"""bionemo-moco 0.0.2.2, interpolants/discrete_time/discrete/d3pm.py, ``D3PM._calculate_transition_matrix``.

Cumulative matrices are products in single precision, and small terms are lost beside the diagonal. Expected: D3PM
with uniform noise and the default betas for any number of classes; in float64 the same products have rows of sum one.
Found: an error from 128 classes on.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from bionemo.moco.distributions.prior import DiscreteUniformPrior
from bionemo.moco.distributions.time import UniformTimeDistribution
from bionemo.moco.interpolants import D3PM
from bionemo.moco.schedules.noise.discrete_noise_schedules import DiscreteLinearNoiseSchedule

for K in (64, 128, 256):
    noise, product = DiscreteLinearNoiseSchedule(1000), torch.eye(K).double()
    for alpha in noise.generate_schedule().double():
        product = alpha * product + (1 - alpha) / K * product.sum(-1, keepdim=True)
    miss = float((product.sum(-1) - 1).abs().max())
    try:
        D3PM(UniformTimeDistribution(discrete_time=True, nsteps=1000), DiscreteUniformPrior(K), noise)
        found = "no error"
    except ValueError as problem:
        found = f"ValueError: {problem}"
    print(f"K = {K}: expected no error (rows miss one by {miss:.0e} in float64), found {found}")

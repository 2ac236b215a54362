"""bionemo-moco 0.0.2.2, distributions/time/uniform.py, beta.py, logit_normal.py: ``max_t``.

``min_t`` is 0 by default. Expected: times of [min_t, max_t]. Found: ``if self.min_t and self.max_t``, and 0.0 is false:
``max_t`` is ignored.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from bionemo.moco.distributions.time import BetaTimeDistribution, LogitNormalTimeDistribution, UniformTimeDistribution

torch.manual_seed(0)
for made in (UniformTimeDistribution, BetaTimeDistribution, LogitNormalTimeDistribution):
    for least in (0.0, 0.001):
        found = float(made(min_t=least, max_t=0.5).sample(10_000).max())
        print(f"{made.__name__}(min_t={least}, max_t=0.5): expected at most 0.5, found {found:.3f}")

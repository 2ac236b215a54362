"""bionemo-moco 0.0.2.2, interpolants/continuous_time/discrete/mdlm.py, ``MDLM.loss`` with ``global_mean`` and no mask.

The documentation: all losses are summed and divided by the number of tokens. Expected: the mean of the rows' own
losses, which is the same where all rows are equally long, and what a mask of ones gives. Found: the sum over the
batch, divided by the length of one row.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from bionemo.moco.distributions.prior import DiscreteMaskedPrior
from bionemo.moco.distributions.time import UniformTimeDistribution
from bionemo.moco.interpolants import MDLM
from bionemo.moco.schedules.noise.continuous_noise_transforms import LogLinearExpNoiseTransform

torch.manual_seed(0)
mdlm = MDLM(UniformTimeDistribution(), DiscreteMaskedPrior(5), LogLinearExpNoiseTransform())
x0, xt, t, logits = torch.randint(4, (8, 6)), torch.full((8, 6), 4), torch.rand(8), torch.randn(8, 6, 5)
rows = mdlm.loss(logits.clone(), x0, xt, t)
ones = mdlm.loss(logits.clone(), x0, xt, t, mask=torch.ones(8, 6), global_mean=True)
found = mdlm.loss(logits.clone(), x0, xt, t, global_mean=True)
print(f"8 rows: expected {float(rows.mean()):.4f} (with a mask of ones {float(ones):.4f}), found {float(found):.4f}")
print(f"found / expected = {float(found / rows.mean()):.4f}")

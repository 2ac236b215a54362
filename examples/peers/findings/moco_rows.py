"""bionemo-moco 0.0.2.2, interpolants/continuous_time/discrete/mdlm.py, ``MDLM.step_auto_regressive``.

Expected: each row reveals its own first mask. Found: the first mask of the first row is taken for all rows, and rows
without a mask there reveal nothing.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from bionemo.moco.distributions.prior import DiscreteMaskedPrior
from bionemo.moco.distributions.time import UniformTimeDistribution
from bionemo.moco.interpolants import MDLM
from bionemo.moco.schedules.noise.continuous_noise_transforms import LogLinearExpNoiseTransform

mdlm = MDLM(UniformTimeDistribution(), DiscreteMaskedPrior(5), LogLinearExpNoiseTransform())
xt = torch.tensor([[0, 4, 4, 4], [0, 1, 4, 4], [4, 4, 4, 4]])
alone = [int((mdlm.step_auto_regressive(torch.zeros(1, 4, 5), row[None]) != row).nonzero()[0, 1]) for row in xt]
together = (mdlm.step_auto_regressive(torch.zeros(3, 4, 5), xt) != xt)
print(f"positions revealed in each row: expected {[[place] for place in alone]}, ", end="")
print(f"found {[row.nonzero()[:, 0].tolist() for row in together]}")

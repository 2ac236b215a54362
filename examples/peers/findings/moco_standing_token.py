"""bionemo-moco 0.0.2.2, interpolants/continuous_time/discrete/mdlm.py, ``MDLM.step_self_path_planning``.

Of the tokens that are visible those are to be masked again which the network finds unlikely.  Expected: of two
positions, one with a token of probability 0.06 and one where 0.70 would be revealed, the second is visible after a step
that leaves one.  Found: the first is scored by the likeliest token of its place, 0.94, and keeps the one it has.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from bionemo.moco.distributions.prior import DiscreteMaskedPrior
from bionemo.moco.distributions.time import UniformTimeDistribution
from bionemo.moco.interpolants import MDLM
from bionemo.moco.schedules.noise.continuous_noise_transforms import LogLinearExpNoiseTransform

mdlm = MDLM(UniformTimeDistribution(), DiscreteMaskedPrior(3), LogLinearExpNoiseTransform())
logits = torch.tensor([[[0.06, 0.94, 0.0], [0.70, 0.30, 0.0]]]).log()
xt, half = torch.tensor([[0, 2]]), torch.tensor([0.5])
found = mdlm.step_self_path_planning(logits, xt, half, curr_step=1, num_steps=4, logit_temperature=0.0)
print(f"from (0, mask) with one token visible afterwards: expected (mask, 0) = [2, 0], found {found[0].tolist()}")

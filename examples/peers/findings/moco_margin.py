"""bionemo-moco 0.0.2.2, interpolants/continuous_time/discrete/mdlm.py, ``MDLM.step_confidence_margin``.

The positions with the largest margin are to be revealed first. Expected: the margin, largest minus second largest
probability. Found: both tokens are drawn, so that the difference is negative where the first one drawn is the less
likely one; its logarithm is NaN, and ``torch.topk`` puts NaN first.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from bionemo.moco.distributions.prior import DiscreteMaskedPrior
from bionemo.moco.distributions.time import UniformTimeDistribution
from bionemo.moco.interpolants import MDLM
from bionemo.moco.schedules.noise.continuous_noise_transforms import LogLinearExpNoiseTransform

torch.manual_seed(0)
mdlm = MDLM(UniformTimeDistribution(), DiscreteMaskedPrior(5), LogLinearExpNoiseTransform())
# Position 0 is nearly certain; position 1 hesitates between two classes.
probabilities = torch.tensor([[0.96, 0.02, 0.01, 0.01, 1e-9], [0.45, 0.35, 0.1, 0.1, 1e-9]])
sharp = unlikely = 0
calls = 4000
for _ in range(calls):
    xt = torch.full((1, 2), 4)
    x = mdlm.step_confidence_margin(probabilities.log()[None].clone(), xt, curr_step=0, num_steps=2, randomness=0.0)
    sharp += int(x[0, 0] != 4)
    unlikely += int(x[0, 1] not in (0, 4))
print("margins 0.94 and 0.10: position 0 has to come first always")
print(f"expected {calls} of {calls}, found {sharp} of {calls}")
print(f"in {calls - sharp} position 1 came first, in {unlikely} of them with a token that is not its likeliest")

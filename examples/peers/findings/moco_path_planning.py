"""bionemo-moco 0.0.2.2, interpolants/continuous_time/discrete/mdlm.py, ``MDLM.step_self_path_planning``.

All other steps of ``MDLM`` rule the mask out before they draw; this one draws from the logits as they are. Expected:
after the last step nothing is masked, whatever the network says of the mask.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from bionemo.moco.distributions.prior import DiscreteMaskedPrior
from bionemo.moco.distributions.time import UniformTimeDistribution
from bionemo.moco.interpolants import MDLM
from bionemo.moco.schedules.noise.continuous_noise_transforms import LogLinearExpNoiseTransform

torch.manual_seed(0)
mdlm = MDLM(UniformTimeDistribution(), DiscreteMaskedPrior(5), LogLinearExpNoiseTransform())
xt, t = torch.full((1, 1000), 4), torch.tensor([0.1])
planned = mdlm.step_self_path_planning(torch.zeros(1, 1000, 5), xt, t, curr_step=3, num_steps=4)
other = mdlm.step(torch.zeros(1, 1000, 5), t, xt, t)
print(f"masks of 1000 after the last step: expected 0 (step: {int((other == 4).sum())}), "
      f"found {int((planned == 4).sum())}")

"""bionemo-moco 0.0.2.2, interpolants/continuous_time/discrete/mdlm.py, ``MDLM.get_num_steps_confidence``.

Expected: the least number of steps of k tokens that reveals all n masks, ceil(n / k), by counting. Found:
``math.ceil(n // k)``, which rounds down first: the documented loop ends with masks in the sequence.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from bionemo.moco.distributions.prior import DiscreteMaskedPrior
from bionemo.moco.distributions.time import UniformTimeDistribution
from bionemo.moco.interpolants import MDLM
from bionemo.moco.schedules.noise.continuous_noise_transforms import LogLinearExpNoiseTransform

mdlm = MDLM(UniformTimeDistribution(), DiscreteMaskedPrior(5), LogLinearExpNoiseTransform())
for n, k in ((5, 2), (7, 4), (11, 6)):
    x = torch.full((1, n), 4)
    steps, expected, left = mdlm.get_num_steps_confidence(x, k), 0, n
    while left > 0:
        expected, left = expected + 1, left - k
    for step in range(steps):
        if steps > 1:
            x = mdlm.step_confidence(torch.zeros(1, n, 5), x, step, steps, num_tokens_unmask=k)
    print(f"{n} masks, {k} a step: expected {expected} steps and 0 masks at the end, found {steps} and", end=" ")
    print(int((x == 4).sum()) if steps > 1 else "a division by zero in step_confidence, which divides by num_steps - 1")

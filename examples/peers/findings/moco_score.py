"""bionemo-moco 0.0.2.2, interpolants/continuous_time/discrete/mdlm.py, ``MDLM.calculate_score``.

Logits are a law up to a constant, here as in ``loss`` and ``step``. Expected: at a mask, the scores of the other
classes sum to alpha/(1 - alpha), the ratio of the probabilities of being visible and masked (Sahoo et al. 2024, app.
C.3). Found: the logits are not normalized, so that a constant changes the score by its exponential.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from bionemo.moco.distributions.prior import DiscreteMaskedPrior
from bionemo.moco.distributions.time import UniformTimeDistribution
from bionemo.moco.interpolants import MDLM
from bionemo.moco.schedules.noise.continuous_noise_transforms import LogLinearExpNoiseTransform

mdlm = MDLM(UniformTimeDistribution(), DiscreteMaskedPrior(5), LogLinearExpNoiseTransform())
alpha = 1 - 0.999 * 0.5
for constant in (0.0, 1.0, 3.0):
    logits = torch.tensor([[[0.3, -0.2, 0.5, 0.1, -30.0]]]) + constant
    score = mdlm.calculate_score(logits, torch.tensor([[4]]), torch.tensor([0.5]))
    print(f"logits + {constant}: expected {alpha / (1 - alpha):.4f}, found {float(score[..., :4].sum()):.4f}")

"""bionemo-moco 0.0.2.2: ``MDLM`` and ``DiscreteFlowMatcher`` overwrite the logits that they are given.

``_subs_parameterization``, ``calculate_score`` (mdlm.py), ``step``, ``step_purity``, ``step_argmax`` (of
discrete_flow_matching.py). Expected: the tensor of a caller is what it was. Where the logits are a leaf of autograd,
the loss cannot be computed at all.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from bionemo.moco.distributions.prior import DiscreteMaskedPrior
from bionemo.moco.distributions.time import UniformTimeDistribution
from bionemo.moco.interpolants import MDLM
from bionemo.moco.schedules.noise.continuous_noise_transforms import LogLinearExpNoiseTransform

mdlm = MDLM(UniformTimeDistribution(), DiscreteMaskedPrior(3), LogLinearExpNoiseTransform())
x0, xt, t = torch.tensor([[0, 1]]), torch.tensor([[2, 2]]), torch.tensor([0.5])
logits = torch.zeros(1, 2, 3)
for _ in range(2):
    mdlm.loss(logits, x0, xt, t)
print(f"logits of the mask after two losses: expected 0.0, found {float(logits[0, 0, 2])}")
try:
    mdlm.loss(torch.zeros(1, 2, 3, requires_grad=True), x0, xt, t)
except RuntimeError as problem:
    print(f"the loss of logits that are a leaf: expected a number, found RuntimeError: {problem}")

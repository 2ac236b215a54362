"""bionemo-moco 0.0.2.2, interpolants/discrete_time/discrete/d3pm.py, ``D3PM.loss`` with ``vb_scale``.

The variational term is KL(q(x_{t-1}|x_t, x_0) || p(x_{t-1}|x_t)), so that it is 0 where the network is certain of
x_0. Expected: by Bayes' rule on matrices in float64, nothing of the package. Found: the target is handed over as a
one-hot vector of *logits*, whose softmax is e/(e + K - 1) at x_0, and not 1.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from bionemo.moco.distributions.prior import DiscreteUniformPrior
from bionemo.moco.distributions.time import UniformTimeDistribution
from bionemo.moco.interpolants import D3PM
from bionemo.moco.schedules.noise.discrete_noise_schedules import DiscreteLinearNoiseSchedule

K, T, index = 20, 10, 4
d3pm = D3PM(
    UniformTimeDistribution(discrete_time=True, nsteps=T),
    DiscreteUniformPrior(K),
    DiscreteLinearNoiseSchedule(T, beta_start=0.05, beta_end=0.3),
)
step = [torch.eye(K).double() * (1 - b) + b / K for b in torch.linspace(0.05, 0.3, T).double()]
x0, xt = torch.tensor([[3]]), torch.tensor([[7]])


def kernel(prediction: torch.Tensor) -> torch.Tensor:
    """p(x_{t-1}|x_t) of a prediction of x_0: the sum over x_0 of the joint law, normalized."""
    joint = (prediction @ torch.linalg.multi_dot(step[:index])) * step[index][:, 7]
    normalized: torch.Tensor = joint / joint.sum()
    return normalized


def found(logits: torch.Tensor) -> float:
    """What the term adds to the cross-entropy."""
    time = torch.tensor([index])
    return float(d3pm.loss(logits, x0, xt, time, vb_scale=1.0) - d3pm.loss(logits, x0, xt, time))


truth = kernel(torch.eye(K).double()[3])
certain, flat = torch.full((1, 1, K), -40.0), torch.zeros(1, 1, K)
certain[..., 3] = 40.0
for name, logits in (("certain of x_0", certain), ("flat", flat), ("the one-hot vector itself", torch.eye(K)[x0])):
    expected = float((truth * (truth / kernel(logits[0, 0].double().softmax(-1))).log()).sum())
    print(f"network {name}: expected {expected:.4f}, found {found(logits):.4f} nats")

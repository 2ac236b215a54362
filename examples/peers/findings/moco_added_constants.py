"""bionemo-moco 0.0.2.2, interpolants/discrete_time/discrete/d3pm.py, ``D3PM._q_posterior_logits``, by ``D3PM.step``.

1e-6 is added to q(x_t|x_{t-1}) and to p(x_{t-1}), which are themselves of the size beta/K and 1/K. Expected: the
share of positions that move in one reverse step, by Bayes' rule, for a prediction that is flat: beta (K - 1)/K.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from bionemo.moco.distributions.prior import DiscreteUniformPrior
from bionemo.moco.distributions.time import UniformTimeDistribution
from bionemo.moco.interpolants import D3PM
from bionemo.moco.schedules.noise.discrete_noise_schedules import DiscreteLinearNoiseSchedule

torch.manual_seed(0)
T = 20
for K, rows in ((20, 40), (256, 8)):
    noise = DiscreteLinearNoiseSchedule(T, beta_start=1e-4, beta_end=1e-3)
    d3pm = D3PM(UniformTimeDistribution(discrete_time=True, nsteps=T), DiscreteUniformPrior(K), noise)
    beta = 1e-4 + (1e-3 - 1e-4) * 1 / (T - 1)
    moved = total = 0
    for _ in range(rows):
        xt = torch.randint(K, (1, 20_000))
        x = d3pm.step(torch.zeros(1, 20_000, K), torch.tensor([1]), xt)
        moved, total = moved + int((x != xt).sum()), total + x.numel()
    expected = beta * (K - 1) / K
    added = (K - 1) * (beta / K + 1e-6) / (1 - expected + 1e-6 + (K - 1) * (beta / K + 1e-6))
    print(f"K = {K}: expected {expected:.6f}, found {moved / total:.6f} (with the constant {added:.6f})")

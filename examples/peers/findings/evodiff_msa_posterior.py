"""evodiff 1.1.2, losses.py, ``D3PMLVBLossMSA``.

Expected: q(x_{t-1}|x_t, x_0) = q(x_t|x_{t-1}) q(x_{t-1}|x_0) / q(x_t|x_0), as in ``D3PMLVBLoss``. Found: the
denominator is q(x_{t-1}|x_0) at x_t, so that what is compared with the network is no probability. Shown by the same
position as a sequence and as an alignment of one row: with the same network both are one number.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from evodiff.losses import D3PMLVBLoss, D3PMLVBLossMSA
from evodiff.utils import Tokenizer

tokenizer = Tokenizer()
K = tokenizer.K
Q_bar, Q = tokenizer.q_random_schedule(timesteps=10, schedule="sohl-dickstein")
one_hot, t = torch.eye(K).double(), 5
# Two positions: of one the code of the package makes a vector, by squeeze().
x0, xt = one_hot[[0, 1]], one_hot[[5, 6]]
logits = torch.randn(2, K, generator=torch.Generator().manual_seed(0)).double()
sequence = D3PMLVBLoss(tmax=10, tokenizer=tokenizer)(
    xt[None], None, logits[None], torch.tensor([[0, 1]]), x0[None], torch.ones(1, 2), torch.tensor([t]), Q, Q_bar,
)
alignment = D3PMLVBLossMSA(tmax=10, tokenizer=tokenizer)(
    xt[None, None], None, logits[None, None], torch.tensor([[[0, 1]]]), x0[None, None], torch.ones(1, 1, 2),
    torch.tensor([t]), Q, Q_bar,
)
sums = [float((Q[t][:, 5] * Q_bar[t - 1][0] / Q_bar[u][0, 5]).sum()) for u in (t, t - 1)]
print(f"the sum of q(x_t-1|x_t, x_0): expected 1, by q(x_t|x_0) {sums[0]:.4f}, by q(x_t-1|x_0) {sums[1]:.4f}")
print(f"the term of an alignment of one row: expected {float(sequence):.6f}, found {float(alignment):.6f}")

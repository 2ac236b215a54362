"""evodiff 1.1.2, generate.py ``generate_d3pm``, and losses.py ``D3PMLVBLoss`` (and ``D3PMLVBLossMSA``).

D3PM's kernel is p(x_{t-1}|x_t) ~ sum over x_0 of q(x_{t-1}, x_t|x_0) p(x_0|x_t) (Austin et al. 2021, eq. 4).
Expected: by that sum, in plain loops. Found: the prediction enters twice, once in ``B_pred`` and once in the product
that sums: p(x_0)^2.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from evodiff.generate import generate_d3pm
from evodiff.losses import D3PMLVBLoss
from evodiff.utils import Tokenizer

torch.manual_seed(0)
tokenizer = Tokenizer(sequences=True)
K, T = tokenizer.K, 3
Q_bar, Q = tokenizer.q_random_schedule(timesteps=T, schedule="sohl-dickstein")
prediction = torch.zeros(K).double()
prediction[:2] = torch.tensor([0.75, 0.25])


def kernel(xt: int, t: int, power: int) -> torch.Tensor:
    """p(x_{t-1}|x_t) by its definition, of the prediction to a power."""
    p = torch.zeros(K).double()
    for x in range(K):
        for x0 in range(K):
            p[x] += Q[t][x, xt] * Q_bar[t - 1][x0, x] * prediction[x0] ** power
    return p / p.sum()


# The bound: two positions (of one alone the code makes a vector, and fails), x_0 = 0, x_t = 5 at both, t = 2 of 10.
Q_bar, Q = tokenizer.q_random_schedule(timesteps=10, schedule="sohl-dickstein")
one_hot, x0, xt = torch.eye(K).double(), torch.tensor([[0, 0]]), torch.tensor([[5, 5]])
true = Q[2][:, 5] * Q_bar[1][0] / Q_bar[2][0, 5]
found = D3PMLVBLoss(tmax=10, tokenizer=tokenizer)(
    one_hot[xt], None, prediction.log().expand(1, 2, K), x0, one_hot[x0], torch.ones(1, 2), torch.tensor([2]), Q, Q_bar
)
by = [float((true * (true / kernel(5, 2, power)).log()).sum()) for power in (1, 2)]
print(f"the bound's term: expected {by[0]:.6f}, found {float(found):.6f} nats (with p^2 {by[1]:.6f})")

# The sampler with two matrices makes one step, from uniform tokens; its last step never draws the last six classes.
Q_bar, Q = tokenizer.q_random_schedule(timesteps=2, schedule="sohl-dickstein")
sample, _ = generate_d3pm(
    lambda x, t: prediction.log().expand(*x.shape, K), tokenizer, Q, Q_bar, 2, 20_000, 1, "cpu"
)
law = [sum(kernel(x, 1, power)[: K - 6] / kernel(x, 1, power)[: K - 6].sum() for x in range(K)) / K for power in (1, 2)]
counted = float((sample == 0).double().mean())
due, squared = (float(shares[0]) for shares in law)
print(f"share of the likelier token: expected {due:.4f}, found {counted:.4f} (with p^2 {squared:.4f})")

"""diffusers 0.42.1, schedulers/scheduling_discrete_ddim.py, ``DiscreteDDIMScheduler.step_correct``.

Its documentation: the sweep preserves p_s, and leaves the marginal invariant. Expected: a law of two positions and
two classes, of which the network is given the exact posterior, is the same after the sweep. It is, to sampling error,
where positions are chosen at random. Found: it is not where they are chosen by the tokens that they hold, as by
default, and not where several are drawn anew at once.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import itertools

import torch
from diffusers import DiscreteDDIMScheduler

torch.manual_seed(0)
data = torch.tensor([[0.45, 0.05], [0.1, 0.4]]).double()  # p(x_0)
alpha, draws = 0.75, 400_000
noise = alpha * torch.eye(2).double() + (1 - alpha) / 2
before = noise.T @ data @ noise  # p_s, by the sum over both clean tokens
states = torch.tensor(list(itertools.product((0, 1), repeat=2)))
# p(x_0^i = k | x_s), by Bayes' rule: what a network of the plain kind learns.
joint = data * noise.T[states[:, 0]][:, :, None] * noise.T[states[:, 1]][:, None, :]
posterior = torch.stack([joint.sum(2), joint.sum(1)], 1) / joint.sum((1, 2))[:, None, None]

for k, selection in ((1, "random"), (1, "lowest_log_margin"), (1, "lowest_current_prob"), (1, "lowest_maxprob"),
                     (2, "random")):
    scheduler = DiscreteDDIMScheduler(corrector_k=k, corrector_selection=selection, corrector_steps=1)
    scheduler.set_timesteps(4)
    start = torch.multinomial(before.flatten(), draws, replacement=True)
    after = scheduler.step_correct(posterior[start].log(), 2, states[start]).prev_sample
    found = (after[:, 0] * 2 + after[:, 1]).bincount(minlength=4).double() / draws
    error = (found - before.flatten()).abs().sum() / 2
    print(f"{selection}, corrector_k={k}: total variation from p_s expected 0 (of {draws} draws: 0.001), "
          f"found {float(error):.4f}")

# Exactly, for "lowest_log_margin" and one position: that of the keys c_1, c_2 is chosen with softmax(c).
cond = torch.zeros(4, 2, 2).double()
for i, place in itertools.product(range(4), (0, 1)):
    both = before[:, states[i, 1]] if place == 0 else before[states[i, 0]]
    cond[i, place] = both / both.sum()
held = cond.gather(2, states[:, :, None])[..., 0]
choice = (-(held.log() - (1 - held).log())).softmax(1)
step = torch.zeros(4, 4).double()
for i, place, token in itertools.product(range(4), (0, 1), (0, 1)):
    end = states[i].clone()
    end[place] = token
    step[i, end[0] * 2 + end[1]] += choice[i, place] * cond[i, place, token]
error = (before.flatten() @ step - before.flatten()).abs().sum() / 2
print(f"lowest_log_margin, computed from the definition: total variation {float(error):.4f}")

"""diffusers 0.42.1, schedulers/scheduling_amused.py, ``AmusedScheduler.step``.

Tokens that are given in the input are to stay. Expected: a row in which nothing is masked comes back as it was.
Found: "mask at least one" masks one of its tokens, which is then drawn anew.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from diffusers import AmusedScheduler

torch.manual_seed(0)
scheduler, calls, masked, changed = AmusedScheduler(mask_token_id=8), 1000, 0, 0
scheduler.set_timesteps(4)
for _ in range(calls):
    given = torch.tensor([[0, 1, 2, 3], [8, 8, 8, 8]])
    x = given
    for t in scheduler.timesteps:
        x = scheduler.step(torch.zeros(2, 4, 8), int(t), x).prev_sample
        masked += int((x[0] == 8).any()) if t == 3 else 0
    changed += int((x[0] != given[0]).any())
print(f"rows without a mask, in which a token is masked: expected 0 of {calls}, found {masked}")
print(f"... in which a token is another one at the end: expected 0 of {calls}, found {changed}")

"""diffusers 0.42.1, scheduling_block_refinement.py and scheduling_entropy_bound.py: two settings.

``BlockRefinementScheduler.step(minimal_topk=...)``, "minimum tokens to commit per step", is read and not used.
``EntropyBoundScheduler`` has "t_min: sampling temperature on the last denoising step": the last step is S - 1 of S,
at which it is t_min + (t_max - t_min)/S.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from diffusers import BlockRefinementScheduler, EntropyBoundScheduler

torch.manual_seed(0)
logits = torch.randn(1, 8, 5)
for least in (1, 2, 4):
    scheduler = BlockRefinementScheduler(minimal_topk=least)
    scheduler.set_timesteps(8, block_length=8)
    out = scheduler.step(logits, 0, torch.full((1, 8), 4), mask_token_id=4, threshold=1.0, minimal_topk=least)
    print(f"minimal_topk={least}: expected at least {least} tokens, found {int(out.transfer_index.sum())}")
for steps in (1, 2, 4, 32):
    scheduler = EntropyBoundScheduler(t_max=0.8, t_min=0.4)
    scheduler.set_timesteps(steps)
    out = scheduler.step(torch.ones(1, 1, 3), steps - 1, torch.zeros(1, 1, dtype=torch.long))
    print(f"{steps} steps, the last temperature: expected 0.4, found {float(1 / out.pred_logits[0, 0, 0]):.4f}")

"""evodiff 1.1.2, generate.py, ``generate_oaardm_order_opt``, whose ``batch_size`` is 20 by default.

Expected: each row goes its own way, as with ``batch_size=1``. Found: the position and the token are taken from the
first row, and written into all rows, so that a batch is one sample many times.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from evodiff.generate import generate_oaardm_order_opt
from evodiff.utils import Tokenizer

torch.manual_seed(0)
tokenizer = Tokenizer()
table = torch.randn(6, len(tokenizer.alphabet))


def network(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Logits of a place, whatever stands elsewhere."""
    return table.expand(len(x), *table.shape)


together = generate_oaardm_order_opt(network, tokenizer, 6, batch_size=20, device="cpu")[1]
alone = [generate_oaardm_order_opt(network, tokenizer, 6, batch_size=1, device="cpu")[1][0] for _ in range(20)]
print(f"different sequences among 20: expected about {len(set(alone))} (one by one), found {len(set(together))}")

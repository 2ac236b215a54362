"""Masked diffusion: what is left of absorbing noise without a clock, without a schedule, and without chance.

* `masked_language_model`: BERT, and the NELBO as weighted masked language modeling;
* `noise_level`: the NELBO as an integral over how much is masked;
* `autoregression`: one token masked a step, from the right.
"""

from unmask.reference.masked import autoregression, masked_language_model, noise_level

__all__ = ["autoregression", "masked_language_model", "noise_level"]

"""Masked diffusion: absorbing noise without a clock, without a schedule, and without randomness.

* `masked_language_model`: BERT, and the NELBO as weighted masked language modeling;
* `noise_level`: the NELBO as an integral over the masked fraction;
* `autoregression`: one token masked a step, from the right.
"""

from unmask.reference.masked import autoregression, masked_language_model, noise_level

__all__ = ["autoregression", "masked_language_model", "noise_level"]

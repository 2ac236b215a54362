"""Masked diffusion.

* `mdlm`: MDLM (Sahoo et al. 2024, arXiv 2406.07524);
* `autoregression`: one token masked a step, from the right.
"""

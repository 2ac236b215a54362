"""Masked diffusion.

* `mdlm`: MDLM (Sahoo et al. 2024, arXiv 2406.07524);
* `genmd4`: MD4 and GenMD4, a schedule for each class (Shi et al. 2024, arXiv 2406.04329);
* `autoregression`: one token masked a step, from the right.
"""

"""Gaussian diffusion.

* `log_snr`: schedules;
* `diffusion`: `q(x_t|x_0)` and its bridges;
* `arg_max`: the discrete process under it, for the uniform law;
* `vdm`: loss, reverse process and samplers (Kingma et al. 2021);
* `mixture`: the exact law of noisy data of a finite data set.
"""

"""D3PM (Austin et al. 2021, arXiv 2107.03006).

* `d3pm`: denoiser, reverse kernel, steps and losses;
* `interpolating`: its formulas where a hit forgets the class;
* `chain_sums`: losses over chains, and their gradients;
* `over_chains`: its formulas from transition probabilities alone;
* `logistic_head`: the head for ordered classes.
"""

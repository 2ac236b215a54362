"""Code around a network of masked diffusion: training, evaluation, samplers, guidance, and kernels that mask again.

* `times`: at which times samples are masked, and how these depend on one another;
* `masking`: which positions are masked, and what masked positions cost;
* `objectives`: training objectives;
* `bounds`: estimates of the bound, log-likelihoods and perplexities;
* `tokens`: the law that a token is drawn from, and how sure a network is of a position;
* `planned`: samplers that reveal a planned number of positions in a planned order;
* `trajectories`: the log-probability of what such a sampler did;
* `guidance`: one prediction out of two;
* `remasking`: steps that may mask a token again (ReMDM).
"""

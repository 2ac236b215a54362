"""Sums over the classes of whole rows, all that losses need of logits; each row is visited while it is in cache.

* `rows`: which rows of a batch are read, and how many at a time;
* `one_by_one`: rows of many classes where they lie, with few operations for each;
* `once`: gradients that have none of their own;
* `mixing`: many logarithms of which few are taken;
* `softmax_sums`: what losses of a denoiser need of its softmax;
* `linear`: the same for the output of a linear layer, whose logits are never all there;
* `ratios`: what scores should be, away from two classes;
* `entropy_sums`: what the score entropy needs of scores.

On CUDA the same is done in Triton, where it is installed, without a synchronization:

* `triton_arithmetic`: elementary functions, and how kernels are launched;
* `triton_softmax_sums`: kernels behind `softmax_sums`;
* `triton_entropy_sums`: kernels behind `entropy_sums`.

Nothing but torch is imported before the first call on CUDA.  With ``TRITON_INTERPRET=1`` in the environment, Triton's
interpreter runs the kernels on tensors of the CPU as well, slowly, as tests want it.  Under ``torch.compile`` the sums
are plain formulas, of which the compiler makes kernels.  Arguments are not checked: callers have done so.
"""

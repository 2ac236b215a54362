"""Facts of BD3-LM: Arriola et al. 2025, arXiv 2503.09573v3."""

# A fact is one line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from unmask.properties.report.papers.paper import NAMING, UNREAD, Fact, Paper, of_reference

BD3LM = Paper("Arriola et al. 2025", "BD3-LM", "2503.09573v3", (
    Fact("eq. 1", "autoregression: the log-likelihood is the sum of those of the tokens, each given those before it", of_reference("programs/bounds", "blocks_of_one_are_autoregression_and_one_block_is_masked_diffusion")),
    Fact("eq. 2", "the reverse kernel of a position is the mean of its posteriors under the prediction", of_reference("likelihood/reverse", "the_mixture_is_exact_at_the_posterior", "joint_sum_and_mixture_coincide_under_the_mask")),
    Fact("eq. 3", "the NELBO is reconstruction, KLs of the steps, and the prior's KL", of_reference("likelihood/elbo", "nelbo_is_its_definition")),
    Fact("eq. 4", "the log-likelihood is the sum of those of the blocks, each given those before it", of_reference("programs/bounds", "the_bound_in_blocks_is_above_the_likelihood_in_blocks")),
    Fact("eq. 5", "the reverse kernel of a block is that of diffusion, given the finished blocks"),
    Fact("eq. 6", "the sum of the blocks' NELBOs bounds −log p(x)", of_reference("programs/bounds", "the_bound_in_blocks_is_above_the_likelihood_in_blocks")),
    Fact("sec. 3.1 (block-causal)", "a token sees its own block and those before it, and no later one"),
    Fact("eq. 7", "keys and values of the finished blocks stand for the blocks themselves"),
    Fact("sec. 3.2 (vectorized)", "one pass over [x_t, x_0]: a noisy token sees its noisy block, and the clean blocks before it"),
    Fact("alg. 1", "training draws a time for each block", unchecked="no objective here has a time for each block; the mean is that of eq. 8 however they depend on one another"),
    Fact("alg. 2", "blocks are sampled one after the other, each given those that are finished", of_reference("sampling/samplers", "one_block_is_ancestral", "blocks_of_one_are_autoregression_on_any_grid")),
    Fact("sec. 4.1 (noise)", "a token is masked with probability 1 − α_t, by itself", of_reference("noise/forward", "one_step_matrices_are_what_the_paper_says", "sequences_factorize")),
    Fact("eq. 8", "in continuous time the bound is the cross-entropy of each block with weight −α′/(1 − α)", of_reference("programs/bounds", "the_bound_is_an_integral_over_time", "blocks_of_one_are_autoregression_and_one_block_is_masked_diffusion")),
    Fact("sec. 4.1 (tightness)", "the bound is tight for blocks of one, and looser for longer ones", of_reference("programs/bounds", "blocks_of_one_are_autoregression_and_one_block_is_masked_diffusion", "with_the_best_denoiser_blocks_of_every_length_cost_the_likelihood", "longer_blocks_may_cost_less"), "the best denoiser has no gap at any length, and another one may have a lower bound for longer blocks"),
    Fact("sec. 4.2 (equivalence)", "for blocks of one it is the autoregressive cross-entropy", of_reference("programs/bounds", "blocks_of_one_are_autoregression_and_one_block_is_masked_diffusion")),
    Fact("sec. 4.2 (half)", "for α = 1 − t half of the tokens are masked on average", of_reference("masked/share_masked", "half_of_the_tokens_are_masked_if_alpha_is_1_minus_t")),
    Fact("sec. 4.2 (full masking)", "with every token masked the objective for blocks of one is autoregression's", of_reference("programs/bounds", "one_token_costs_the_same_whatever_is_cut")),
    Fact("sec. 4.3 (schedule)", "the NELBO does not depend on the schedule, while the variance of its estimates does", of_reference("noise/information", "the_schedule_drops_out_of_the_nelbo"), "for a denoiser that knows of the time no more than α"),
    Fact("eq. 9", "the batch's loss at drawn times estimates it", of_reference("programs/bounds", "the_bound_is_an_integral_over_time")),
    Fact("eq. 10", "the variance of a gradient over batches", no_fact=NAMING),
    Fact("sec. 5.2 (clipped)", "masking rates that are uniform on [β, ω] stand for a schedule that jumps to β and from ω", of_reference("programs/bounds", "times_that_are_cut_off_have_another_mean", "the_slope_of_a_clipped_schedule"), "what the jumps cost is left out: another mean than the bound's, but for blocks of one"),
    Fact("sec. 5.2 (slope)", "α′ is constant within the range", of_reference("programs/bounds", "the_slope_of_a_clipped_schedule"), "it is β − ω; 1/(β − ω), as printed, is the slope of a mask that becomes certain between the times β and ω"),
    Fact("sec. 5.3", "each length of blocks has its best range", no_fact=UNREAD),
    Fact("eq. 11", "with T steps, each block has reconstruction, KLs, and the prior's KL", of_reference("programs/bounds", "many_steps_of_a_grid_are_the_integral")),
    Fact("eq. 12-13", "masking as matrices, from 0 to t and from s to t, with α_{t|s} = α_t/α_s", of_reference("noise/forward", "two_interpolating_steps_compose")),
    Fact("eq. 14", "the marginal is a product of the steps' matrices", of_reference("noise/forward", "two_interpolating_steps_compose"), "of Q_{t|s}: with Q_t of eq. 12, which is a product already, α would be multiplied twice"),
    Fact("eq. 15", "the posterior by Bayes' rule", of_reference("noise/forward", "bayes")),
    Fact("app. B.3 (SUBS)", "no weight on the mask, and visible tokens are carried over", of_reference("likelihood/reverse", "subs")),
    Fact("eq. 16", "a step's KL is the cross-entropy at masks with weight (α_s − α_t)/(1 − α_t)", of_reference("masked/masked_language_model", "weighted_mlm_is_absorbing_diffusion")),
    Fact("eq. 17", "the same in the limit of many steps", of_reference("likelihood/rates", "the_grid_converges_at_rate_one_over_T")),
    Fact("eq. 18", "the reconstruction vanishes in that limit", of_reference("likelihood/rates", "the_reconstruction_vanishes_as_steps_shrink")),
    Fact("eq. 19", "the bound once more", no_fact="repeats eq. 8"),
    Fact("eq. 20-21", "for blocks of one", no_fact="proof of section 4.2"),
    Fact("eq. 22-24 and app. B.5", "the bound never falls as blocks grow longer", of_reference("programs/bounds", "longer_blocks_may_cost_less", "with_the_best_denoiser_blocks_of_every_length_cost_the_likelihood"), "false for a network that prefers another order; the proof has expectations within logarithms, of a negative weight, and takes the mean of a product for the product of means"),
    Fact("app. B.6", "the three parts of that mask: own noisy block, earlier clean blocks, clean blocks up to one's own"),
))

__all__ = ["BD3LM"]

"""Facts of ReMDM: Wang et al. 2025, arXiv 2503.00307v4."""

# A fact is one line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from unmask.properties.report.papers.paper import NAMING, PROOF, UNREAD, Fact, Paper, of_reference

REMDM = Paper("Wang et al. 2025", "ReMDM", "2503.00307v4", (
    Fact("eq. 1", "q(z_t|x) is α_t x + (1−α_t) π", of_reference("noise/forward", "one_step_matrices_are_what_the_paper_says")),
    Fact("eq. 2", "masked diffusion's posterior, which never masks again", of_reference("noise/forward", "absorbing_posterior_has_its_closed_form")),
    Fact("eq. 3", "its bound with T steps", of_reference("masked/masked_language_model", "weighted_mlm_is_absorbing_diffusion")),
    Fact("eq. 4", "a visible token is masked again with probability σ_t"),
    Fact("eq. 5", "the joint law of all times", no_fact=NAMING),
    Fact("eq. 6", "the posterior: a mask is lifted with probability (α_s − (1−σ) α_t)/(1 − α_t)", of_reference("programs/remasking", "marginals_are_those_of_masked_diffusion_at_every_time"), law="masks_are_revealed_as_the_kernel_says"),
    Fact("thm 3.1", "it has masked diffusion's marginals", of_reference("programs/remasking", "marginals_are_those_of_masked_diffusion_at_every_time"), law="remasking_keeps_the_marginals"),
    Fact("eq. 7", "σ is at most min(1, (1 − α_s)/α_t)", of_reference("programs/remasking", "the_most_that_may_be_masked_again")),
    Fact("sec. 3.1 (no remasking)", "σ = 0 is MDLM"),
    Fact("eq. 8", "the model's joint law", no_fact=NAMING),
    Fact("eq. 9", "the bound is that of MDLM with weights (α_s − (1−σ) α_t)/(1 − α_t)", of_reference("programs/remasking", "a_step_costs_more_the_more_is_masked_again")),
    Fact("sec. 3.2 (monotone)", "it grows with σ, and is least for MDLM", of_reference("programs/remasking", "a_step_costs_more_the_more_is_masked_again")),
    Fact("alg. 1", "samples come from eq. 6 with the prediction for x", law="masks_are_revealed_as_the_kernel_says"),
    Fact("sec. 4.1 (cap and rescale)", "σ is cut off at a constant, or a share of the most", of_reference("programs/remasking", "schedules_of_masking_again_stay_in_their_range")),
    Fact("sec. 4.1 (confidence)", "σ is shared among visible tokens, more for those that were less certain; masks have none", of_reference("programs/remasking", "masking_visible_tokens_again_without_lifting_more_masks_loses_the_marginal"), "σ depends on whether a token is masked, so that theorem 3.1 does not hold: α_s − σ α_t is visible at s"),
    Fact("eq. 10", "σ is zero outside of a window", of_reference("programs/remasking", "marginals_are_those_of_masked_diffusion_at_every_time")),
    Fact("sec. 4.2 (loop)", "within it α stays, while tokens are masked and revealed", of_reference("programs/remasking", "constant_schedules_move_tokens_and_keep_the_marginal")),
    Fact("thm 4.1 and eq. 11", "it is a step of MDLM, and a correction that keeps the marginal at s", of_reference("programs/remasking", "masking_again_is_a_step_and_a_correction", "the_correction_is_no_kernel_where_much_is_masked_again"), "for σ up to (1 − α_s)/α_s; between that and eq. 7 the correction has negative probabilities"),
    Fact("prop. 4.2", "the forward-backward corrector is σ = (α_s − α_t)/α_t", of_reference("programs/remasking", "forward_and_backward_rates_together_mask_again"), "as a correction at t, for steps so short that σ is in its range"),
    Fact("prop. 4.3", "correctors of discrete flow matching are σ = β (α_s − α_t)/α_t", of_reference("programs/remasking", "correctors_of_flow_matching_mask_again"), "for β from 0 to the largest σ, not for any real number"),
    Fact("prop. 4.4", "with α constant those do nothing, and this still moves tokens", of_reference("programs/remasking", "constant_schedules_move_tokens_and_keep_the_marginal")),
    Fact("eq. 12-13", "proof of theorem 3.1", no_fact=PROOF),
    Fact("eq. 14-18", "noise from s to t given x, in which a mask may become x again: no Markov chain", of_reference("programs/remasking", "noise_may_give_tokens_back"), "above eq. 17 q(z_t = x|x) is printed for q(z_t = m|x)"),
    Fact("eq. 19-20", "the range of σ", no_fact="proof of eq. 7"),
    Fact("eq. 21-26", "a step's KL", no_fact="proof of eq. 9"),
    Fact("eq. 27-31", "proof of theorem 4.1", no_fact=PROOF),
    Fact("eq. 32-43", "rates of masked diffusion", no_fact="MDLM's eq. 51-58"),
    Fact("eq. 44-45", "proof of proposition 4.2", no_fact=PROOF),
    Fact("eq. 46-58", "proofs of propositions 4.3 and 4.4", no_fact=PROOF),
    Fact("eq. 59-61", "the implicit models of DDIM with a mask for their noise are the same, with σ = 1 − α_s − (1 − α_t) σ_DDIM", of_reference("programs/remasking", "implicit_models_with_a_mask_for_their_noise")),
    Fact("alg. 2-3", "the same with a switch, or a loop", of_reference("programs/remasking", "confidences_that_begin_at_minus_infinity_have_no_shares"), "confidences of masks begin at −∞, where they have no shares; section 4.1 has ∞"),
    Fact("sec. 5", "qualities of samples", no_fact=UNREAD),
))

__all__ = ["REMDM"]

"""Facts of GIDD: von Ruette et al. 2025, arXiv 2503.04482v2."""

# A fact is one line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from unmask.properties.report.papers.paper import UNREAD, Fact, Paper, of_implementation

GIDD = Paper("von Ruette et al. 2025", "GIDD", "2503.04482v2", (
    Fact("sec. 3 (marginals)", "q(z_t|x) is α_t x + β_t π_t with β = 1 − α, and a mixing law π_t that may move with time", of_implementation("noise/masks_and_bump", "closed_forms_are_the_definition")),
    Fact("sec. 3 (transitions)", "between two times α_t/α_s is kept, and β_t π_t − α_t/α_s β_s π_s added", of_implementation("noise/masks_and_bump", "transitions_compose_and_are_stochastic")),
    Fact("sec. 3 (composition)", "these transitions compose, and are those of a Markov chain", of_implementation("noise/masks_and_bump", "transitions_compose_and_are_stochastic", "a_steep_bump_has_no_markov_chain"), "where none of them is negative: α and π have to move so that β π′ − α′/α π never is"),
    Fact("sec. 3 (rates)", "forward rates are α′/α on the diagonal and β π′ − α′/α π into each class", of_implementation("noise/masks_and_bump", "marginals_solve_the_kolmogorov_equation", "closed_forms_are_the_definition")),
    Fact("sec. 3 (backward)", "the reverse rates are those of the posterior at the prediction, as the joint sum has them", of_implementation("noise/masks_and_bump", "steps_of_the_reverse_process_tend_to_the_bound")),
    Fact("sec. 3 (elbo)", "the NELBO's integrand is w_t (KL(q_t(·|x), q_t(·|x_θ)) + IS(q_t(z|x), q_t(z|x_θ)))", of_implementation("noise/masks_and_bump", "the_published_bound_is_the_joint_sums_integrand")),
    Fact("sec. 3 (weights)", "w_t is (β π′ − α′/α π) at z, over q_t(z|x)", of_implementation("noise/masks_and_bump", "the_published_bound_is_the_joint_sums_integrand", "its_weights_are_the_rate_over_the_probability")),
    Fact("sec. 3 (optimum)", "both divergences are zero where the prediction is the data", of_implementation("noise/masks_and_bump", "the_bound_is_zero_at_the_truth_and_never_negative")),
    Fact("sec. 3 (special cases)", "a law that does not move is interpolating noise; a mask alone is masked diffusion, its bound MDLM's", of_implementation("noise/masks_and_bump", "a_law_that_does_not_move_is_keeping_or_redrawing", "without_a_bump_it_is_masked_diffusion")),
    Fact("sec. 3 (limit)", "the bound is the limit of discrete steps", of_implementation("noise/masks_and_bump", "steps_of_the_reverse_process_tend_to_the_bound")),
    Fact("sec. 4 (mixture)", "masks with a bump: (1 − t) x + t m + c_t u over 1 + c_t, u uniform over all classes but the mask", of_implementation("noise/masks_and_bump", "closed_forms_are_the_definition")),
    Fact("sec. 4 (bump)", "c_t = B t^(γ/2) (1 − t)^(γ/2)", of_implementation("noise/masks_and_bump", "the_share_of_uniform_noise_is_that_at_half_time", "a_steep_bump_has_no_markov_chain"), "for γ up to 2: above, uniform noise has to go away by itself near t = 1, at negative rates"),
    Fact("sec. 4 (height)", "B = 2^γ p_u/(1 − p_u) makes p_u the probability of uniform noise at t = 1/2, its most", of_implementation("noise/masks_and_bump", "the_share_of_uniform_noise_is_that_at_half_time")),
    Fact("sec. 4 (ends)", "it starts at the data and ends in the mask", of_implementation("noise/masks_and_bump", "it_starts_at_the_data_and_ends_in_the_mask")),
    Fact("sec. 4 (alpha)", "α falls from 1 to 0", of_implementation("noise/masks_and_bump", "alpha_never_grows", "it_starts_at_the_data_and_ends_in_the_mask")),
    Fact("sec. 4 (no bump)", "p_u = 0 is MDLM with α = 1 − t", of_implementation("noise/masks_and_bump", "without_a_bump_it_is_masked_diffusion")),
    Fact("sec. 4-5 (correction)", "with uniform noise visible tokens may be wrong, and are corrected", of_implementation("noise/masks_and_bump", "a_visible_token_may_be_wrong")),
    Fact("sec. 4-5 (weighting)", "weights that are cut off, or replaced by ones of the noise level, train better", unchecked="another objective than the bound, judged by trained networks"),
    Fact("sec. 5", "perplexities, and samples that correct themselves", no_fact=UNREAD),
))

__all__ = ["GIDD"]

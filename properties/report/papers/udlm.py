"""Facts of UDLM: Schiff et al. 2024, arXiv 2412.10193v3."""

# A fact is one line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from unmask.properties.report.papers.paper import UNREAD, Fact, Paper, of_implementation, of_reference

UDLM = Paper("Schiff et al. 2024", "UDLM", "2412.10193v3", (
    Fact("sec. 2 (marginal)", "noise keeps a token with probability α_t and else draws from the prior", of_implementation("d3pm/uniform_nelbo", "noise_ends_in_the_uniform_law")),
    Fact("sec. 3.1 (definition)", "guidance without a classifier is p(z_s|z_t, y)^γ p(z_s|z_t)^(1−γ), normalized", of_implementation("d3pm/uniform_nelbo", "guidance_is_tempered_position_by_position")),
    Fact("sec. 3.1 (positions)", "for predictions that factorize it is normalized position by position, over K classes each", of_implementation("d3pm/uniform_nelbo", "guidance_is_tempered_position_by_position", "the_product_over_positions_is_normalized_by_position")),
    Fact("sec. 3.1 (ends)", "γ = 1 is the conditional model and γ = 0 the unconditional one", of_implementation("d3pm/uniform_nelbo", "guidance_is_tempered_position_by_position")),
    Fact("sec. 3.2 (definition)", "guidance by a classifier is p(y|z_s, z_t)^γ p(z_s|z_t), normalized", of_implementation("d3pm/uniform_nelbo", "guidance_by_a_classifier_is_bayes_rule_at_strength_one")),
    Fact("sec. 3.2 (exact)", "at γ = 1 with the true classifier it is the conditional model, by Bayes' rule", of_implementation("d3pm/uniform_nelbo", "guidance_by_a_classifier_is_bayes_rule_at_strength_one")),
    Fact("sec. 3.2 (positions)", "the classifier is asked with one position changed at a time, as if positions were independent given y", unchecked="an approximation, whose error depends on the classifier"),
    Fact("sec. 3.2 (first order)", "a Taylor expansion of the classifier in one-hot vectors spares these calls", unchecked="an approximation, whose error depends on the classifier"),
    Fact("sec. 4 (prior)", "the prior of uniform noise is 1/K, which one-hot data reaches where α = 0", of_implementation("d3pm/uniform_nelbo", "noise_ends_in_the_uniform_law")),
    Fact("sec. 4 (revision)", "unlike a mask, a token that was denoised may change again: no posterior that moves is ruled out", of_implementation("d3pm/uniform_nelbo", "every_token_may_change_again")),
    Fact("sec. 4.1 (posterior)", "q(z_s|z_t, x) in closed form, with numerator and denominator in ⟨z_t, x⟩", of_implementation("d3pm/uniform_nelbo", "the_posterior_as_printed")),
    Fact("sec. 4.1 (model)", "the model is the posterior with the prediction in place of x, numerator and denominator apart", of_implementation("d3pm/uniform_nelbo", "the_model_is_the_posterior_at_the_prediction"), "it is D3PM's joint sum, and not the mixture of posteriors"),
    Fact("sec. 4.2 (nelbo)", "the continuous NELBO: α′/(Kα) times (K/x̄_i − K/x̄_θ,i − Σ_j x̄_j/x̄_i log(x̄_θ,i x̄_j / (x̄_θ,j x̄_i))), x̄ = Kα x + (1 − α) 1", of_implementation("d3pm/uniform_nelbo", "the_closed_form_is_the_joint_sums_integrand", "it_is_not_the_mixtures_integrand")),
    Fact("sec. 4.2 (limit)", "it is the limit of T times a step's KL as T grows", of_implementation("d3pm/uniform_nelbo", "discrete_steps_tend_to_it_like_one_over_their_number")),
    Fact("sec. 4.2 (ends)", "prior and reconstruction terms vanish in the limit, for α from 1 to 0", of_reference("likelihood/rates", "the_reconstruction_vanishes_as_steps_shrink")),
    Fact("sec. 4.2 (truth)", "the integrand is zero where the prediction is the data, and never negative", of_implementation("d3pm/uniform_nelbo", "it_is_zero_at_the_truth_and_never_negative")),
    Fact("sec. 4.2 (tightness)", "the continuous bound is tighter than that of T steps", of_reference("likelihood/elbo", "refining_the_grid_helps_the_optimal_denoiser", "refining_the_grid_can_hurt_another_denoiser"), "true for the optimal denoiser, false for an arbitrary one"),
    Fact("sec. 5", "perplexities and qualities of guided samples", no_fact=UNREAD),
))

__all__ = ["UDLM"]

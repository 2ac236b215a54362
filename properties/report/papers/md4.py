"""Facts of MD4: Shi et al. 2024, arXiv 2406.04329v4."""

# A fact is one line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from unmask.properties.report.papers.paper import PROOF, Fact, Paper, of_implementation, of_reference

MD4 = Paper("Shi et al. 2024", "MD4", "2406.04329v4", (
    Fact("sec. 2 (steps)", "one step masks with probability β_i, and i of them with 1 − α_i, α_i the product of 1 − β", of_reference("noise/forward", "one_step_matrices_are_what_the_paper_says", "two_interpolating_steps_compose")),
    Fact("eq. 1", "as steps shrink, q(x_t|x_0) is α_t I + (1−α_t) 1 e_mᵀ, with α_t the exponential of minus the integral of β"),
    Fact("sec. 2 (two times)", "between two times it is the same with α_t/α_s", of_reference("noise/forward", "two_interpolating_steps_compose")),
    Fact("sec. 2 (reversal)", "given x_0, a mask is lifted with probability (α_s − α_t)/(1 − α_t), and what is visible stays"),
    Fact("eq. 2", "the reverse kernel is that posterior with the prediction for x_0"),
    Fact("eq. 3", "the prediction is a softmax without the mask where x_t is the mask, and x_t itself elsewhere"),
    Fact("sec. 3 (time)", "the best prediction given x_t does not depend on t"),
    Fact("sec. 3 (bound)", "reconstruction, prior and the KLs of all other steps bound the log-likelihood"),
    Fact("sec. 3 (limit from above)", "L_T is never below its limit, so that more steps give a tighter bound", of_reference("masked/state_dependent", "more_steps_may_hurt") + of_reference("likelihood/elbo", "refining_the_grid_helps_the_optimal_denoiser", "refining_the_grid_can_hurt_another_denoiser"), "true for the optimal denoiser; a network that is worse near the data has an L_T below its limit"),
    Fact("eq. 4", "the continuous loss is the cross-entropy at the mask, with weight −α′/(1 − α)"),
    Fact("sec. 3 (log-SNR)", "as an integral over λ = log(α/(1−α)) it has the weight σ(λ), and the schedule enters by its ends alone", finding="for a network that knows of the time no more than α"),
    Fact("eq. 5", "for sequences it is the sum over masked positions"),
    Fact("sec. 4 (sampling)", "samples come from steps of the reverse kernel; known tokens are left as they are, for infilling"),
    Fact("eq. 6", "the grid t(i) = cos(π/2 (1 − i/T)) has the alphas of the cosine schedule on an even grid", of_reference("masked/state_dependent", "the_cosine_grid_of_the_linear_schedule_is_the_cosine_schedule_on_an_even_grid")),
    Fact("eq. 7", "forward transitions over a short time are δ + rate Δt, with rates β(t) (1 e_mᵀ − I)"),
    Fact("eq. 8", "those of the reversal given x_0 have the rate −α′/(1 − α) from the mask to x_0"),
    Fact("prop. 1 and eq. 9", "the true score at a mask is α/(1−α) times the posterior mean of x_0; over all classes it sums to α/(1−α)", of_reference("likelihood/reverse", "every_true_denoiser_implies_the_true_score", "score_of_subs_has_its_closed_form")),
    Fact("eq. 10", "so is the score of a prediction"),
    Fact("sec. 5 (any order)", "tokens are revealed in a uniformly random order, one prediction each", finding="with one α for all classes; with several, the order depends on the classes"),
    Fact("sec. 6 (transition)", "each class k is kept between two times with α_{t,k}/α_{s,k}, else masked", of_reference("masked/state_dependent", "marginals_compose", "the_continuous_process_observed_on_a_grid")),
    Fact("sec. 6 (marginal)", "q(x_t|x_0) is diag(α_t) + (I − diag(α_t)) 1 e_mᵀ, and composes", of_reference("masked/state_dependent", "marginals_compose")),
    Fact("eq. 11", "at a mask the kernel has diag(μ) for x_0 x_0ᵀ: class k with (α_{s,k} − α_{t,k})/(1 − α_{t,k}) μ_k", of_reference("masked/state_dependent", "the_kernel_mixes_posteriors_class_by_class", "the_mean_of_x0_twice_is_diagonal")),
    Fact("eq. 12", "the continuous loss has a weight for each class, and besides the cross-entropy the difference of x_0 and μ", of_reference("masked/state_dependent", "the_loss_in_print_is_the_bound", "the_cross_entropy_alone_is_no_bound")),
    Fact("sec. 6 (equal schedules)", "with one α for all classes the loss is eq. 4", of_reference("masked/state_dependent", "equal_schedules_are_absorbing_noise") + of_implementation("masked/state_dependent", "equal_powers_are_mdlm")),
    Fact("sec. 6 (naive gradients)", "autodiff of the loss at drawn noise is biased for the schedule's parameters", of_implementation("masked/state_dependent", "the_gradient_through_the_loss_alone_is_biased")),
    Fact("eq. 13", "one step draws from a row of Q_i", of_reference("noise/forward", "one_step_matrices_are_what_the_paper_says")),
    Fact("eq. 14", "the marginal once more", no_fact="repeats eq. 1"),
    Fact("eq. 15", "the rates once more", no_fact="repeats eq. 7"),
    Fact("eq. 16", "the transition between two times once more", no_fact="repeats section 2"),
    Fact("eq. 17", "the posterior, case by case", no_fact="repeats section 2"),
    Fact("eq. 18", "the rates of the reversal once more", no_fact="repeats eq. 8"),
    Fact("eq. 19", "a step's KL, before it is simplified", no_fact=PROOF),
    Fact("app. D (divergence)", "a step's KL is the cross-entropy at the mask with weight (α_s − α_t)/(1 − α_t)"),
    Fact("app. D (reconstruction)", "with p(x_0|x_{t(1)}) in proportion to q(x_{t(1)}|x_0) the reconstruction costs (1 − α) log m a token", of_reference("masked/state_dependent", "the_reconstruction_of_even_odds")),
    Fact("app. E", "a prior with a share α_1 for all classes alike costs α_1 log m a token", of_reference("masked/state_dependent", "the_prior_with_a_little_of_every_class_costs_alpha_log_m")),
    Fact("app. G", "rare classes have to be drawn as often as they should be: Gumbel noise of few bits cuts them off"),
    Fact("eq. 20", "rates of the reversal given x_0 are forward rates times ratios of marginals", of_reference("likelihood/rates", "conditional_rates_average_to_the_true_ones")),
    Fact("prop. 3 and eq. 21", "the loss with forward rates at the states that a step of noise leads to, up to a constant", unchecked="another estimator of the same integral, which asks the network about every neighbor; no method here has it"),
    Fact("eq. 22", "the loss is the divergence of two sets of rates"),
    Fact("eq. 23", "the score of a prediction", no_fact="repeats eq. 10"),
    Fact("eq. 24", "with scores it is score entropy"),
    Fact("eq. 25", "the ratio of marginals at a mask is α/(1−α) at x_0, and 0 at other classes", of_reference("masked/scores", "all_four_cases_in_one_formula")),
    Fact("eq. 26", "score entropy of masked diffusion in closed form", of_reference("masked/state_dependent", "score_entropy_as_printed_is_not_zero_at_the_truth"), "ψ stands outside of the expectation over x_t: it needs the factor 1 − α_t, as the loss is not zero at the true score otherwise; the line after it has the same term, with the wrong sign"),
    Fact("eq. 27", "scores of a prediction sum to α/(1−α)", no_fact="repeats eq. 9"),
    Fact("eq. 28", "MaskGIT's loss has no weight; no schedule from α = 1 to α = 0 gives it", of_reference("masked/state_dependent", "no_schedule_has_an_even_weight")),
    Fact("eq. 29-31", "the posterior with a schedule for each class: a mask that was a k is lifted with (α_{s,k} − α_{t,k})/(1 − α_{t,k})", of_reference("masked/state_dependent", "a_mask_is_lifted_at_its_classes_speed")),
    Fact("app. I.1 (divergence)", "a step's KL has the two ways of lifting a mask, and those of leaving it", of_reference("masked/state_dependent", "the_bound_of_steps_in_print")),
    Fact("app. I.1 (limit)", "the sum of these tends to the integral of eq. 12", of_reference("masked/state_dependent", "the_bound_of_steps_tends_to_the_integral_like_log_t_over_t"), "like (log T)/T, where classes are masked at different speeds, and not like 1/T"),
    Fact("eq. 32", "for sequences it is the sum over masked positions"),
    Fact("app. I.2 (reverse)", "with α_k = 1 − t^{w_k} a mask stays one with the sum of (s/t)^{w_k} μ_k, and becomes k with what is left of μ_k", of_reference("masked/state_dependent", "the_kernel_mixes_posteriors_class_by_class", "rates_are_derivatives_of_kernels"), "printed for x_t ≠ m, and meant for x_t = m; that of a visible token names q(x_s|x_t = m, x_0), and means x_t ≠ m"),
    Fact("eq. 33", "the gradient in w is that of the loss at given noise, and the loss times that of log q(x_t|x_0)", of_implementation("masked/state_dependent", "leave_one_out_is_unbiased")),
    Fact("app. I.2 (leave one out)", "two draws, each with the other's loss for its baseline, estimate it without bias", of_implementation("masked/state_dependent", "leave_one_out_is_unbiased", "leave_one_out_is_the_papers_for_two_draws")),
))

__all__ = ["MD4"]

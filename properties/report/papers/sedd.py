"""Facts of SEDD: Lou et al. 2024, arXiv 2310.16834v3."""

# A fact is one line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from unmask.properties.report.papers.paper import NAMING, PROOF, Fact, Paper, of_implementation, of_reference

SEDD = Paper("Lou et al. 2024", "SEDD", "2310.16834v3", (
    Fact("eq. 1", "dp_t/dt = Q_t p_t, with sources in columns", of_reference("noise/forward", "kolmogorov_forward_equation")),
    Fact("eq. 2", "in a short time x becomes y with probability δ + Q_t(y, x) Δt + O(Δt²)", of_reference("noise/processes", "kolmogorov_equations")),
    Fact("eq. 3", "the reversal jumps from x to y at the rate p_t(y)/p_t(x) Q_t(x, y)", of_reference("likelihood/rates", "time_reversal_returns_the_data", "rates_are_derivatives_of_kernels"), law="reverse_rate_is_forward_rate_times_score"),
    Fact("eq. 4", "concrete score matching: half the expected squared error of the ratios", of_reference("d3pm/heads", "explicit_is_denoising_and_a_constant") + of_implementation("sedd/concrete_score_loss", "concrete_score_loss_is_its_definition", "best_scores_are_the_true_ones")),
    Fact("sec. 2.2", "squared errors do not keep scores positive", of_reference("d3pm/heads", "the_best_of_few_scores_may_be_negative", "score_entropy_is_a_barrier_and_squared_errors_are_none")),
    Fact("def. 3.1 (formula) and eq. 5", "score entropy is s − r log s + K(r), with K(a) = a (log a − 1)", of_reference("likelihood/rates", "score_entropy_is_zero_only_at_the_ratio"), law="score_entropy_is_its_formula"),
    Fact("def. 3.1 (non-negative)", "it is never negative, and zero only at s = r", of_reference("likelihood/rates", "score_entropy_is_zero_only_at_the_ratio", "the_integrand_is_zero_only_at_the_truth")),
    Fact("def. 3.1 (remark)", "it comes from the Bregman divergence of −log: non-negative, symmetric, convex", of_reference("d3pm/heads", "score_entropy_is_not_symmetric"), "it is not symmetric (s = 1, r = 2 against s = 2, r = 1), and is r times that divergence"),
    Fact("sec. 3.1", "its gradient is that of the squared error, divided by s", of_reference("d3pm/heads", "score_entropy_is_a_barrier_and_squared_errors_are_none")),
    Fact("prop. 3.2", "it is least at the true ratios", of_reference("likelihood/rates", "explicit_implicit_and_denoising_differ_by_constants")),
    Fact("prop. 3.3 and eq. 6", "the implicit objective is the same, up to a constant", of_reference("likelihood/rates", "explicit_implicit_and_denoising_differ_by_constants"), "where the weight is positive, p must have full support"),
    Fact("thm 3.4 and eq. 7", "the denoising objective is the same, up to a constant", of_reference("likelihood/rates", "explicit_implicit_and_denoising_differ_by_constants") + of_reference("d3pm/heads", "denoising_losses_need_weights_that_know_what_is_possible"), "the weight of (x, y) has to be zero wherever some x_0 becomes y and cannot become x: false for constant weights under the mask"),
    Fact("def. 3.5 and eq. 8", "the model's reverse process jumps at the rates s_θ(x)_y Q_t(x, y)", finding="indices of the diagonal are mixed up in print"),
    Fact("thm 3.6 and eq. 9", "−log p(x_0) is at most the DWDSE plus the prior's KL", of_reference("likelihood/rates", "the_bound_holds_and_both_likelihoods_agree")),
    Fact("eq. 10", "the DWDSE is the integral of score entropy weighted with Q_t(x_t, y)", of_reference("likelihood/rates", "dwdse_is_the_integrand_of_rates"), law="loss_is_its_term_of_the_nelbo"),
    Fact("eq. 11", "sequences change one position at a time", of_reference("likelihood/rates", "time_reversal_returns_the_data")),
    Fact("eq. 12", "the network returns ratios between sequences that differ in one position", no_fact=NAMING),
    Fact("eq. 13", "a sequence's transition is the product over positions", of_reference("noise/forward", "sequences_factorize")),
    Fact("eq. 14", "a token's transitions are columns of exp(σ̄ Q), σ̄ the integral of σ", of_reference("noise/forward", "the_matrix_exponential_agrees"), law="transition_is_the_definition"),
    Fact("eq. 15", "uniform rates: all ones, minus N on the diagonal", of_reference("noise/forward", "the_matrix_exponential_agrees"), "N times the rates of being redrawn at rate one, which appendix C.1 and this suite have"),
    Fact("eq. 16", "absorbing rates lead to the mask and nowhere else", of_reference("noise/forward", "the_matrix_exponential_agrees")),
    Fact("eq. 17", "tau-leaping: each position by itself draws from δ + Δt Q_t(x, y) s(x)_y", of_reference("sampling/samplers", "euler_is_tweedie_to_second_order", "euler_never_leaves_the_simplex"), law="euler_adds_the_rate"),
    Fact("thm 4.1 and eq. 18", "Tweedie's formula: the true scores give p(x_0|x_t)", of_reference("likelihood/reverse", "tweedie_is_exact_at_the_true_score")),
    Fact("eq. 19", "the Tweedie sampler: the same from t to t − Δt, for each position", of_reference("likelihood/reverse", "tweedie_is_exact_at_the_true_score") + of_implementation("likelihood/rates", "tweedie_of_the_true_score_is_the_way_back"), law="reverse_is_the_definition"),
    Fact("eq. 20", "the noise of a step", no_fact=NAMING),
    Fact("thm 4.2", "of all kernels with independent positions that one has the least KL from the true reversal", of_reference("sampling/samplers", "tweedie_is_the_best_of_independent_steps")),
    Fact("eq. 21", "the problem of infilling", no_fact=NAMING),
    Fact("eq. 22", "at the free positions conditional and joint scores are the same", of_reference("sampling/infilling", "infilling_scores", "infilling_scores_by_counting") + of_reference("sampling/samplers", "infilling_with_the_true_denoiser_is_conditioning_under_the_mask", "infilling_with_the_true_denoiser_is_not_conditioning_for_uniform"), "given noisy values, always; given clean ones, only if a noisy token shows where it started: under the mask, not for uniform noise"),
    Fact("sec. 5.1", "log-linear noise changes about t·d of d tokens by time t"),
    Fact("eq. 23-24", "proof of proposition 3.2", no_fact=PROOF),
    Fact("app. A", "exchanging x and y in the proof of proposition 3.3", no_fact=PROOF),
    Fact("eq. 25", "theorem 3.6 again", no_fact="repeats theorem 3.6"),
    Fact("eq. 26", "−log p(x_0) is at most the KL between laws of paths", of_reference("likelihood/paths", "the_likelihood_is_bounded_by_the_divergence_of_paths", "looking_at_more_times_shows_more", "under_the_mask_one_position_loses_nothing")),
    Fact("eq. 27", "that KL splits into the prior's and the expected KL of what follows", of_reference("likelihood/paths", "the_divergence_of_paths_is_the_priors_and_that_of_what_follows", "what_follows_tends_to_the_dwdse"), "an equality, printed as an inequality"),
    Fact("eq. 28-33", "from Dynkin's formula to the DWDSE", no_fact=PROOF),
    Fact("eq. 34", "Bayes' rule in the proof of theorem 4.1", no_fact=PROOF),
    Fact("eq. 35-37", "proof of theorem 4.2", no_fact=PROOF),
    Fact("alg. 1", "training: the mean of its loss is the DWDSE", law="loss_is_its_term_of_the_nelbo"),
    Fact("alg. 2", "sampling: from the prior through Euler's or Tweedie's steps", of_implementation("sampling/euler", "eulers_samples_follow_its_kernels"), law="generated_sequences_follow_the_chain"),
    Fact("alg. 3", "conditional sampling: the same at the free positions, the others held"),
    Fact("app. C.1 (geometric noise)", "σ̄ = σ_min^(1−t) σ_max^t", law="alpha_is_the_schedule"),
    Fact("app. C.1 (log-linear noise)", "σ̄ = −log(1 − (1−ε) t)", finding="printed with a bracket that makes it −log(ε t), which falls with t", law="alpha_is_the_schedule"),
    Fact("app. C.1 (prior)", "the prior's KL is negligible for both schedules", of_reference("likelihood/elbo", "uniform_noise_of_both_schedules_ends_near_its_prior", "an_absorbing_process_that_keeps_something_has_no_bound"), "for uniform noise: below 1e-8 nats a token if geometric, 0.003 if log-linear with ε = 1/1000; under the mask it is infinite unless alpha ends at exactly 0, or the prior leaks, as the paper says itself"),
    Fact("app. C.2", "scaling outputs with exp(σ̄) − 1 helps absorbing models", no_fact="an experience of training; the fact behind it is MDLM's eq. 71"),
))

__all__ = ["SEDD"]

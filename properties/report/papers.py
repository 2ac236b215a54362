"""What papers state, fact by fact, and where: the other side of the laws' citations.

One line is one fact, told in the suite's own words and under the number that it has in the version named.  Numbers are
those of the papers; where one place states several facts, or none has a number, a name in brackets tells them apart.
Statements that are true or false of an implementation are facts, definitions of its formulas included; lines of a proof,
repetitions, and results of experiments are not, and say so.
"""

# A fact is one line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """One statement of a paper.

    Attributes
    ----------
    where : its places, as a law cites them: ``"thm 3.6 and eq. 9"``, ``"eq. 24-25"``, ``"sec. 3.3 (sparsity)"``.
    gist : what it says.
    tests : node ids of tests that check it, or show what ``finding`` says, beside the laws that cite it.
    finding : an error in print, or a condition that it needs and the paper does not state.
    unchecked : why nothing checks it, where nothing does.
    no_fact : why there is nothing to check.
    """

    where: str
    gist: str
    tests: tuple[str, ...] = ()
    finding: str = ""
    unchecked: str = ""
    no_fact: str = ""


@dataclass(frozen=True)
class Paper:
    """A paper: how laws cite it, what everybody calls it, its arXiv number with version, and its facts in order."""

    cited: str
    name: str
    arxiv: str
    facts: tuple[Fact, ...]


def _reference(about: str, *names: str) -> tuple[str, ...]:
    """Tests of the reference, in ``about``: a chapter and what it is about there."""
    chapter, _, subject = about.partition("/")
    return tuple(f"tests/{chapter}/test_exact_{subject}.py::test_{name}" for name in names)


def _of(about: str, *names: str) -> tuple[str, ...]:
    """Tests of an implementation against its definition."""
    chapter, _, subject = about.partition("/")
    return tuple(f"tests/{chapter}/test_{subject}.py::test_{name}" for name in names)


_NAMING = "fixes notation: nothing in it can be false"
_PROOF = "an intermediate line of a proof, contained in what it proves"

D3PM = Paper("Austin et al. 2021", "D3PM", "2107.03006v3", (
    Fact("sec. 2", "the model draws x_T from the prior, and each x_{t-1} from its reverse kernel given x_t"),
    Fact("eq. 1", "L_vb is the prior's KL, the KLs of all later steps and the reconstruction, and bounds −log p(x_0)"),
    Fact("sec. 3", "positions are corrupted, and restored in one reverse step, independently; the KLs of positions add up"),
    Fact("eq. 2", "one step of corruption draws from a row of Q_t"),
    Fact("eq. 3 (marginal)", "q(x_t|x_0) is a row of the product Q_1 ⋯ Q_t"),
    Fact("eq. 3 (posterior)", "q(x_{t-1}|x_t,x_0) by Bayes' rule, from a column of Q_t and rows of the products up to t−1 and t"),
    Fact("sec. 3.1 (rows)", "rows of Q_t are laws: no negative entry, sum one"),
    Fact("sec. 3.1 (uniform)", "doubly stochastic steps have the uniform law as a stationary one"),
    Fact("sec. 3.1 (limit)", "rows of the product tend to a known stationary law", _reference("noise/processes", "infinite_noise_is_the_limit_of_much_noise", "two_parts_have_laws_of_their_own"), "a graph in several parts has one limit for each part, so that no prior is known without x_0"),
    Fact("sec. 3.2", "the mutual-information schedule of absorbing noise is β_t = 1/(T−t+1)", _reference("noise/information", "absorbing_forgets_evenly_whatever_the_data", "absorbing_forgets_unevenly_if_the_data_has_masks") + _reference("noise/schedules", "the_mutual_information_betas_are_one_over_the_steps_left"), "for data without masks only: with masks in the data information is lost unevenly"),
    Fact("eq. 4", "the reverse kernel is in proportion to the sum over x̃_0 of q(x_{t-1}, x_t|x̃_0), weighted by the prediction"),
    Fact("sec. 3.3 (certainty)", "a step's KL is zero if the prediction has all its weight on x_0"),
    Fact("sec. 3.3 (sparsity)", "the reverse kernel has the zeros that Q_t dictates: no x_{t-1} that cannot become x_t"),
    Fact("sec. 3.3 (several steps)", "the same prediction gives a kernel over k steps at once", finding="the printed formula lacks its normalization"),
    Fact("eq. 5", "the hybrid loss is L_vb + λ times the cross-entropy of the prediction at x_0"),
    Fact("sec. 3.4 (first step)", "at t = 1 the auxiliary loss is the term L_0", _reference("likelihood/elbo", "the_first_term_is_the_reconstruction") + _reference("likelihood/reverse", "direct_differs_from_the_joint_sum_only_at_zero"), "not with eq. 4 itself at t = 1, which weighs the prediction with q(x_1|x_0) once more; it holds if p(x_0|x_1) is the prediction, and under the mask"),
    Fact("sec. 3.4 (minima)", "cross-entropy and KL are both least where the prediction has all its weight on x_0", _reference("likelihood/reverse", "the_two_optima_are_different") + _reference("likelihood/elbo", "joint_sum_is_tight_at_leave_one_out"), "'only there' is false for the KL of one pair (x_0, x_t); and averaged over data the two optima differ: the posterior for one, the leave-one-out denoiser for the other"),
    Fact("sec. 4 (BERT)", "one step of mask-and-uniform noise: L_vb − L_T is BERT's loss", _reference("masked/masked_language_model", "diffusion_of_one_step_scores_all_positions", "the_selected_part_by_hand", "copying_costs_nothing_where_it_is_certain"), "up to the loss of copying: diffusion scores all positions, BERT those that it selected"),
    Fact("sec. 4 (autoregression)", "noise that masks from the right for certain: L_vb is the autoregressive cross-entropy", _reference("masked/autoregression", "l_vb_is_the_cross_entropy", "the_cross_entropy_by_hand", "posteriors_are_certain") + _reference("likelihood/elbo", "autoregression_is_a_d3pm") + _of("masked/autoregression", "terms_are_the_next_tokens_cross_entropy", "autoregressive_posteriors")),
    Fact("sec. 4 (tagged tokens)", "the same as noise on independent tokens that carry their position as a tag", _reference("masked/autoregression", "tagged_tokens_are_masked_one_by_one", "the_d3pm_of_tagged_tokens_has_that_loss", "three_positions"), "the prior has to know the tags: one that does not pays N log N"),
    Fact("sec. 4 (masked language models)", "absorbing D3PM that predicts x_0 has a weighted masked language model's loss"),
    Fact("app. A.1", "products of positive doubly stochastic matrices tend to the uniform law", _reference("noise/products", "products_tend_to_the_uniform_law_as_fast_as_their_second_singular_values", "products_of_positive_steps_need_not_tend_to_it"), "the printed condition bounds the second eigenvalue from below; it has to stay away from 1, else products of positive steps may end elsewhere"),
    Fact("eq. 6", "the uniform step keeps a class with 1 − β(K−1)/K, and is (1−β) I + β 1 1ᵀ/K", _reference("noise/forward", "one_step_matrices_are_what_the_paper_says")),
    Fact("eq. 7", "the absorbing step is (1−β) I + β 1 e_mᵀ", _reference("noise/forward", "one_step_matrices_are_what_the_paper_says")),
    Fact("eq. 8", "the discretized Gaussian's step is normalized over all differences of levels, and its diagonal takes the rest: doubly stochastic", _reference("noise/processes", "steps_are_doubly_stochastic_and_symmetric", "the_diagonal_of_the_gaussian_step_is_a_sum")),
    Fact("app. A.2.4 (graph)", "i and j are joined if one is among the k nearest neighbors of the other", _reference("noise/processes", "nearest_neighbors_by_hand") + _of("noise/processes", "neighbors_of_embeddings")),
    Fact("eq. 9", "the rates of moving between neighbors, (G + Gᵀ)/2k with minus the row sums on the diagonal, are symmetric", _reference("noise/processes", "nearest_neighbors_by_hand")),
    Fact("app. A.2.4 (steps)", "the exponential of these rates is doubly stochastic", _reference("noise/processes", "steps_are_doubly_stochastic_and_symmetric")),
    Fact("eq. 10", "the band's step moves to each level within v with β/K, and its diagonal takes the rest: doubly stochastic", _reference("noise/processes", "steps_are_doubly_stochastic_and_symmetric")),
    Fact("app. A.2.6", "masking and redrawing combined: α 1 e_mᵀ + β 1 1ᵀ/K + (1−α−β) I", _reference("noise/forward", "one_step_matrices_are_what_the_paper_says")),
    Fact("eq. 11", "the usual objective of masked language models", no_fact=_NAMING),
    Fact("app. A.3 (reverse)", "at a masked position the reverse kernel reveals in proportion to the prediction", _reference("likelihood/reverse", "subs_step_has_its_closed_form")),
    Fact("app. A.3 (step)", "a step's KL is the cross-entropy at masked positions, with a weight from the schedule", finding="the printed weight lacks a factor: it is β_t α_{t-1}/(1 − α_t), with α the product of 1−β"),
    Fact("app. A.3 (weight)", "for β_t = 1/(T−t+1) the weight is 1/t", _reference("masked/masked_language_model", "weighted_mlm_is_absorbing_diffusion"), "1 − α_t is printed as (t−1)/T, with steps counted from 0; it is t/T"),
    Fact("eq. 12", "the whole loss is the sum over t of 1/t times the expected cross-entropy, each token masked with probability t/T", _reference("masked/masked_language_model", "weighted_mlm_is_absorbing_diffusion")),
    Fact("eq. 13", "the same, ordered by how many tokens are masked", _reference("masked/masked_language_model", "the_loss_may_be_ordered_by_the_number_of_masks", "weighted_mlm_is_absorbing_diffusion", "cross_entropy_by_hand")),
    Fact("eq. 14", "the number of masked tokens follows the mean over t of binomial laws", _reference("masked/masked_language_model", "the_number_of_masks_is_a_mean_of_binomials"), "the exponent n−1 has to be k; as printed the weights do not sum to one"),
    Fact("eq. 15", "low-rank corruption, β_t A_t + (1−β_t) I", no_fact=_NAMING),
    Fact("app. A.4.1", "products of uniform steps are uniform steps, products of absorbing steps absorbing, with α_t the product of 1−β", _reference("noise/forward", "two_interpolating_steps_compose")),
    Fact("eq. 16", "products of exponentials of multiples of R are the exponential of the sum", _reference("noise/processes", "transitions_are_stochastic_and_compose")),
    Fact("app. A.4.2", "exp(α R) is stochastic if rows of R sum to zero, doubly if its columns do too", _reference("noise/processes", "transitions_are_stochastic_and_compose", "bad_input"), "printed for off-diagonal entries that are not positive; they must not be negative"),
    Fact("app. A.5", "Kolmogorov's forward equation", _reference("noise/forward", "kolmogorov_forward_equation") + _reference("noise/processes", "kolmogorov_equations"), "indices are mixed up in print"),
    Fact("thm 1", "q(x_t|x_s) is the exponential of the integrated rates", _reference("noise/information", "exponentials_of_integrals_need_generators_that_commute"), "rates at different times have to commute: first R, then S is not exp(R + S)"),
    Fact("app. A.6 (steps)", "uniform and absorbing steps are exponentials, with β = 1 − exp(−α)", _reference("noise/forward", "the_matrix_exponential_agrees") + _reference("noise/processes", "redrawing_is_the_special_case")),
    Fact("app. A.6 (schedule)", "β_t = 1/(T−t+1) is the rate 1/(T−t), in steps", _reference("noise/schedules", "the_mutual_information_betas_are_one_over_the_steps_left", "the_rate_is_the_derivative_of_the_noise")),
    Fact("eq. 17", "t/T is the share of information lost, 1 − I(x_t; x_0)/H(x_0), and (H(x_0, x_t) − H(x_t))/H(x_0)", _reference("noise/information", "eq_17_as_printed_has_the_wrong_sign"), "the last member as printed lacks the 1, it is −I/H; entropies below it have the wrong sign"),
    Fact("app. A.7 (masks)", "absorbing noise masks with probability 1 − I/H, hence t/T, whatever the data", _reference("noise/information", "absorbing_forgets_evenly_whatever_the_data", "absorbing_forgets_unevenly_if_the_data_has_masks", "the_share_by_hand"), "for data without masks"),
    Fact("app. A.7 (others)", "for uniform noise 1/(T−t+1) is not the schedule that loses information evenly", _reference("noise/information", "every_family_gets_its_even_schedule") + _of("sampling/times", "uniform_grid_loses_information_evenly")),
    Fact("app. A.8", "the truncated logistic head: differences of sigmoids over bins of width 2/(K−1), normalized", _reference("d3pm/heads", "the_head_is_a_law_with_a_closed_form", "bins_are_integrals_of_the_density", "the_printed_code_has_a_floor_under_one_tail"), "the printed code adds 1e-6 in a logarithm, which puts a floor under the upper tail"),
    Fact("app. B.1", "the head's location is the hyperbolic tangent of x_t, scaled to [−1, 1], plus the output", _reference("d3pm/heads", "symmetries_and_shapes")),
    Fact("eq. 18", "the cosine schedule: β_t = 1 − f(t+1)/f(t)", finding="printed as a sum with π/2 where a product is meant"),
))

SEDD = Paper("Lou et al. 2024", "SEDD", "2310.16834v3", (
    Fact("eq. 1", "dp_t/dt = Q_t p_t, with sources in columns", _reference("noise/forward", "kolmogorov_forward_equation")),
    Fact("eq. 2", "in a short time x becomes y with probability δ + Q_t(y, x) Δt + O(Δt²)", _reference("noise/processes", "kolmogorov_equations")),
    Fact("eq. 3", "the reversal jumps from x to y at the rate p_t(y)/p_t(x) Q_t(x, y)", _reference("likelihood/rates", "time_reversal_returns_the_data", "rates_are_derivatives_of_kernels")),
    Fact("eq. 4", "concrete score matching: half the expected squared error of the ratios", _reference("d3pm/heads", "explicit_is_denoising_and_a_constant") + _of("sedd/concrete_score_loss", "concrete_score_loss_is_its_definition", "best_scores_are_the_true_ones")),
    Fact("sec. 2.2", "squared errors do not keep scores positive", _reference("d3pm/heads", "the_best_of_few_scores_may_be_negative", "score_entropy_is_a_barrier_and_squared_errors_are_none")),
    Fact("def. 3.1 (formula) and eq. 5", "score entropy is s − r log s + K(r), with K(a) = a (log a − 1)", _reference("likelihood/rates", "score_entropy_is_zero_only_at_the_ratio")),
    Fact("def. 3.1 (non-negative)", "it is never negative, and zero only at s = r", _reference("likelihood/rates", "score_entropy_is_zero_only_at_the_ratio", "the_integrand_is_zero_only_at_the_truth")),
    Fact("def. 3.1 (remark)", "it comes from the Bregman divergence of −log: non-negative, symmetric, convex", _reference("d3pm/heads", "score_entropy_is_not_symmetric"), "it is not symmetric (s = 1, r = 2 against s = 2, r = 1), and is r times that divergence"),
    Fact("sec. 3.1", "its gradient is that of the squared error, divided by s", _reference("d3pm/heads", "score_entropy_is_a_barrier_and_squared_errors_are_none")),
    Fact("prop. 3.2", "it is least at the true ratios", _reference("likelihood/rates", "explicit_implicit_and_denoising_differ_by_constants")),
    Fact("prop. 3.3 and eq. 6", "the implicit objective is the same, up to a constant", _reference("likelihood/rates", "explicit_implicit_and_denoising_differ_by_constants"), "where the weight is positive, p must have full support"),
    Fact("thm 3.4 and eq. 7", "the denoising objective is the same, up to a constant", _reference("likelihood/rates", "explicit_implicit_and_denoising_differ_by_constants") + _reference("d3pm/heads", "denoising_losses_need_weights_that_know_what_is_possible"), "the weight of (x, y) has to be zero wherever some x_0 becomes y and cannot become x: false for constant weights under the mask"),
    Fact("def. 3.5 and eq. 8", "the model's reverse process jumps at the rates s_θ(x)_y Q_t(x, y)", finding="indices of the diagonal are mixed up in print"),
    Fact("thm 3.6 and eq. 9", "−log p(x_0) is at most the DWDSE plus the prior's KL", _reference("likelihood/rates", "the_bound_holds_and_both_likelihoods_agree")),
    Fact("eq. 10", "the DWDSE is the integral of score entropy weighted with Q_t(x_t, y)", _reference("likelihood/rates", "dwdse_is_the_integrand_of_rates")),
    Fact("eq. 11", "sequences change one position at a time", _reference("likelihood/rates", "time_reversal_returns_the_data")),
    Fact("eq. 12", "the network returns ratios between sequences that differ in one position", no_fact=_NAMING),
    Fact("eq. 13", "a sequence's transition is the product over positions", _reference("noise/forward", "sequences_factorize")),
    Fact("eq. 14", "a token's transitions are columns of exp(σ̄ Q), σ̄ the integral of σ", _reference("noise/forward", "the_matrix_exponential_agrees")),
    Fact("eq. 15", "uniform rates: all ones, minus N on the diagonal", _reference("noise/forward", "the_matrix_exponential_agrees"), "N times the rates of being redrawn at rate one, which appendix C.1 and this suite have"),
    Fact("eq. 16", "absorbing rates lead to the mask and nowhere else", _reference("noise/forward", "the_matrix_exponential_agrees")),
    Fact("eq. 17", "tau-leaping: each position by itself draws from δ + Δt Q_t(x, y) s(x)_y", _reference("sampling/samplers", "euler_is_tweedie_to_second_order", "euler_never_leaves_the_simplex")),
    Fact("thm 4.1 and eq. 18", "Tweedie's formula: the true scores give p(x_0|x_t)", _reference("likelihood/reverse", "tweedie_is_exact_at_the_true_score")),
    Fact("eq. 19", "the Tweedie sampler: the same from t to t − Δt, for each position", _reference("likelihood/reverse", "tweedie_is_exact_at_the_true_score") + _of("likelihood/rates", "tweedie_of_the_true_score_is_the_way_back")),
    Fact("eq. 20", "the noise of a step", no_fact=_NAMING),
    Fact("thm 4.2", "of all kernels with independent positions that one has the least KL from the true reversal", _reference("sampling/samplers", "tweedie_is_the_best_of_independent_steps")),
    Fact("eq. 21", "the problem of infilling", no_fact=_NAMING),
    Fact("eq. 22", "at the free positions conditional and joint scores are the same", _reference("sampling/infilling", "infilling_scores", "infilling_scores_by_counting") + _reference("sampling/samplers", "infilling_with_the_true_denoiser_is_conditioning_under_the_mask", "infilling_with_the_true_denoiser_is_not_conditioning_for_uniform"), "given noisy values, always; given clean ones, only if a noisy token shows where it started: under the mask, not for uniform noise"),
    Fact("sec. 5.1", "log-linear noise changes about t·d of d tokens by time t"),
    Fact("eq. 23-24", "proof of proposition 3.2", no_fact=_PROOF),
    Fact("app. A", "exchanging x and y in the proof of proposition 3.3", no_fact=_PROOF),
    Fact("eq. 25", "theorem 3.6 again", no_fact="repeats theorem 3.6"),
    Fact("eq. 26", "−log p(x_0) is at most the KL between laws of paths", _reference("likelihood/paths", "the_likelihood_is_bounded_by_the_divergence_of_paths", "looking_at_more_times_shows_more", "under_the_mask_one_position_loses_nothing")),
    Fact("eq. 27", "that KL splits into the prior's and the expected KL of what follows", _reference("likelihood/paths", "the_divergence_of_paths_is_the_priors_and_that_of_what_follows", "what_follows_tends_to_the_dwdse"), "an equality, printed as an inequality"),
    Fact("eq. 28-33", "from Dynkin's formula to the DWDSE", no_fact=_PROOF),
    Fact("eq. 34", "Bayes' rule in the proof of theorem 4.1", no_fact=_PROOF),
    Fact("eq. 35-37", "proof of theorem 4.2", no_fact=_PROOF),
    Fact("alg. 1", "training: the mean of its loss is the DWDSE"),
    Fact("alg. 2", "sampling: from the prior through Euler's or Tweedie's steps", _of("sampling/euler", "eulers_samples_follow_its_kernels")),
    Fact("alg. 3", "conditional sampling: the same at the free positions, the others held"),
    Fact("app. C.1 (geometric noise)", "σ̄ = σ_min^(1−t) σ_max^t"),
    Fact("app. C.1 (log-linear noise)", "σ̄ = −log(1 − (1−ε) t)", finding="printed with a bracket that makes it −log(ε t), which falls with t"),
    Fact("app. C.1 (prior)", "the prior's KL is negligible for both schedules", _reference("likelihood/elbo", "uniform_noise_of_both_schedules_ends_near_its_prior", "an_absorbing_process_that_keeps_something_has_no_bound"), "for uniform noise: below 1e-8 nats a token if geometric, 0.003 if log-linear with ε = 1/1000; under the mask it is infinite unless alpha ends at exactly 0, or the prior leaks, as the paper says itself"),
    Fact("app. C.2", "scaling outputs with exp(σ̄) − 1 helps absorbing models", no_fact="an experience of training; the fact behind it is MDLM's eq. 71"),
))

MDLM = Paper("Sahoo et al. 2024", "MDLM", "2406.07524v2", (
    Fact("eq. 1", "Gaussian corruption", no_fact="about continuous data, for background"),
    Fact("eq. 2", "the NELBO is reconstruction, KLs of the steps, and the prior's KL"),
    Fact("sec. 3.1", "α_t falls from 1 to 0", _reference("noise/information", "mdlm_schedules_fall_from_one_and_all_but_one_to_zero"), "linear noise (eq. 93) ends at exp(−σ_max)"),
    Fact("eq. 3", "D3PM's marginals are products of matrices"),
    Fact("eq. 4", "q(z_t|x) = α_t x + (1−α_t) π"),
    Fact("eq. 5", "the posterior of processes that keep a class or redraw it from π"),
    Fact("eq. 6", "the absorbing posterior: a visible token stays, a mask is lifted with probability (α_s − α_t)/(1 − α_t)", _reference("noise/forward", "absorbing_posterior_has_its_closed_form")),
    Fact("eq. 7", "the reverse kernel of SUBS is that posterior at x = x_θ", _reference("likelihood/reverse", "subs_step_has_its_closed_form")),
    Fact("sec. 3.2.3 (zero masking probabilities)", "the prediction gives the mask no weight", _reference("likelihood/reverse", "subs")),
    Fact("sec. 3.2.3 (carry-over unmasking)", "a visible token is its own prediction", _reference("likelihood/reverse", "subs")),
    Fact("eq. 8", "the discrete loss is the cross-entropy at masks, with weights (α_s − α_t)/(1 − α_t)", _reference("masked/masked_language_model", "weighted_mlm_is_absorbing_diffusion")),
    Fact("eq. 9", "the same KL for a prediction that may give weight to the mask", _reference("masked/masks_in_predictions", "the_divergence_at_a_mask")),
    Fact("sec. 3.3", "eq. 8 instead of eq. 9 is called Rao-Blackwellization", no_fact="a manner of speaking for a restriction of the model, not a conditional expectation; the suite has a law about a genuine one, over x_s"),
    Fact("eq. 10", "the continuous loss is the cross-entropy at the mask, with weight −α′/(1 − α)", _reference("likelihood/rates", "sedd_and_mdlm_have_one_integrand")),
    Fact("sec. 3.4", "the continuous NELBO does not depend on the schedule", _reference("noise/information", "the_schedule_drops_out_of_the_nelbo", "the_schedule_matters_to_a_denoiser_that_looks_at_the_clock"), "for a denoiser that knows of the time no more than alpha, and schedules from alpha = 1 to alpha = 0"),
    Fact("sec. 3.5", "tokens of a sequence are corrupted, and restored in one step, independently"),
    Fact("eq. 11", "for sequences it is a weighted mean of masked language models' losses", _reference("masked/masked_language_model", "subsets_are_the_continuous_nelbo")),
    Fact("sec. 4.1 (ancestral sampling)", "samples come from reverse steps, in which each mask is lifted independently"),
    Fact("sec. 4.1 (caching)", "where nothing was lifted, and the network does not see the time, its last answer is used again"),
    Fact("sec. 4.2", "blocks are generated one after the other, with the finished ones kept", _reference("sampling/samplers", "one_block_is_ancestral", "blocks_of_one_are_autoregression_on_any_grid")),
    Fact("eq. 12", "reverse rates: from the mask, −α′/(1−α) times the prediction"),
    Fact("eq. 13", "Q_{t|s} = α_{t|s} I + (1−α_{t|s}) 1 πᵀ"),
    Fact("eq. 14", "the transition of processes that keep or redraw"),
    Fact("eq. 15", "D3PM's posterior in this notation"),
    Fact("eq. 16", "eq. 5, derived", no_fact="repeats eq. 5"),
    Fact("eq. 17", "the reverse kernel is the posterior with x_θ for x", finding="for a prediction that is not certain this is D3PM's joint sum: numerator and denominator are each linear in it"),
    Fact("eq. 18-19", "a visible token stays", no_fact="contained in eq. 6"),
    Fact("eq. 20-22", "a mask is lifted, or not", no_fact="contained in eq. 6"),
    Fact("eq. 23", "both together", no_fact="repeats eq. 6"),
    Fact("eq. 24", "in the reverse kernel a visible token stays, whatever the prediction", _reference("masked/masks_in_predictions", "a_visible_token_stays_whatever_is_predicted")),
    Fact("eq. 25-28", "the reverse kernel at a mask, for a prediction that may give weight to the mask", _reference("masked/masks_in_predictions", "a_mask_in_the_reverse_kernel")),
    Fact("eq. 29", "a step's KL is zero at a visible token"),
    Fact("eq. 30", "a step's KL at a mask, for a prediction that may give weight to the mask", _reference("masked/masks_in_predictions", "the_divergence_at_a_mask")),
    Fact("eq. 31-32", "their expected sum is the diffusion loss"),
    Fact("eq. 33", "alpha on the paper's grid, 1 − (i+1)/(T+1)", _reference("masked/grid", "alpha_on_the_grid")),
    Fact("eq. 34-35", "alpha at both ends of it", _reference("masked/grid", "alpha_at_both_ends_of_the_grid")),
    Fact("eq. 36-38", "on it, what starts the sequence is masked with probability 1/(T+1), and the prior's KL is zero", _reference("masked/grid", "the_first_time_masks_one_in_all_steps_and_the_last_everything", "the_chain_of_t_steps_is_the_bound_without_the_reconstruction")),
    Fact("eq. 39", "the NELBO without SUBS", _reference("masked/masks_in_predictions", "the_bound_without_subs")),
    Fact("eq. 40-41", "with zero masking probabilities: cross-entropies at masks, picked out by an indicator", _reference("masked/masks_in_predictions", "the_indicator_may_go_with_carry_over_only")),
    Fact("eq. 42-43", "with carry-over unmasking the indicator may go", _reference("masked/masks_in_predictions", "the_indicator_may_go_with_carry_over_only")),
    Fact("app. B.1.3", "carry-over unmasking never makes the bound worse", _reference("masked/masks_in_predictions", "carrying_over_never_makes_the_bound_worse"), "it makes no difference to eq. 39, where visible tokens cost nothing; it is better where p(x_0|x_1) is the prediction itself, or the indicator is left out"),
    Fact("eq. 44", "the discrete loss tends to an integral as T grows", _reference("likelihood/rates", "the_grid_converges_at_rate_one_over_T")),
    Fact("eq. 45-46", "the reconstruction vanishes in that limit", _reference("likelihood/rates", "the_reconstruction_vanishes_as_steps_shrink")),
    Fact("eq. 47", "the continuous NELBO", no_fact="repeats eq. 10"),
    Fact("alg. 1", "training: the mean of its loss is eq. 11"),
    Fact("eq. 48-49", "transitions over 1/T are δ + rate/T + O(1/T²)"),
    Fact("eq. 50", "the transition between two states", no_fact=_PROOF),
    Fact("eq. 51-55", "rates from transitions, case by case", no_fact="contained in eq. 56"),
    Fact("eq. 56", "forward rates α′/α (I − m 1ᵀ), with sources in columns", finding="section 6 prints rows, 1 mᵀ, for the same rates"),
    Fact("eq. 57", "what leaves a state arrives: columns of rates sum to zero", _reference("noise/forward", "one_step_matrices_are_what_the_paper_says") + _of("likelihood/rates", "rate_columns"), "a minus sign is missing in the printed consequence for the diagonal"),
    Fact("eq. 58", "the reverse rates given x", _reference("likelihood/rates", "conditional_rates_average_to_the_true_ones")),
    Fact("eq. 59-60", "the model's reverse rates"),
    Fact("eq. 61", "SEDD's NELBO", no_fact="repeats SEDD's eq. 10"),
    Fact("eq. 62-64", "its derivation from discrete time", no_fact=_PROOF),
    Fact("eq. 65", "the limit of the discrete NELBO is SEDD's"),
    Fact("eq. 66", "a prediction's score is q_t(y|x_θ)/q_t(z_t|x_θ)", _reference("likelihood/reverse", "every_true_denoiser_implies_the_true_score")),
    Fact("eq. 67-70", "marginals at x_θ", no_fact=_PROOF),
    Fact("eq. 71", "the score at a mask is α/(1−α) times the prediction", _reference("likelihood/reverse", "score_of_subs_has_its_closed_form")),
    Fact("eq. 72", "the score of staying a mask is one", _reference("likelihood/reverse", "score_of_subs_has_its_closed_form")),
    Fact("eq. 73", "at a visible token the score towards the mask is (1−α)/α", _reference("masked/scores", "the_score_towards_the_mask_at_a_visible_token")),
    Fact("eq. 74-75", "at a visible token the score is one at itself and zero at other tokens", _reference("masked/scores", "the_score_at_a_visible_token_of_itself_and_of_others")),
    Fact("eq. 76", "all four cases in one formula", _reference("masked/scores", "all_four_cases_in_one_formula", "no_rate_looks_at_the_scores_of_visible_tokens", "at_visible_tokens_they_are_not_the_ratios_of_the_data"), "for the best prediction they are the data's ratios p_t(y)/p_t(z) at a mask, but not at a visible token, where no rate of the reverse process looks at them"),
    Fact("eq. 77-82", "the model's reverse rates, case by case, and eq. 12"),
    Fact("eq. 83-86", "terms of the proof that SEDD's loss is MDLM's", no_fact=_PROOF),
    Fact("eq. 87", "SEDD's loss at the score of a prediction is MDLM's eq. 10", _reference("likelihood/rates", "sedd_and_mdlm_have_one_integrand")),
    Fact("eq. 88-89", "how many tokens training sees; half of them for α = 1 − t", _reference("masked/share_masked", "half_of_the_tokens_are_masked_if_alpha_is_1_minus_t", "on_a_grid_more_than_half_are_masked")),
    Fact("app. D.3", "low-discrepancy times: one in every N-th of the unit interval, for less variance", _reference("sampling/times", "rows_are_uniform_but_for_unshuffled_strata", "means_are_integrals", "strata_never_have_more_variance_and_a_lattice_may") + _of("sampling/times", "one_time_in_every_stratum", "they_lower_the_variance"), "a row's own time is not uniform, only the batch's are: biased for rows that stay in place and differ, unless times are shuffled"),
    Fact("eq. 90", "log-linear noise −log(1 − t), that is α = 1 − t"),
    Fact("eq. 91", "the squared-cosine schedule", _reference("noise/information", "mdlm_schedules_fall_from_one_and_all_but_one_to_zero", "the_squared_cosine_by_hand", "the_schedule_drops_out_of_the_nelbo", "mdlm_prints_its_cosine_schedules_backward"), "printed with 1 − t for t: alpha would rise from 0 to 1"),
    Fact("eq. 92", "the cosine schedule", _reference("noise/information", "mdlm_prints_its_cosine_schedules_backward"), "printed with 1 − t for t: alpha would rise from 0 to 1"),
    Fact("eq. 93", "linear noise σ_max t, that is a constant rate", _reference("noise/information", "mdlm_schedules_fall_from_one_and_all_but_one_to_zero")),
    Fact("eq. 94", "the NELBO is an integral over log(1 − α)", _reference("noise/information", "the_schedule_drops_out_of_the_nelbo", "without_a_clock_the_integral_is_any_order_autoregression"), "for a denoiser that knows of the time no more than alpha"),
    Fact("app. E.3", "the bound on the likelihood falls as T grows", _reference("likelihood/elbo", "refining_the_grid_helps_the_optimal_denoiser", "refining_the_grid_can_hurt_another_denoiser"), "an observation about trained networks: true for the optimal denoiser, false for an arbitrary one"),
))

MD4 = Paper("Shi et al. 2024", "MD4", "2406.04329v4", (
    Fact("sec. 2 (steps)", "one step masks with probability β_i, and i of them with 1 − α_i, α_i the product of 1 − β", _reference("noise/forward", "one_step_matrices_are_what_the_paper_says", "two_interpolating_steps_compose")),
    Fact("eq. 1", "as steps shrink, q(x_t|x_0) is α_t I + (1−α_t) 1 e_mᵀ, with α_t the exponential of minus the integral of β"),
    Fact("sec. 2 (two times)", "between two times it is the same with α_t/α_s", _reference("noise/forward", "two_interpolating_steps_compose")),
    Fact("sec. 2 (reversal)", "given x_0, a mask is lifted with probability (α_s − α_t)/(1 − α_t), and what is visible stays"),
    Fact("eq. 2", "the reverse kernel is that posterior with the prediction for x_0"),
    Fact("eq. 3", "the prediction is a softmax without the mask where x_t is the mask, and x_t itself elsewhere"),
    Fact("sec. 3 (time)", "the best prediction given x_t does not depend on t"),
    Fact("sec. 3 (bound)", "reconstruction, prior and the KLs of all other steps bound the log-likelihood"),
    Fact("sec. 3 (limit from above)", "L_T is never below its limit, so that more steps give a tighter bound", _reference("masked/state_dependent", "more_steps_may_hurt") + _reference("likelihood/elbo", "refining_the_grid_helps_the_optimal_denoiser", "refining_the_grid_can_hurt_another_denoiser"), "true for the optimal denoiser; a network that is worse near the data has an L_T below its limit"),
    Fact("eq. 4", "the continuous loss is the cross-entropy at the mask, with weight −α′/(1 − α)"),
    Fact("sec. 3 (log-SNR)", "as an integral over λ = log(α/(1−α)) it has the weight σ(λ), and the schedule enters by its ends alone", finding="for a network that knows of the time no more than α"),
    Fact("eq. 5", "for sequences it is the sum over masked positions"),
    Fact("sec. 4 (sampling)", "samples come from steps of the reverse kernel; known tokens are left as they are, for infilling"),
    Fact("eq. 6", "the grid t(i) = cos(π/2 (1 − i/T)) has the alphas of the cosine schedule on an even grid", _reference("masked/state_dependent", "the_cosine_grid_of_the_linear_schedule_is_the_cosine_schedule_on_an_even_grid")),
    Fact("eq. 7", "forward transitions over a short time are δ + rate Δt, with rates β(t) (1 e_mᵀ − I)"),
    Fact("eq. 8", "those of the reversal given x_0 have the rate −α′/(1 − α) from the mask to x_0"),
    Fact("prop. 1 and eq. 9", "the true score at a mask is α/(1−α) times the posterior mean of x_0; over all classes it sums to α/(1−α)", _reference("likelihood/reverse", "every_true_denoiser_implies_the_true_score", "score_of_subs_has_its_closed_form")),
    Fact("eq. 10", "so is the score of a prediction"),
    Fact("sec. 5 (any order)", "tokens are revealed in a uniformly random order, one prediction each", finding="with one α for all classes; with several, the order depends on the classes"),
    Fact("sec. 6 (transition)", "each class k is kept between two times with α_{t,k}/α_{s,k}, else masked", _reference("masked/state_dependent", "marginals_compose", "the_continuous_process_observed_on_a_grid")),
    Fact("sec. 6 (marginal)", "q(x_t|x_0) is diag(α_t) + (I − diag(α_t)) 1 e_mᵀ, and composes", _reference("masked/state_dependent", "marginals_compose")),
    Fact("eq. 11", "at a mask the kernel has diag(μ) for x_0 x_0ᵀ: class k with (α_{s,k} − α_{t,k})/(1 − α_{t,k}) μ_k", _reference("masked/state_dependent", "the_kernel_mixes_posteriors_class_by_class", "the_mean_of_x0_twice_is_diagonal")),
    Fact("eq. 12", "the continuous loss has a weight for each class, and besides the cross-entropy the difference of x_0 and μ", _reference("masked/state_dependent", "the_loss_in_print_is_the_bound", "the_cross_entropy_alone_is_no_bound")),
    Fact("sec. 6 (equal schedules)", "with one α for all classes the loss is eq. 4", _reference("masked/state_dependent", "equal_schedules_are_absorbing_noise") + _of("masked/state_dependent", "equal_powers_are_mdlm")),
    Fact("sec. 6 (naive gradients)", "autodiff of the loss at drawn noise is biased for the schedule's parameters", _of("masked/state_dependent", "the_gradient_through_the_loss_alone_is_biased")),
    Fact("eq. 13", "one step draws from a row of Q_i", _reference("noise/forward", "one_step_matrices_are_what_the_paper_says")),
    Fact("eq. 14", "the marginal once more", no_fact="repeats eq. 1"),
    Fact("eq. 15", "the rates once more", no_fact="repeats eq. 7"),
    Fact("eq. 16", "the transition between two times once more", no_fact="repeats section 2"),
    Fact("eq. 17", "the posterior, case by case", no_fact="repeats section 2"),
    Fact("eq. 18", "the rates of the reversal once more", no_fact="repeats eq. 8"),
    Fact("eq. 19", "a step's KL, before it is simplified", no_fact=_PROOF),
    Fact("app. D (divergence)", "a step's KL is the cross-entropy at the mask with weight (α_s − α_t)/(1 − α_t)"),
    Fact("app. D (reconstruction)", "with p(x_0|x_{t(1)}) in proportion to q(x_{t(1)}|x_0) the reconstruction costs (1 − α) log m a token", _reference("masked/state_dependent", "the_reconstruction_of_even_odds")),
    Fact("app. E", "a prior with a share α_1 for all classes alike costs α_1 log m a token", _reference("masked/state_dependent", "the_prior_with_a_little_of_every_class_costs_alpha_log_m")),
    Fact("app. G", "rare classes have to be drawn as often as they should be: Gumbel noise of few bits cuts them off"),
    Fact("eq. 20", "rates of the reversal given x_0 are forward rates times ratios of marginals", _reference("likelihood/rates", "conditional_rates_average_to_the_true_ones")),
    Fact("prop. 3 and eq. 21", "the loss with forward rates at the states that a step of noise leads to, up to a constant", unchecked="another estimator of the same integral, which asks the network about every neighbor; no method here has it"),
    Fact("eq. 22", "the loss is the divergence of two sets of rates"),
    Fact("eq. 23", "the score of a prediction", no_fact="repeats eq. 10"),
    Fact("eq. 24", "with scores it is score entropy"),
    Fact("eq. 25", "the ratio of marginals at a mask is α/(1−α) at x_0, and 0 at other classes", _reference("masked/scores", "all_four_cases_in_one_formula")),
    Fact("eq. 26", "score entropy of masked diffusion in closed form", _reference("masked/state_dependent", "score_entropy_as_printed_is_not_zero_at_the_truth"), "ψ stands outside of the expectation over x_t: it needs the factor 1 − α_t, as the loss is not zero at the true score otherwise; the line after it has the same term, with the wrong sign"),
    Fact("eq. 27", "scores of a prediction sum to α/(1−α)", no_fact="repeats eq. 9"),
    Fact("eq. 28", "MaskGIT's loss has no weight; no schedule from α = 1 to α = 0 gives it", _reference("masked/state_dependent", "no_schedule_has_an_even_weight")),
    Fact("eq. 29-31", "the posterior with a schedule for each class: a mask that was a k is lifted with (α_{s,k} − α_{t,k})/(1 − α_{t,k})", _reference("masked/state_dependent", "a_mask_is_lifted_at_its_classes_speed")),
    Fact("app. I.1 (divergence)", "a step's KL has the two ways of lifting a mask, and those of leaving it", _reference("masked/state_dependent", "the_bound_of_steps_in_print")),
    Fact("app. I.1 (limit)", "the sum of these tends to the integral of eq. 12", _reference("masked/state_dependent", "the_bound_of_steps_tends_to_the_integral_like_log_t_over_t"), "like (log T)/T, where classes are masked at different speeds, and not like 1/T"),
    Fact("eq. 32", "for sequences it is the sum over masked positions"),
    Fact("app. I.2 (reverse)", "with α_k = 1 − t^{w_k} a mask stays one with the sum of (s/t)^{w_k} μ_k, and becomes k with what is left of μ_k", _reference("masked/state_dependent", "the_kernel_mixes_posteriors_class_by_class", "rates_are_derivatives_of_kernels"), "printed for x_t ≠ m, and meant for x_t = m; that of a visible token names q(x_s|x_t = m, x_0), and means x_t ≠ m"),
    Fact("eq. 33", "the gradient in w is that of the loss at given noise, and the loss times that of log q(x_t|x_0)", _of("masked/state_dependent", "leave_one_out_is_unbiased")),
    Fact("app. I.2 (leave one out)", "two draws, each with the other's loss for its baseline, estimate it without bias", _of("masked/state_dependent", "leave_one_out_is_unbiased", "leave_one_out_is_the_papers_for_two_draws")),
))

_UNREAD = "a result of experiments"

UDLM = Paper("Schiff et al. 2024", "UDLM", "2412.10193v3", (
    Fact("sec. 2 (marginal)", "noise keeps a token with probability α_t and else draws from the prior", _of("d3pm/uniform_nelbo", "noise_ends_in_the_uniform_law")),
    Fact("sec. 3.1 (definition)", "guidance without a classifier is p(z_s|z_t, y)^γ p(z_s|z_t)^(1−γ), normalized", _of("d3pm/uniform_nelbo", "guidance_is_tempered_position_by_position")),
    Fact("sec. 3.1 (positions)", "for predictions that factorize it is normalized position by position, over K classes each", _of("d3pm/uniform_nelbo", "guidance_is_tempered_position_by_position", "the_product_over_positions_is_normalized_by_position")),
    Fact("sec. 3.1 (ends)", "γ = 1 is the conditional model and γ = 0 the unconditional one", _of("d3pm/uniform_nelbo", "guidance_is_tempered_position_by_position")),
    Fact("sec. 3.2 (definition)", "guidance by a classifier is p(y|z_s, z_t)^γ p(z_s|z_t), normalized", _of("d3pm/uniform_nelbo", "guidance_by_a_classifier_is_bayes_rule_at_strength_one")),
    Fact("sec. 3.2 (exact)", "at γ = 1 with the true classifier it is the conditional model, by Bayes' rule", _of("d3pm/uniform_nelbo", "guidance_by_a_classifier_is_bayes_rule_at_strength_one")),
    Fact("sec. 3.2 (positions)", "the classifier is asked with one position changed at a time, as if positions were independent given y", unchecked="an approximation, whose error depends on the classifier"),
    Fact("sec. 3.2 (first order)", "a Taylor expansion of the classifier in one-hot vectors spares these calls", unchecked="an approximation, whose error depends on the classifier"),
    Fact("sec. 4 (prior)", "the prior of uniform noise is 1/K, which one-hot data reaches where α = 0", _of("d3pm/uniform_nelbo", "noise_ends_in_the_uniform_law")),
    Fact("sec. 4 (revision)", "unlike a mask, a token that was denoised may change again: no posterior that moves is ruled out", _of("d3pm/uniform_nelbo", "every_token_may_change_again")),
    Fact("sec. 4.1 (posterior)", "q(z_s|z_t, x) in closed form, with numerator and denominator in ⟨z_t, x⟩", _of("d3pm/uniform_nelbo", "the_posterior_as_printed")),
    Fact("sec. 4.1 (model)", "the model is the posterior with the prediction in place of x, numerator and denominator apart", _of("d3pm/uniform_nelbo", "the_model_is_the_posterior_at_the_prediction"), "it is D3PM's joint sum, and not the mixture of posteriors"),
    Fact("sec. 4.2 (nelbo)", "the continuous NELBO: α′/(Kα) times (K/x̄_i − K/x̄_θ,i − Σ_j x̄_j/x̄_i log(x̄_θ,i x̄_j / (x̄_θ,j x̄_i))), x̄ = Kα x + (1 − α) 1", _of("d3pm/uniform_nelbo", "the_closed_form_is_the_joint_sums_integrand", "it_is_not_the_mixtures_integrand")),
    Fact("sec. 4.2 (limit)", "it is the limit of T times a step's KL as T grows", _of("d3pm/uniform_nelbo", "discrete_steps_tend_to_it_like_one_over_their_number")),
    Fact("sec. 4.2 (ends)", "prior and reconstruction terms vanish in the limit, for α from 1 to 0", _reference("likelihood/rates", "the_reconstruction_vanishes_as_steps_shrink")),
    Fact("sec. 4.2 (truth)", "the integrand is zero where the prediction is the data, and never negative", _of("d3pm/uniform_nelbo", "it_is_zero_at_the_truth_and_never_negative")),
    Fact("sec. 4.2 (tightness)", "the continuous bound is tighter than that of T steps", _reference("likelihood/elbo", "refining_the_grid_helps_the_optimal_denoiser", "refining_the_grid_can_hurt_another_denoiser"), "true for the optimal denoiser, false for an arbitrary one"),
    Fact("sec. 5", "perplexities and qualities of guided samples", no_fact=_UNREAD),
))

DUO = Paper("Sahoo et al. 2025", "Duo", "2506.10892v3", (
    Fact("eq. 1", "uniform-state diffusion has the marginals α_t x + (1 − α_t) 1/K", _of("gaussian/arg_max", "it_is_a_schedule_of_the_uniform_process")),
    Fact("eq. 4", "its posterior in closed form", _of("d3pm/uniform_nelbo", "the_posterior_as_printed")),
    Fact("eq. 5", "the model is the posterior at the prediction", _of("d3pm/uniform_nelbo", "the_model_is_the_posterior_at_the_prediction")),
    Fact("eq. 6 and 49", "its continuous NELBO is UDLM's", _of("d3pm/uniform_nelbo", "the_closed_form_is_the_joint_sums_integrand", "it_is_zero_at_the_truth_and_never_negative"), "printed with −α′ for α′, here and in eq. 17: negative, as α falls"),
    Fact("eq. 7", "Gaussian diffusion of one-hot vectors has the marginals N(α̃_t x, σ̃_t² I), by coordinates"),
    Fact("eq. 8", "the NELBO of Gaussian diffusion is the squared error weighted with the slope of the signal-to-noise ratio", _reference("gaussian/diffusion", "a_step_costs_half_the_difference_of_ratios"), "a factor 1/2 is missing"),
    Fact("eq. 10 and 13", "the arg max of Gaussian noisy data has the marginals of uniform-state diffusion", _reference("gaussian/arg_max", "the_marginal_is_that_of_uniform_noise", "probabilities_sum_to_one")),
    Fact("eq. 11", "its α is K/(K−1) (∫ φ(z − α̃/σ̃) Φ(z)^(K−1) dz − 1/K)", _reference("gaussian/arg_max", "two_classes_are_the_sign_of_one_number", "three_classes_by_integration_over_the_plane") + _of("gaussian/arg_max", "it_is_the_definition_to_a_few_ulps")),
    Fact("sec. 3.1 (ends)", "it maps 0 to 0 and 1 to 1", _reference("gaussian/arg_max", "no_signal_and_much_of_it") + _of("gaussian/arg_max", "it_ends_where_it_should")),
    Fact("eq. 12", "these marginals solve the Kolmogorov equation of uniform rates −α′/(Kα) (1 1ᵀ − K I)", _of("gaussian/arg_max", "rates_are_derivatives")),
    Fact("app. A.3", "along one path the arg max is not the uniform process", _reference("gaussian/arg_max", "paths_are_not_those_of_uniform_noise", "paths_are_not_markov")),
    Fact("thm 3.1 and eq. 15", "the reverse kernel that keeps the arg max's marginals of a Gaussian model", unchecked="nothing here samples a Gaussian model and shows its arg max"),
    Fact("thm 3.2 and eq. 16", "the arg max of a Gaussian model is at least as likely to be the data as the model", unchecked="nothing here samples a Gaussian model and shows its arg max"),
    Fact("eq. 20", "softmax(z/τ) tends to the arg max as τ falls to 0", _reference("gaussian/arg_max", "a_softmax_at_low_temperature_tends_to_the_arg_max")),
    Fact("sec. 4.1.2 (argument)", "softmax keeps the arg max at every temperature", _reference("gaussian/arg_max", "a_softmax_at_low_temperature_tends_to_the_arg_max")),
    Fact("eq. 21", "training on softmax(z/τ) with τ > 0 has less variance", unchecked="the loss is another one: for τ > 0 the network is shown what the discrete process never holds"),
    Fact("sec. 4.1.2 (window)", "for many classes α falls within a short range of the ratio, about the largest of K normal numbers", _reference("gaussian/arg_max", "for_many_classes_it_falls_within_a_short_range")),
    Fact("eq. 22-23", "discrete consistency distillation along deterministic Gaussian paths", unchecked="networks that were distilled"),
    Fact("sec. 5", "perplexities and few-step samples", no_fact=_UNREAD),
))

GIDD = Paper("von Ruette et al. 2025", "GIDD", "2503.04482v2", (
    Fact("sec. 3 (marginals)", "q(z_t|x) is α_t x + β_t π_t with β = 1 − α, and a mixing law π_t that may move with time", _of("noise/masks_and_bump", "closed_forms_are_the_definition")),
    Fact("sec. 3 (transitions)", "between two times α_t/α_s is kept, and β_t π_t − α_t/α_s β_s π_s added", _of("noise/masks_and_bump", "transitions_compose_and_are_stochastic")),
    Fact("sec. 3 (composition)", "these transitions compose, and are those of a Markov chain", _of("noise/masks_and_bump", "transitions_compose_and_are_stochastic", "a_steep_bump_has_no_markov_chain"), "where none of them is negative: α and π have to move so that β π′ − α′/α π never is"),
    Fact("sec. 3 (rates)", "forward rates are α′/α on the diagonal and β π′ − α′/α π into each class", _of("noise/masks_and_bump", "marginals_solve_the_kolmogorov_equation", "closed_forms_are_the_definition")),
    Fact("sec. 3 (backward)", "the reverse rates are those of the posterior at the prediction, as the joint sum has them", _of("noise/masks_and_bump", "steps_of_the_reverse_process_tend_to_the_bound")),
    Fact("sec. 3 (elbo)", "the NELBO's integrand is w_t (KL(q_t(·|x), q_t(·|x_θ)) + IS(q_t(z|x), q_t(z|x_θ)))", _of("noise/masks_and_bump", "the_published_bound_is_the_joint_sums_integrand")),
    Fact("sec. 3 (weights)", "w_t is (β π′ − α′/α π) at z, over q_t(z|x)", _of("noise/masks_and_bump", "the_published_bound_is_the_joint_sums_integrand", "its_weights_are_the_rate_over_the_probability")),
    Fact("sec. 3 (optimum)", "both divergences are zero where the prediction is the data", _of("noise/masks_and_bump", "the_bound_is_zero_at_the_truth_and_never_negative")),
    Fact("sec. 3 (special cases)", "a law that does not move is interpolating noise; a mask alone is masked diffusion, its bound MDLM's", _of("noise/masks_and_bump", "a_law_that_does_not_move_is_keeping_or_redrawing", "without_a_bump_it_is_masked_diffusion")),
    Fact("sec. 3 (limit)", "the bound is the limit of discrete steps", _of("noise/masks_and_bump", "steps_of_the_reverse_process_tend_to_the_bound")),
    Fact("sec. 4 (mixture)", "masks with a bump: (1 − t) x + t m + c_t u over 1 + c_t", _of("noise/masks_and_bump", "closed_forms_are_the_definition")),
    Fact("sec. 4 (bump)", "c_t = B t^(γ/2) (1 − t)^(γ/2)", _of("noise/masks_and_bump", "the_share_of_uniform_noise_is_that_at_half_time", "a_steep_bump_has_no_markov_chain"), "for γ up to 2: above, uniform noise has to go away by itself near t = 1, at negative rates"),
    Fact("sec. 4 (height)", "B = 2^γ p_u/(1 − p_u) makes p_u the probability of uniform noise at t = 1/2, its most", _of("noise/masks_and_bump", "the_share_of_uniform_noise_is_that_at_half_time")),
    Fact("sec. 4 (ends)", "it starts at the data and ends in the mask", _of("noise/masks_and_bump", "it_starts_at_the_data_and_ends_in_the_mask")),
    Fact("sec. 4 (alpha)", "α falls from 1 to 0", _of("noise/masks_and_bump", "alpha_never_grows", "it_starts_at_the_data_and_ends_in_the_mask")),
    Fact("sec. 4 (no bump)", "p_u = 0 is MDLM with α = 1 − t", _of("noise/masks_and_bump", "without_a_bump_it_is_masked_diffusion")),
    Fact("sec. 4 (correction)", "with uniform noise visible tokens may be wrong, and are corrected", _of("noise/masks_and_bump", "a_visible_token_may_be_wrong")),
    Fact("sec. 4 (weighting)", "weights that are cut off, or replaced by ones of the noise level, train better", unchecked="another objective than the bound, judged by trained networks"),
    Fact("sec. 5", "perplexities, and samples that correct themselves", no_fact=_UNREAD),
))

BD3LM = Paper("Arriola et al. 2025", "BD3-LM", "2503.09573v3", (
    Fact("eq. 1", "autoregression: the log-likelihood is the sum of those of the tokens, each given those before it", _reference("programs/bounds", "blocks_of_one_are_autoregression_and_one_block_is_masked_diffusion")),
    Fact("eq. 2", "the reverse kernel of a position is the mean of its posteriors under the prediction", _reference("likelihood/reverse", "the_mixture_is_exact_at_the_posterior", "joint_sum_and_mixture_coincide_under_the_mask")),
    Fact("eq. 3", "the NELBO is reconstruction, KLs of the steps, and the prior's KL", _reference("likelihood/elbo", "nelbo_is_its_definition")),
    Fact("eq. 4", "the log-likelihood is the sum of those of the blocks, each given those before it", _reference("programs/bounds", "the_bound_in_blocks_is_above_the_likelihood_in_blocks")),
    Fact("eq. 5", "the reverse kernel of a block is that of diffusion, given the finished blocks"),
    Fact("eq. 6", "the sum of the blocks' NELBOs bounds −log p(x)", _reference("programs/bounds", "the_bound_in_blocks_is_above_the_likelihood_in_blocks")),
    Fact("sec. 3.1 (block-causal)", "a token sees its own block and those before it, and no later one"),
    Fact("eq. 7", "keys and values of the finished blocks stand for the blocks themselves"),
    Fact("sec. 3.2 (vectorized)", "one pass over [x_t, x_0]: a noisy token sees its noisy block, and the clean blocks before it"),
    Fact("alg. 1", "training draws a time for each block", unchecked="no objective here has a time for each block; the mean is that of eq. 8 however they depend on one another"),
    Fact("alg. 2", "blocks are sampled one after the other, each given those that are finished", _reference("sampling/samplers", "one_block_is_ancestral", "blocks_of_one_are_autoregression_on_any_grid")),
    Fact("sec. 4.1 (noise)", "a token is masked with probability 1 − α_t, by itself", _reference("noise/forward", "one_step_matrices_are_what_the_paper_says", "sequences_factorize")),
    Fact("eq. 8", "in continuous time the bound is the cross-entropy of each block with weight −α′/(1 − α)", _reference("programs/bounds", "the_bound_is_an_integral_over_time", "blocks_of_one_are_autoregression_and_one_block_is_masked_diffusion")),
    Fact("sec. 4.1 (tightness)", "the bound is tight for blocks of one, and looser for longer ones", _reference("programs/bounds", "blocks_of_one_are_autoregression_and_one_block_is_masked_diffusion", "with_the_best_denoiser_blocks_of_every_length_cost_the_likelihood", "longer_blocks_may_cost_less"), "the best denoiser has no gap at any length, and another one may have a lower bound for longer blocks"),
    Fact("sec. 4.2 (equivalence)", "for blocks of one it is the autoregressive cross-entropy", _reference("programs/bounds", "blocks_of_one_are_autoregression_and_one_block_is_masked_diffusion")),
    Fact("sec. 4.2 (half)", "for α = 1 − t half of the tokens are masked on average", _reference("masked/share_masked", "half_of_the_tokens_are_masked_if_alpha_is_1_minus_t")),
    Fact("sec. 4.2 (full masking)", "with every token masked the objective for blocks of one is autoregression's", _reference("programs/bounds", "one_token_costs_the_same_whatever_is_cut")),
    Fact("sec. 4.3 (schedule)", "the NELBO does not depend on the schedule, while the variance of its estimates does", _reference("noise/information", "the_schedule_drops_out_of_the_nelbo"), "for a denoiser that knows of the time no more than α"),
    Fact("eq. 9", "the batch's loss at drawn times estimates it", _reference("programs/bounds", "the_bound_is_an_integral_over_time")),
    Fact("eq. 10", "the variance of a gradient over batches", no_fact=_NAMING),
    Fact("sec. 5.2 (clipped)", "masking rates that are uniform on [β, ω] stand for a schedule that jumps to β and from ω", _reference("programs/bounds", "times_that_are_cut_off_have_another_mean", "the_slope_of_a_clipped_schedule"), "what the jumps cost is left out: another mean than the bound's, but for blocks of one"),
    Fact("sec. 5.2 (slope)", "α′ is constant within the range", _reference("programs/bounds", "the_slope_of_a_clipped_schedule"), "it is β − ω; 1/(β − ω), as printed, is the slope of a mask that becomes certain between the times β and ω"),
    Fact("sec. 5.3", "each length of blocks has its best range", no_fact=_UNREAD),
    Fact("eq. 11", "with T steps, each block has reconstruction, KLs, and the prior's KL", _reference("programs/bounds", "many_steps_of_a_grid_are_the_integral")),
    Fact("eq. 12-13", "masking as matrices, from 0 to t and from s to t, with α_{t|s} = α_t/α_s", _reference("noise/forward", "two_interpolating_steps_compose")),
    Fact("eq. 14", "the marginal is a product of the steps' matrices", _reference("noise/forward", "two_interpolating_steps_compose"), "of Q_{t|s}: with Q_t of eq. 12, which is a product already, α would be multiplied twice"),
    Fact("eq. 15", "the posterior by Bayes' rule", _reference("noise/forward", "bayes")),
    Fact("app. B.3 (SUBS)", "no weight on the mask, and visible tokens are carried over", _reference("likelihood/reverse", "subs")),
    Fact("eq. 16", "a step's KL is the cross-entropy at masks with weight (α_s − α_t)/(1 − α_t)", _reference("masked/masked_language_model", "weighted_mlm_is_absorbing_diffusion")),
    Fact("eq. 17", "the same in the limit of many steps", _reference("likelihood/rates", "the_grid_converges_at_rate_one_over_T")),
    Fact("eq. 18", "the reconstruction vanishes in that limit", _reference("likelihood/rates", "the_reconstruction_vanishes_as_steps_shrink")),
    Fact("eq. 19", "the bound once more", no_fact="repeats eq. 8"),
    Fact("eq. 20-21", "for blocks of one", no_fact="proof of section 4.2"),
    Fact("eq. 22-24 and app. B.5", "the bound never falls as blocks grow longer", _reference("programs/bounds", "longer_blocks_may_cost_less", "with_the_best_denoiser_blocks_of_every_length_cost_the_likelihood"), "false for a network that prefers another order; the proof has expectations within logarithms, of a negative weight, and takes the mean of a product for the product of means"),
    Fact("app. B.6", "the three parts of that mask: own noisy block, earlier clean blocks, clean blocks up to one's own"),
))

REMDM = Paper("Wang et al. 2025", "ReMDM", "2503.00307v4", (
    Fact("eq. 1", "q(z_t|x) is α_t x + (1−α_t) π", _reference("noise/forward", "one_step_matrices_are_what_the_paper_says")),
    Fact("eq. 2", "masked diffusion's posterior, which never masks again", _reference("noise/forward", "absorbing_posterior_has_its_closed_form")),
    Fact("eq. 3", "its bound with T steps", _reference("masked/masked_language_model", "weighted_mlm_is_absorbing_diffusion")),
    Fact("eq. 4", "a visible token is masked again with probability σ_t"),
    Fact("eq. 5", "the joint law of all times", no_fact=_NAMING),
    Fact("eq. 6", "the posterior: a mask is lifted with probability (α_s − (1−σ) α_t)/(1 − α_t)", _reference("programs/remasking", "marginals_are_those_of_masked_diffusion_at_every_time")),
    Fact("thm 3.1", "it has masked diffusion's marginals", _reference("programs/remasking", "marginals_are_those_of_masked_diffusion_at_every_time")),
    Fact("eq. 7", "σ is at most min(1, (1 − α_s)/α_t)", _reference("programs/remasking", "the_most_that_may_be_masked_again")),
    Fact("sec. 3.1 (no remasking)", "σ = 0 is MDLM"),
    Fact("eq. 8", "the model's joint law", no_fact=_NAMING),
    Fact("eq. 9", "the bound is that of MDLM with weights (α_s − (1−σ) α_t)/(1 − α_t)", _reference("programs/remasking", "a_step_costs_more_the_more_is_masked_again")),
    Fact("sec. 3.2 (monotone)", "it grows with σ, and is least for MDLM", _reference("programs/remasking", "a_step_costs_more_the_more_is_masked_again")),
    Fact("alg. 1", "samples come from eq. 6 with the prediction for x"),
    Fact("sec. 4.1 (cap and rescale)", "σ is cut off at a constant, or a share of the most", _reference("programs/remasking", "schedules_of_masking_again_stay_in_their_range")),
    Fact("sec. 4.1 (confidence)", "σ is shared among visible tokens, more for those that were less certain; masks have none", _reference("programs/remasking", "masking_visible_tokens_again_without_lifting_more_masks_loses_the_marginal"), "σ depends on whether a token is masked, so that theorem 3.1 does not hold: α_s − σ α_t is visible at s"),
    Fact("eq. 10", "σ is zero outside of a window", _reference("programs/remasking", "marginals_are_those_of_masked_diffusion_at_every_time")),
    Fact("sec. 4.2 (loop)", "within it α stays, while tokens are masked and revealed", _reference("programs/remasking", "constant_schedules_move_tokens_and_keep_the_marginal")),
    Fact("thm 4.1 and eq. 11", "it is a step of MDLM, and a correction that keeps the marginal at s", _reference("programs/remasking", "masking_again_is_a_step_and_a_correction", "the_correction_is_no_kernel_where_much_is_masked_again"), "for σ up to (1 − α_s)/α_s; between that and eq. 7 the correction has negative probabilities"),
    Fact("prop. 4.2", "the forward-backward corrector is σ = (α_s − α_t)/α_t", _reference("programs/remasking", "forward_and_backward_rates_together_mask_again"), "as a correction at t, for steps so short that σ is in its range"),
    Fact("prop. 4.3", "correctors of discrete flow matching are σ = β (α_s − α_t)/α_t", _reference("programs/remasking", "correctors_of_flow_matching_mask_again"), "for β from 0 to the largest σ, not for any real number"),
    Fact("prop. 4.4", "with α constant those do nothing, and this still moves tokens", _reference("programs/remasking", "constant_schedules_move_tokens_and_keep_the_marginal")),
    Fact("eq. 12-13", "proof of theorem 3.1", no_fact=_PROOF),
    Fact("eq. 14-18", "noise from s to t given x, in which a mask may become x again: no Markov chain", _reference("programs/remasking", "noise_may_give_tokens_back"), "above eq. 17 q(z_t = x|x) is printed for q(z_t = m|x)"),
    Fact("eq. 19-20", "the range of σ", no_fact="proof of eq. 7"),
    Fact("eq. 21-26", "a step's KL", no_fact="proof of eq. 9"),
    Fact("eq. 27-31", "proof of theorem 4.1", no_fact=_PROOF),
    Fact("eq. 32-43", "rates of masked diffusion", no_fact="MDLM's eq. 51-58"),
    Fact("eq. 44-45", "proof of proposition 4.2", no_fact=_PROOF),
    Fact("eq. 46-58", "proofs of propositions 4.3 and 4.4", no_fact=_PROOF),
    Fact("eq. 59-61", "the implicit models of DDIM with a mask for their noise are the same, with σ = 1 − α_s − (1 − α_t) σ_DDIM", _reference("programs/remasking", "implicit_models_with_a_mask_for_their_noise")),
    Fact("alg. 2-3", "the same with a switch, or a loop", _reference("programs/remasking", "confidences_that_begin_at_minus_infinity_have_no_shares"), "confidences of masks begin at −∞, where they have no shares; section 4.1 has ∞"),
    Fact("sec. 5", "qualities of samples", no_fact=_UNREAD),
))

PAPERS = (D3PM, SEDD, MDLM, MD4, UDLM, DUO, GIDD, BD3LM, REMDM)

__all__ = ["BD3LM", "D3PM", "DUO", "GIDD", "MD4", "MDLM", "PAPERS", "REMDM", "SEDD", "UDLM", "Fact", "Paper"]

"""Facts of D3PM: Austin et al. 2021, arXiv 2107.03006v3."""

# A fact is one line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from unmask.properties.report.papers.paper import NAMING, Fact, Paper, of_implementation, of_reference

D3PM = Paper("Austin et al. 2021", "D3PM", "2107.03006v3", (
    Fact("sec. 2", "the model draws x_T from the prior, and each x_{t-1} from its reverse kernel given x_t", law="generated_sequences_follow_the_chain"),
    Fact("eq. 1", "L_vb is the prior's KL, the KLs of all later steps and the reconstruction, and bounds −log p(x_0)", law="loss_is_its_term_of_the_nelbo"),
    Fact("sec. 3", "positions are corrupted, and restored in one reverse step, independently; the KLs of positions add up", law="positions_are_corrupted_independently"),
    Fact("eq. 2", "one step of corruption draws from a row of Q_t", law="transition_is_the_definition"),
    Fact("eq. 3 (marginal)", "q(x_t|x_0) is a row of the product Q_1 ⋯ Q_t", law="marginal_sums_over_all_paths"),
    Fact("eq. 3 (posterior)", "q(x_{t-1}|x_t,x_0) by Bayes' rule, from a column of Q_t and rows of the products up to t−1 and t", law="posterior_is_bayes_rule"),
    Fact("sec. 3.1 (rows)", "rows of Q_t are laws: no negative entry, sum one"),
    Fact("sec. 3.1 (uniform)", "doubly stochastic steps have the uniform law as a stationary one"),
    Fact("sec. 3.1 (limit)", "rows of the product tend to a known stationary law", of_reference("noise/processes", "infinite_noise_is_the_limit_of_much_noise", "two_parts_have_laws_of_their_own"), "a graph in several parts has one limit for each part, so that no prior is known without x_0"),
    Fact("sec. 3.2", "the mutual-information schedule of absorbing noise is β_t = 1/(T−t+1)", of_reference("noise/information", "absorbing_forgets_evenly_whatever_the_data", "absorbing_forgets_unevenly_if_the_data_has_masks") + of_reference("noise/schedules", "the_mutual_information_betas_are_one_over_the_steps_left"), "for data without masks only: with masks in the data information is lost unevenly"),
    Fact("eq. 4", "the reverse kernel is in proportion to the sum over x̃_0 of q(x_{t-1}, x_t|x̃_0), weighted by the prediction", law="reverse_is_the_definition"),
    Fact("sec. 3.3 (certainty)", "a step's KL is zero if the prediction has all its weight on x_0"),
    Fact("sec. 3.3 (sparsity)", "the reverse kernel has the zeros that Q_t dictates: no x_{t-1} that cannot become x_t", law="impossible_reversals_have_probability_zero"),
    Fact("sec. 3.3 (several steps)", "the same prediction gives a kernel over k steps at once", finding="the printed formula lacks its normalization"),
    Fact("eq. 5", "the hybrid loss is L_vb + λ times the cross-entropy of the prediction at x_0"),
    Fact("sec. 3.4 (first step)", "at t = 1 the auxiliary loss is the term L_0", of_reference("likelihood/elbo", "the_first_term_is_the_reconstruction") + of_reference("likelihood/reverse", "direct_differs_from_the_joint_sum_only_at_zero"), "not with eq. 4 itself at t = 1, which weighs the prediction with q(x_1|x_0) once more; it holds if p(x_0|x_1) is the prediction, and under the mask"),
    Fact("sec. 3.4 (minima)", "cross-entropy and KL are both least where the prediction has all its weight on x_0", of_reference("likelihood/reverse", "the_two_optima_are_different") + of_reference("likelihood/elbo", "joint_sum_is_tight_at_leave_one_out"), "'only there' is false for the KL of one pair (x_0, x_t); and averaged over data the two optima differ: the posterior for one, the leave-one-out denoiser for the other"),
    Fact("sec. 4 (BERT)", "one step of mask-and-uniform noise: L_vb − L_T is BERT's loss", of_reference("masked/masked_language_model", "diffusion_of_one_step_scores_all_positions", "the_selected_part_by_hand", "copying_costs_nothing_where_it_is_certain"), "up to the loss of copying: diffusion scores all positions, BERT those that it selected"),
    Fact("sec. 4 (autoregression)", "noise that masks from the right for certain: L_vb is the autoregressive cross-entropy", of_reference("masked/autoregression", "l_vb_is_the_cross_entropy", "the_cross_entropy_by_hand", "posteriors_are_certain") + of_reference("likelihood/elbo", "autoregression_is_a_d3pm") + of_implementation("masked/autoregression", "terms_are_the_next_tokens_cross_entropy", "autoregressive_posteriors")),
    Fact("sec. 4 (tagged tokens)", "the same as noise on independent tokens that carry their position as a tag", of_reference("masked/autoregression", "tagged_tokens_are_masked_one_by_one", "the_d3pm_of_tagged_tokens_has_that_loss", "three_positions"), "the prior has to know the tags: one that does not pays N log N"),
    Fact("sec. 4 (masked language models)", "absorbing D3PM that predicts x_0 has a weighted masked language model's loss"),
    Fact("app. A.1", "products of positive doubly stochastic matrices tend to the uniform law", of_reference("noise/products", "products_tend_to_the_uniform_law_as_fast_as_their_second_singular_values", "products_of_positive_steps_need_not_tend_to_it"), "the printed condition bounds the second eigenvalue from below; it has to stay away from 1, else products of positive steps may end elsewhere"),
    Fact("eq. 6", "the uniform step keeps a class with 1 − β(K−1)/K, and is (1−β) I + β 1 1ᵀ/K", of_reference("noise/forward", "one_step_matrices_are_what_the_paper_says")),
    Fact("eq. 7", "the absorbing step is (1−β) I + β 1 e_mᵀ", of_reference("noise/forward", "one_step_matrices_are_what_the_paper_says"), law="transition_is_the_definition"),
    Fact("eq. 8", "the discretized Gaussian's step is normalized over all differences of levels, and its diagonal takes the rest: doubly stochastic", of_reference("noise/processes", "steps_are_doubly_stochastic_and_symmetric", "the_diagonal_of_the_gaussian_step_is_a_sum"), law="transition_is_the_definition"),
    Fact("app. A.2.4 (graph)", "i and j are joined if one is among the k nearest neighbors of the other", of_reference("noise/processes", "nearest_neighbors_by_hand") + of_implementation("noise/processes", "neighbors_of_embeddings")),
    Fact("eq. 9", "the rates of moving between neighbors, (G + Gᵀ)/2k with minus the row sums on the diagonal, are symmetric", of_reference("noise/processes", "nearest_neighbors_by_hand"), law="transition_is_the_definition"),
    Fact("app. A.2.4 (steps)", "the exponential of these rates is doubly stochastic", of_reference("noise/processes", "steps_are_doubly_stochastic_and_symmetric"), law="transition_is_the_definition"),
    Fact("eq. 10", "the band's step moves to each level within v with β/K, and its diagonal takes the rest: doubly stochastic", of_reference("noise/processes", "steps_are_doubly_stochastic_and_symmetric"), law="transition_is_the_definition"),
    Fact("app. A.2.6", "masking and redrawing combined: α 1 e_mᵀ + β 1 1ᵀ/K + (1−α−β) I", of_reference("noise/forward", "one_step_matrices_are_what_the_paper_says")),
    Fact("eq. 11", "the usual objective of masked language models", no_fact=NAMING),
    Fact("app. A.3 (reverse)", "at a masked position the reverse kernel reveals in proportion to the prediction", of_reference("likelihood/reverse", "subs_step_has_its_closed_form"), law="reverse_is_the_definition"),
    Fact("app. A.3 (step)", "a step's KL is the cross-entropy at masked positions, with a weight from the schedule", finding="the printed weight lacks a factor: it is β_t α_{t-1}/(1 − α_t), with α the product of 1−β"),
    Fact("app. A.3 (weight)", "for β_t = 1/(T−t+1) the weight is 1/t", of_reference("masked/masked_language_model", "weighted_mlm_is_absorbing_diffusion"), "1 − α_t is printed as (t−1)/T, with steps counted from 0; it is t/T"),
    Fact("eq. 12", "the whole loss is the sum over t of 1/t times the expected cross-entropy, each token masked with probability t/T", of_reference("masked/masked_language_model", "weighted_mlm_is_absorbing_diffusion")),
    Fact("eq. 13", "the same, ordered by how many tokens are masked", of_reference("masked/masked_language_model", "the_loss_may_be_ordered_by_the_number_of_masks", "weighted_mlm_is_absorbing_diffusion", "cross_entropy_by_hand")),
    Fact("eq. 14", "the number of masked tokens follows the mean over t of binomial laws", of_reference("masked/masked_language_model", "the_number_of_masks_is_a_mean_of_binomials"), "the exponent n−1 has to be k; as printed the weights do not sum to one"),
    Fact("eq. 15", "low-rank corruption, β_t A_t + (1−β_t) I", no_fact=NAMING),
    Fact("app. A.4.1", "products of uniform steps are uniform steps, products of absorbing steps absorbing, with α_t the product of 1−β", of_reference("noise/forward", "two_interpolating_steps_compose")),
    Fact("eq. 16", "products of exponentials of multiples of R are the exponential of the sum", of_reference("noise/processes", "transitions_are_stochastic_and_compose")),
    Fact("app. A.4.2", "exp(α R) is stochastic if rows of R sum to zero, doubly if its columns do too", of_reference("noise/processes", "transitions_are_stochastic_and_compose", "bad_input"), "printed for off-diagonal entries that are not positive; they must not be negative"),
    Fact("app. A.5", "Kolmogorov's forward equation", of_reference("noise/forward", "kolmogorov_forward_equation") + of_reference("noise/processes", "kolmogorov_equations"), "indices are mixed up in print"),
    Fact("thm 1", "q(x_t|x_s) is the exponential of the integrated rates", of_reference("noise/information", "exponentials_of_integrals_need_generators_that_commute"), "rates at different times have to commute: first R, then S is not exp(R + S)", law="transition_is_the_definition"),
    Fact("app. A.6 (steps)", "uniform and absorbing steps are exponentials, with β = 1 − exp(−α)", of_reference("noise/forward", "the_matrix_exponential_agrees") + of_reference("noise/processes", "redrawing_is_the_special_case")),
    Fact("app. A.6 (schedule)", "β_t = 1/(T−t+1) is the rate 1/(T−t), in steps", of_reference("noise/schedules", "the_mutual_information_betas_are_one_over_the_steps_left", "the_rate_is_the_derivative_of_the_noise")),
    Fact("eq. 17", "t/T is the share of information lost, 1 − I(x_t; x_0)/H(x_0), and (H(x_0, x_t) − H(x_t))/H(x_0)", of_reference("noise/information", "eq_17_as_printed_has_the_wrong_sign"), "the last member as printed lacks the 1, it is −I/H; entropies below it have the wrong sign"),
    Fact("app. A.7 (masks)", "absorbing noise masks with probability 1 − I/H, hence t/T, whatever the data", of_reference("noise/information", "absorbing_forgets_evenly_whatever_the_data", "absorbing_forgets_unevenly_if_the_data_has_masks", "the_share_by_hand"), "for data without masks"),
    Fact("app. A.7 (others)", "for uniform noise 1/(T−t+1) is not the schedule that loses information evenly", of_reference("noise/information", "every_family_gets_its_even_schedule") + of_implementation("sampling/times", "uniform_grid_loses_information_evenly")),
    Fact("app. A.8", "the truncated logistic head: differences of sigmoids over bins of width 2/(K−1), normalized", of_reference("d3pm/heads", "the_head_is_a_law_with_a_closed_form", "bins_are_integrals_of_the_density", "the_printed_code_has_a_floor_under_one_tail"), "the printed code adds 1e-6 in a logarithm, which puts a floor under the upper tail"),
    Fact("app. B.1", "the head's location is the hyperbolic tangent of x_t, scaled to [−1, 1], plus the output", of_reference("d3pm/heads", "symmetries_and_shapes")),
    Fact("eq. 18", "the cosine schedule: β_t = 1 − f(t+1)/f(t)", finding="printed as a sum with π/2 where a product is meant", law="alpha_is_the_schedule"),
))

__all__ = ["D3PM"]

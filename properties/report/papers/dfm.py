"""Facts of discrete flow matching: Gat et al. 2024, arXiv 2407.15595v1."""

# A fact is one line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from unmask.properties.report.papers.paper import NAMING, PROOF, UNREAD, Fact, Paper, of_implementation, of_reference

DFM = Paper("Gat et al. 2024", "DFM", "2407.15595v1", (
    Fact("eq. 1-4 and 11", "pairs of a source and a target, whose simplest coupling is that of independent ones; Euler's step of continuous data", no_fact=NAMING),
    Fact("eq. 5", "in the conditional coupling some tokens of the target are in the source already, and stay", of_implementation("noise/discrete_flow_matching", "what_is_given_stays"), "section 7 calls it the unconditional one"),
    Fact("eq. 6-7 and 9", "the path is the mean over pairs of κ_t δ at the target and 1 − κ_t at the source, token by token; with κ from 0 to 1 it leads from the law of sources to that of targets", of_implementation("noise/discrete_flow_matching", "a_path_leads_from_the_source_to_the_target", "an_independent_source_is_noise")),
    Fact("eq. 8 and 10", "more laws may be mixed on the way, such as uniform noise that is absent at both ends", of_implementation("noise/discrete_flow_matching", "a_path_leads_from_the_source_to_the_target", "the_mean_velocity_carries_the_path")),
    Fact("eq. 12 and alg. 1", "each token by itself is drawn from δ + h u, step after step", of_implementation("noise/discrete_flow_matching", "steps_are_right_to_first_order"), law="small_steps_are_drawn_at_the_rate"),
    Fact("eq. 13", "velocities sum to zero over classes and are negative at none but the token that is there, so that short steps have laws", of_implementation("noise/discrete_flow_matching", "the_mean_velocity_carries_the_path", "no_step_is_longer_than_its_probabilities_allow")),
    Fact("def. 2.1 and eq. 16-20", "a velocity generates a path, up to o(h) in a step of h, if what flows into each sequence less what leaves it is the change of its probability", of_implementation("noise/discrete_flow_matching", "the_mean_velocity_carries_the_path", "steps_are_right_to_first_order")),
    Fact("thm 2.2 and eq. 14-15", "velocities of pairs, on average given the state, generate the mean of their paths", of_implementation("noise/discrete_flow_matching", "the_mean_velocity_carries_the_path") + of_reference("likelihood/rates", "conditional_rates_average_to_the_true_ones"), "the posterior is printed with p_t(x) in its denominator, for p_t(z)"),
    Fact("thm 2.3 and eq. 21-23", "a mixture of any laws has the velocity Σ_j a_j w_j + b δ, with b the least of κ_j′/κ_j and a_j = κ_j′ − b κ_j", of_implementation("noise/discrete_flow_matching", "the_mean_velocity_carries_the_path"), "where a share κ_j is zero it takes no part in the least ratio"),
    Fact("eq. 24", "from a source to a target it is κ′/(1−κ) times the denoiser less δ", of_implementation("noise/discrete_flow_matching", "it_is_the_denoiser_less_what_is_there", "it_is_the_one_way_velocity_of_the_reference") + of_reference("likelihood/reverse", "one_way_step_reaches_the_right_marginal"), law="reverse_rate_is_forward_rate_times_score"),
    Fact("eq. 25 and thm 10.3", "back in time it is κ′/κ times δ less the predicted source; of any mixture, with the greatest ratio for the least", of_implementation("noise/discrete_flow_matching", "back_it_is_what_is_there_less_the_predicted_noise", "back_with_uniform_noise_on_the_way")),
    Fact("eq. 26", "α times the velocity and −β times that of going back are a velocity together", of_implementation("noise/discrete_flow_matching", "corrections_change_no_law")),
    Fact("thm 2.4 (corrector sampling)", "for α − β = 1 they generate the same path", of_implementation("noise/discrete_flow_matching", "corrections_change_no_law") + of_reference("programs/remasking", "correctors_of_flow_matching_mask_again"), "told before it as 1 + α forward and α back; it is α forward, and β = α − 1 back"),
    Fact("thm 2.4 (corrector iterations)", "for α = β short steps at one time lead to the law of that time", of_implementation("noise/discrete_flow_matching", "corrections_at_one_time_lead_to_its_law"), "one token at a time, as in its proof; tokens that move at once, as in eq. 12, lead to a law that is off by O(h)"),
    Fact("eq. 27", "where the source is independent of the target, and token by token, κ′/κ times δ less its law goes back too", of_implementation("noise/discrete_flow_matching", "noise_needs_no_prediction_where_the_source_is_independent")),
    Fact("eq. 28 and prop. 2.5", "training minimizes the cross-entropy of each posterior, and is least at the true ones", of_implementation("noise/discrete_flow_matching", "the_cross_entropy_is_least_at_the_posterior")),
    Fact("sec. 3 (earlier flows)", "with κ = t the velocity is that of Campbell et al. 2024", of_implementation("noise/discrete_flow_matching", "linear_schedulers_have_the_rates_of_earlier_flows")),
    Fact("prop. 3.1", "with a masked source the posterior, and so the denoiser, does not depend on time", of_reference("masked/masked_language_model", "the_true_masked_denoiser_does_not_depend_on_time") + of_implementation("noise/discrete_flow_matching", "another_scheduler_asks_at_another_time")),
    Fact("sec. 3 (confidence)", "MaskGIT, which keeps those of the drawn tokens that were likeliest, draws from another law", of_implementation("noise/discrete_flow_matching", "what_was_likeliest_when_drawn_is_kept_too_often")),
    Fact("eq. 29-31", "steps of at most 1/|b|, (1−κ)/κ′ or, with corrections, 1/(α κ′/(1−κ) + β κ′/κ) have no negative probability", of_implementation("noise/discrete_flow_matching", "no_step_is_longer_than_its_probabilities_allow")),
    Fact("sec. 7 (conditioning)", "tokens that are given are put back after each step", of_reference("sampling/samplers", "known_positions_stay", "infilling_with_the_true_denoiser_is_conditioning_under_the_mask", "infilling_with_the_true_denoiser_is_not_conditioning_for_uniform"), "which is conditioning under masks; a network that expects uniform noise does not know what is given"),
    Fact("sec. 7 (evaluations)", "under masks, and without corrections, the network is asked at most once for each token", of_implementation("sampling/ancestral", "cached_asks_only_after_changes", "cached_is_ancestral_draw_for_draw")),
    Fact("eq. 32 and prop. 10.8", "the posterior of another scheduler is that of the time when κ is as large", of_implementation("noise/discrete_flow_matching", "another_scheduler_asks_at_another_time")),
    Fact("eq. 33", "cubic schedulers, whose slopes at the ends are given", of_implementation("noise/discrete_flow_matching", "cubic_schedulers_rise_from_0_to_1_with_given_slopes"), "κ_1 = 0 is printed for κ_1 = 1"),
    Fact("eq. 34", "at a temperature the denoiser is raised to a power and normalized", finding="the logarithm itself is printed, divided by the temperature", unchecked="samplers here that have a temperature draw by a plan, and have laws of their own"),
    Fact("eq. 37-53 and 61-74", "proofs of what is above", no_fact=PROOF),
    Fact("eq. 54-60", "flow matching of continuous data has velocities of the same form", unchecked="what is here of continuous data is Gaussian diffusion, without pairs"),
    Fact("sec. 4 and eq. 35-36", "qualities of texts, of code and of images, and the schedules of corrections and temperatures that were best", no_fact=UNREAD),
))

__all__ = ["DFM"]

"""Facts of Duo: Sahoo et al. 2025, arXiv 2506.10892v3."""

# A fact is one line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from unmask.properties.report.papers.paper import UNREAD, Fact, Paper, of_implementation, of_reference

DUO = Paper("Sahoo et al. 2025", "Duo", "2506.10892v3", (
    Fact("eq. 1", "uniform-state diffusion has the marginals α_t x + (1 − α_t) 1/K", of_implementation("gaussian/arg_max", "it_is_a_schedule_of_the_uniform_process")),
    Fact("eq. 4", "its posterior in closed form", of_implementation("d3pm/uniform_nelbo", "the_posterior_as_printed")),
    Fact("eq. 5", "the model is the posterior at the prediction", of_implementation("d3pm/uniform_nelbo", "the_model_is_the_posterior_at_the_prediction")),
    Fact("eq. 6 and 49", "its continuous NELBO is UDLM's", of_implementation("d3pm/uniform_nelbo", "the_closed_form_is_the_joint_sums_integrand", "it_is_zero_at_the_truth_and_never_negative"), "printed with −α′ for α′, here and in eq. 17: negative, as α falls"),
    Fact("eq. 7", "Gaussian diffusion of one-hot vectors has the marginals N(α̃_t x, σ̃_t² I), by coordinates"),
    Fact("eq. 8", "the NELBO of Gaussian diffusion is the squared error weighted with the slope of the signal-to-noise ratio", of_reference("gaussian/diffusion", "a_step_costs_half_the_difference_of_ratios"), "a factor 1/2 is missing"),
    Fact("eq. 10 and 13", "the arg max of Gaussian noisy data has the marginals of uniform-state diffusion", of_reference("gaussian/arg_max", "the_marginal_is_that_of_uniform_noise", "probabilities_sum_to_one")),
    Fact("eq. 11", "its α is K/(K−1) (∫ φ(z − α̃/σ̃) Φ(z)^(K−1) dz − 1/K)", of_reference("gaussian/arg_max", "two_classes_are_the_sign_of_one_number", "three_classes_by_integration_over_the_plane") + of_implementation("gaussian/arg_max", "it_is_the_definition_to_a_few_ulps")),
    Fact("sec. 3.1 (ends)", "it maps 0 to 0 and 1 to 1", of_reference("gaussian/arg_max", "no_signal_and_much_of_it") + of_implementation("gaussian/arg_max", "it_ends_where_it_should")),
    Fact("eq. 12", "these marginals solve the Kolmogorov equation of uniform rates −α′/(Kα) (1 1ᵀ − K I)", of_implementation("gaussian/arg_max", "rates_are_derivatives")),
    Fact("app. A.3", "along one path the arg max is not the uniform process", of_reference("gaussian/arg_max", "paths_are_not_those_of_uniform_noise", "paths_are_not_markov")),
    Fact("thm 3.1 and eq. 15", "the reverse kernel that keeps the arg max's marginals of a Gaussian model", unchecked="nothing here samples a Gaussian model and shows its arg max"),
    Fact("thm 3.2 and eq. 16", "the arg max of a Gaussian model is at least as likely to be the data as the model", unchecked="nothing here samples a Gaussian model and shows its arg max"),
    Fact("eq. 20", "softmax(z/τ) tends to the arg max as τ falls to 0", of_reference("gaussian/arg_max", "a_softmax_at_low_temperature_tends_to_the_arg_max")),
    Fact("sec. 4.1.2 (argument)", "softmax keeps the arg max at every temperature", of_reference("gaussian/arg_max", "a_softmax_at_low_temperature_tends_to_the_arg_max")),
    Fact("eq. 21", "training on softmax(z/τ) with τ > 0 has less variance", unchecked="the loss is another one: for τ > 0 the network is shown what the discrete process never holds"),
    Fact("sec. 4.1.2 (window)", "for many classes α falls within a short range of the ratio, about the largest of K normal numbers", of_reference("gaussian/arg_max", "for_many_classes_it_falls_within_a_short_range")),
    Fact("eq. 22-23", "discrete consistency distillation along deterministic Gaussian paths", unchecked="networks that were distilled"),
    Fact("sec. 5", "perplexities and few-step samples", no_fact=UNREAD),
))

__all__ = ["DUO"]

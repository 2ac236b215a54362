"""Facts of LLaDA: Nie et al. 2025, arXiv 2502.09992v3."""

# A fact is one line.
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from unmask.properties.report.papers.paper import UNREAD, Fact, Paper, of_implementation, of_reference

LLADA = Paper("Nie et al. 2025", "LLaDA", "2502.09992v3", (
    Fact("eq. 1", "the most likely model is the one nearest to the data, so that a network without limits finds their law", of_reference("likelihood/rates", "nelbo_is_tight_at_the_truth") + of_reference("sampling/samplers", "any_order_with_the_true_denoiser_is_the_data", "mixing_shrinks_like_one_over_T_under_the_mask"), "the best network's bound is tight, and one token at a time it draws that law; with several a step it does not"),
    Fact("eq. 2", "autoregression: a sequence's probability is a product over its tokens, each given those before it", of_reference("programs/bounds", "blocks_of_one_are_autoregression_and_one_block_is_masked_diffusion")),
    Fact("eq. 3, 12 and alg. 1", "pre-training: a uniform time t for each row, and the cross-entropy of the masked tokens over t", of_implementation("documents/programs_of_papers", "no_right_program_is_accused"), "eq. 3 and 12 are sums over a row, alg. 1 divides by its length: where rows are not of one length, tokens of short ones count for more than in the bound"),
    Fact("eq. 4 and 13", "the mean of the loss is an upper bound of −log p(x_0)", of_reference("programs/bounds", "the_bound_is_above_the_likelihood") + of_implementation("programs/llada", "the_bound_is_of_tokens_drawn_in_random_order"), "a bound of the law that draws one token after the other in random order; the laws of algorithms 4 and 5 are others, of which it is none"),
    Fact("sec. 2.1 (weight)", "without 1/t, as in MaskGIT, the loss is no bound", of_implementation("programs/llada", "without_its_weight_the_loss_is_half_of_what_is_due")),
    Fact("sec. 2.2 (attention)", "no causal mask: the network sees every position"),
    Fact("sec. 2.2 (lengths)", "one row in a hundred is cut to a length that is uniform from 1 to 4096", unchecked="about what stands in a batch before any code that the laws ask sees it"),
    Fact("eq. 5 and alg. 2", "fine-tuning: the prompt stays as it is, the answer is masked and paid for, over its own length", of_implementation("documents/programs_of_papers", "no_right_program_is_accused")),
    Fact("sec. 2.3 (end of text)", "tokens that fill up a short answer are masked and paid for like all others", unchecked="what counts is handed over with the batch, and no token of it stands for the end; where padding is declared, it is what does not count"),
    Fact("eq. 6, 14 and alg. 3", "the bound has the same mean if l of the L tokens of an answer are masked, l uniform from 1 to L, with weight L/l", of_reference("masked/masked_language_model", "subsets_are_the_continuous_nelbo") + of_implementation("documents/programs_of_papers", "no_right_program_is_accused", "counts_that_are_spread_and_rounded_are_not_alike"), "every l has to come up alike, and numbers that are spread over a batch and rounded do not"),
    Fact("sec. 2.4 (variance)", "eq. 6 varies less than eq. 5", of_implementation("programs/llada", "so_many_masks_vary_less_than_each_by_itself"), "said to depend on the data; yet for every network 1/t, with times down to 0, has no finite variance, and even its mean given the masks has (L + 1)/L times the mean square"),
    Fact("eq. 7-8", "each token is masked with probability t, by itself", of_reference("noise/forward", "one_step_matrices_are_what_the_paper_says", "sequences_factorize")),
    Fact("eq. 9", "the reverse process from t to s is a product over tokens", of_implementation("programs/llada", "a_step_back_is_no_product_but_has_its_marginals") + of_reference("sampling/samplers", "mixing_shrinks_like_one_over_T_under_the_mask"), "as the model has it; the true one is a product given x_0 alone, and given x_t only to first order in t − s"),
    Fact("eq. 10", "a visible token stays, a mask stays with probability s/t, and else follows the prediction", of_reference("noise/forward", "absorbing_posterior_has_its_closed_form") + of_reference("likelihood/reverse", "subs_step_has_its_closed_form")),
    Fact("eq. 11", "the prediction is the data's law given the visible tokens, at every time, so that the network need not see it", of_reference("masked/masked_language_model", "the_true_masked_denoiser_does_not_depend_on_time")),
    Fact("eq. 15", "the bound is the mean over all orders of autoregression's cross-entropy", of_reference("masked/masked_language_model", "subsets_are_orders") + of_reference("noise/information", "without_a_clock_the_integral_is_any_order_autoregression")),
    Fact("eq. 16", "guidance without a classifier: p(·|prompt)^(1+w) over p(·|masks)^w", of_reference("programs/bounds", "guidance_goes_through_both_predictions")),
    Fact("sec. 2.4 (remasking) and alg. 4", "every mask is guessed, and each guess masked again with probability s/t, by itself", of_implementation("programs/llada", "the_bound_is_of_tokens_drawn_in_random_order"), "guesses have to be drawn for eq. 10; alg. 4 takes the likeliest tokens, which follow another law"),
    Fact("alg. 5", "of the guesses the surest stay, and ⌊L (1 − s)⌋ tokens are visible at s", of_implementation("programs/llada", "the_least_confident_are_masked_but_not_as_many_as_printed") + of_implementation("documents/programs_of_papers", "no_right_program_is_accused"), "printed with so many masked again, and not visible, so that only masks were left at the end"),
    Fact("app. B.4", "blocks are finished from left to right, by the same steps within each; blocks of one token are autoregression", of_reference("sampling/samplers", "one_block_is_ancestral", "blocks_of_one_are_autoregression_on_any_grid")),
    Fact("sec. 3, app. B.3 and B.5", "benchmarks, poems backward, and what guidance, lengths and numbers of steps do to scores", no_fact=UNREAD),
))

__all__ = ["LLADA"]

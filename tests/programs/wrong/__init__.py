"""Mistakes in samplers, each of one part, and which laws speak about it, and break."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from unmask.properties import Plan, Subject, programs

CONFIDENCE = Plan(order="confidence", temperature=0.0, steps=3)
DRAWN = Plan(order="confidence", temperature=1.0)
RANDOM = Plan(order="random")
TWO = Plan(order="random", steps=2)
STAYS, COUNTS, BEST = "what_is_visible_stays", "as_many_are_revealed_as_planned", "the_best_are_revealed_first"
ABOVE, ALIKE = "all_above_the_threshold_are_revealed", "all_sets_are_revealed_alike"
BLOCKS = "blocks_are_finished_from_left_to_right"
LIKELIEST, CUT = "at_temperature_zero_tokens_are_the_likeliest", "what_is_cut_off_is_not_drawn"
TOKENS, WHOLE = "tokens_follow_the_tempered_law", "sequences_follow_the_plan"
ROWS, ALONE = "rows_are_sampled_independently", "a_row_alone_is_a_row_of_a_batch"
PROMPT, SURE = "a_prompt_is_a_condition", "a_sure_network_is_followed"
KERNEL, NETWORKS = "masks_are_revealed_as_the_kernel_says", "ancestral_tokens_follow_the_network"
HALVES = "guidance_masks_the_prompt"
AGAIN_AS_PLANNED = "tokens_are_masked_again_as_planned"


@dataclass(frozen=True)
class Wrong:
    """A mistake, and the laws that break, no others."""

    name: str
    build: Any
    laws: frozenset[str]
    told: dict[str, Any]
    #: Laws that speak about it, too, but need more draws to see it.
    perhaps: frozenset[str] = frozenset()

    @property
    def subject(self) -> Subject:
        return Subject(self.build, programs("absorbing", mask="any"), name=self.name, **self.told)


WRONG: dict[str, Wrong] = {}


def wrong(name: str, plan: Any, *laws: str, perhaps: tuple[str, ...] = (), **told: Any) -> Any:
    """Enter the decorated class, a sampler with one mistake."""

    def enter(build: type) -> type:
        assert build.__doc__
        assert name not in WRONG
        made = type(build.__name__, (build,), {"plan": plan, "__doc__": build.__doc__, "__module__": build.__module__})
        WRONG[name] = Wrong(name, made, frozenset(laws), told, frozenset(perhaps))
        return build

    return enter

"""Mistakes in what stays, how much is revealed, and in which block."""

from __future__ import annotations

import torch

from tests.programs.general import General
from tests.programs.wrong import (
    ALIKE,
    BEST,
    BLOCKS,
    CONFIDENCE,
    COUNTS,
    HALVES,
    PROMPT,
    RANDOM,
    ROWS,
    STAYS,
    SURE,
    TOKENS,
    TWO,
    WHOLE,
    wrong,
)
from unmask.properties import Plan


@wrong("sampler-overwrites-the-prompt", TWO, STAYS, WHOLE, SURE)
class OverwritesThePrompt(General):
    """Tokens are written at all positions in the last step, the prompt included."""

    def finish(self, x):
        return torch.where(self.start == self.mask, x, (self.start + 1) % self.K)


@wrong("sampler-fills-the-padding", TWO, STAYS, SURE, perhaps=(WHOLE, ROWS))
class FillsThePadding(General):
    """What follows the last position that counts is set to a padding token of its own."""

    def finish(self, x):
        return torch.where(self.counted, x, (self.mask + 1) % self.K)


@wrong("sampler-changes-its-mind", RANDOM, STAYS, WHOLE, PROMPT)
class ChangesItsMind(General):
    """Tokens of earlier steps are drawn anew in every step, and written again."""

    def write(self, x, chosen, tokens):
        return torch.where(chosen | (self.counted & (x != self.mask)), tokens, x)


@wrong("sampler-stops-a-step-early", RANDOM, STAYS, COUNTS, WHOLE, PROMPT, SURE)
class StopsAStepEarly(General):
    """The loop runs over one step too few, and masks are left."""

    def planned(self, inside, blocks):
        return super().planned(inside, blocks)[:, :-1]


@wrong("sampler-loses-the-prompt-on-the-way", RANDOM, STAYS, WHOLE, PROMPT)
class LosesThePrompt(General):
    """The prompt is masked in what the network is shown, as for the unconditional half of guidance."""

    def shown(self, states):
        return torch.where(self.counted, states[-1], self.mask)


@wrong("sampler-puts-the-remainder-last", TWO, COUNTS, WHOLE)
class RemainderLast(General):
    """Masks that are left over by the division are revealed in the last step, not the first."""

    def planned(self, inside, blocks):
        found = super().planned(inside, blocks)
        return torch.where((found > 0).all(-1, keepdim=True), found.flip(-1), found)


@wrong("sampler-reveals-one-too-many", TWO, COUNTS, WHOLE)
class OneTooMany(General):
    """Ranks are compared with <= in place of <."""

    def chosen(self, score, masked, number):
        return super().chosen(score, masked, number + (number > 0))


@wrong("sampler-leaves-the-rest-to-the-last-step", Plan(order="random", steps=2), COUNTS, WHOLE)
class RestToTheLast(General):
    """One a step, and whatever is left in the last one."""

    def planned(self, inside, blocks):
        found = super().planned(inside, blocks)
        total = found.sum(-1)
        found = (found > 0).long()
        found[:, -1:] += (total - found.sum(-1))[:, None]
        return found


@wrong("sampler-shows-a-stale-state", RANDOM, COUNTS, TOKENS, WHOLE, PROMPT)
class Stale(General):
    """The network is shown the state before the last one."""

    def shown(self, states):
        return states[max(0, len(states) - 2)]


@wrong("sampler-keeps-a-stale-cache", RANDOM, COUNTS, WHOLE, PROMPT)
class StaleCache(General):
    """The network is asked in every second step only; between, its last answer serves again."""

    def answer(self, network, states):
        if len(states) % 2:
            self.kept = super().answer(network, states)
        return self.kept


@wrong("sampler-may-draw-the-mask", TWO, STAYS, COUNTS, ALIKE, WHOLE, SURE)
class MayDrawTheMask(General):
    """The mask is not ruled out, and a position may be revealed as the mask."""

    def ruled_out(self, logits):
        return logits


@wrong("sampler-counts-the-masks-of-the-first-row", CONFIDENCE, COUNTS)
class FirstRowCounts(General):
    """The number of masks of the first row stands for all rows."""

    def planned(self, inside, blocks):
        return super().planned(inside, blocks)[:1].expand(len(inside), -1)


@wrong(
    "sampler-reveals-in-the-next-block",
    Plan(order="confidence", temperature=0.0, blocks=2, steps=4),
    STAYS,
    BLOCKS,
    COUNTS,
    WHOLE,
)
class NextBlock(General):
    """The end of a block is one position too far."""

    def free(self, inside, x):
        return (inside | torch.nn.functional.pad(inside, (1, -1))) & self.counted & (x == self.mask)


@wrong("sampler-begins-with-the-last-block", Plan(order="confidence", temperature=0.0, blocks=2), BLOCKS, WHOLE)
class LastBlockFirst(General):
    """Blocks are finished from right to left."""

    def in_turn(self, blocks):
        return blocks[::-1]


@wrong(
    "sampler-shows-blocks-to-come",
    Plan(order="random", blocks=2, shows="blocks so far"),
    BLOCKS,
    WHOLE,
    perhaps=(PROMPT,),
)
class ShowsBlocksToCome(General):
    """The network is shown the masks of later blocks, too."""

    def end(self, block, b):
        return block.shape[1]


GUIDED = Plan(order="confidence", temperature=1.0, guidance=1.5)


@wrong("sampler-is-guided-too-little", GUIDED, BEST, TOKENS, WHOLE)
class GuidedTooLittle(General):
    """The weight is that of the conditional answer, without the one that is added to it."""

    def guided(self, given, alone):
        return alone + self.plan.guidance * (given - alone)


@wrong("sampler-is-guided-the-other-way", GUIDED, BEST, TOKENS, WHOLE)
class GuidedTheOtherWay(General):
    """The halves of the answer are exchanged."""

    def guided(self, given, alone):
        return super().guided(alone, given)


@wrong("sampler-is-guided-away-from-itself", GUIDED, HALVES, perhaps=(WHOLE,))
class GuidedAwayFromItself(General):
    """Both halves show the prompt."""

    def unconditional(self, x):
        return x


@wrong("sampler-leaves-a-prompt-without-its-last-token", GUIDED, HALVES, perhaps=(WHOLE,))
class LeavesThePromptWithoutItsLastToken(General):
    """The other half masks the prompt's last token alone."""

    def unconditional(self, x):
        last = (self.start[:, : self.until] != self.mask).cumsum(-1)
        last = (last == last.amax(-1, keepdim=True)) & (self.start[:, : self.until] != self.mask)
        return x.masked_fill(last, self.mask)

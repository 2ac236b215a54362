"""Mistakes in guidance and in kernels that mask again, each with the laws that speak of it, and no others."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.programs.wrong.table import Mistakes
from unmask.properties import Process, Subject, programs

RATIO = "guidance_is_a_ratio_of_powers"
ENDS = "guidance_goes_from_one_prediction_to_the_other"
CONSTANTS = "guidance_does_not_see_constants"
INFINITE = "guidance_stands_a_mask_that_is_ruled_out"
CLASSIFIER = "classifier_guidance_is_a_product"
DISTRIBUTION = "a_remasking_kernel_is_a_distribution"
MARGINALS = "remasking_keeps_the_marginals"
VISIBLE = "visible_tokens_are_remasked_as_declared"
MASKS = "masks_become_what_is_predicted"
LINEAR = "remasking_is_linear_in_the_prediction"

MISTAKES = Mistakes()
mistake = MISTAKES.enter


class Guided:
    """Right: logits of both predictions, in the form that samplers have; the mask is ruled out last."""

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def guide(self, conditional: Tensor, unconditional: Tensor, weight: float) -> Tensor:
        logits = unconditional + (weight + 1) * (conditional - unconditional)
        logits[..., self.mask] = -torch.inf
        return logits

    def guide_by_classifier(self, unconditional: Tensor, classifier: Tensor, strength: float) -> Tensor:
        return torch.log_softmax(unconditional, -1) + strength * classifier


class Remasks:
    """Right: the kernel of a third of the largest probability, under the linear schedule."""

    @staticmethod
    def remasking_probability(s: float, t: float) -> float:
        return min(1.0, s / (1 - t)) / 3 if t < 1 else 1 / 3

    def __init__(self, p: Process) -> None:
        self.mask, self.K = int(p.mask or 0), p.K

    def sigma(self, s: Tensor, t: Tensor) -> Tensor:
        return torch.where(t < 1, (s / (1 - t).clamp(min=1e-12)).clamp(max=1), 1) / 3

    def reveal(self, s: Tensor, t: Tensor, sigma: Tensor) -> Tensor:
        return ((1 - s) - (1 - sigma) * (1 - t)) / t

    def rest(self, s: Tensor, t: Tensor, sigma: Tensor) -> Tensor:
        return 1 - self.reveal(s, t, sigma)

    def predicted(self, prediction: Tensor) -> Tensor:
        return prediction

    def kept(self, prediction: Tensor, xt: Tensor, sigma: Tensor) -> Tensor:
        return (1 - sigma) * torch.nn.functional.one_hot(xt, self.K)

    def remask(self, prediction: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        given = self.predicted(prediction.double())
        s, t = s.double()[:, None, None], t.double()[:, None, None]
        sigma = self.sigma(s, t)
        is_mask = torch.nn.functional.one_hot(torch.tensor(self.mask), self.K)
        hidden = self.reveal(s, t, sigma) * given + self.rest(s, t, sigma) * is_mask
        visible = self.kept(given, xt, sigma) + sigma * is_mask
        return torch.where((xt == self.mask)[..., None], hidden, visible).to(prediction.dtype)


RIGHT = [Subject(cls, programs("absorbing")) for cls in (Guided, Remasks)]


# ---------------------------------------------------------------------- guidance
@mistake("guidance-exchanges-its-predictions", RATIO, ENDS)
class ExchangesItsPredictions(Guided):
    """The halves of a doubled batch are taken in the wrong order."""

    def guide(self, conditional: Tensor, unconditional: Tensor, weight: float) -> Tensor:
        return super().guide(unconditional, conditional, weight)


@mistake("guidance-forgets-the-one", RATIO, ENDS)
class ForgetsTheOne(Guided):
    """w for 1 + w: the convention in which 1 is the conditional prediction."""

    def guide(self, conditional: Tensor, unconditional: Tensor, weight: float) -> Tensor:
        return super().guide(conditional, unconditional, weight - 1)


@mistake("guidance-mixes-probabilities", RATIO)
class MixesProbabilities(Guided):
    """The line through both predictions is drawn among probabilities, not logarithms."""

    def guide(self, conditional: Tensor, unconditional: Tensor, weight: float) -> Tensor:
        p, q = (
            z.index_fill(-1, torch.tensor([self.mask]), -torch.inf).softmax(-1) for z in (conditional, unconditional)
        )
        return (q + (1 + weight) * (p - q)).clamp(min=1e-30).log()


@mistake("guidance-returns-probabilities", RATIO, ENDS)
class ReturnsProbabilities(Guided):
    """Probabilities come back where logits are due."""

    def guide(self, conditional: Tensor, unconditional: Tensor, weight: float) -> Tensor:
        return super().guide(conditional, unconditional, weight).softmax(-1)


@mistake("guidance-clips-its-logits", RATIO, ENDS, CONSTANTS)
class ClipsItsLogits(Guided):
    """Logits are clipped before they are normalized."""

    def guide(self, conditional: Tensor, unconditional: Tensor, weight: float) -> Tensor:
        return super().guide(conditional.clamp(-1, 1), unconditional.clamp(-1, 1), weight)


@mistake("guidance-subtracts-infinities", INFINITE)
class SubtractsInfinities(Guided):
    """The mask is ruled out in both predictions, and the difference of two infinities is taken."""

    def guide(self, conditional: Tensor, unconditional: Tensor, weight: float) -> Tensor:
        return (1 + weight) * conditional - weight * unconditional


@mistake("classifier-guidance-forgets-its-strength", CLASSIFIER)
class ForgetsItsStrength(Guided):
    """The classifier counts once, however strong it should be."""

    def guide_by_classifier(self, unconditional: Tensor, classifier: Tensor, strength: float) -> Tensor:
        return unconditional + classifier


@mistake("classifier-guidance-takes-likelihoods", CLASSIFIER)
class TakesLikelihoods(Guided):
    """p(y|x) is added to logits, in place of its logarithm."""

    def guide_by_classifier(self, unconditional: Tensor, classifier: Tensor, strength: float) -> Tensor:
        return unconditional + strength * classifier.exp()


@mistake("classifier-guidance-tempers-its-prediction", CLASSIFIER)
class TempersItsPrediction(Guided):
    """The formula without a classifier: the unconditional prediction has the rest of the strength."""

    def guide_by_classifier(self, unconditional: Tensor, classifier: Tensor, strength: float) -> Tensor:
        return (1 - strength) * unconditional + strength * classifier


# ---------------------------------------------------------------------- remasking
@mistake("remasking-without-its-correction", MARGINALS, MASKS)
class WithoutItsCorrection(Remasks):
    """Tokens are masked again, and masks revealed as if none were."""

    def reveal(self, s: Tensor, t: Tensor, sigma: Tensor) -> Tensor:
        return (t - s) / t


@mistake("remasking-takes-the-later-alpha", MARGINALS, MASKS)
class TakesTheLaterAlpha(Remasks):
    """alpha_t for alpha_s."""

    def reveal(self, s: Tensor, t: Tensor, sigma: Tensor) -> Tensor:
        return ((1 - t) - (1 - sigma) * (1 - t)) / t


@mistake("remasking-masks-masked-tokens-as-well", MARGINALS, MASKS)
class MasksMaskedTokensAsWell(Remasks):
    """What has just been revealed is masked again with the same probability."""

    def reveal(self, s: Tensor, t: Tensor, sigma: Tensor) -> Tensor:
        return (1 - sigma) * super().reveal(s, t, sigma)


@mistake("remasking-half-as-often", VISIBLE, MASKS)
class HalfAsOften(Remasks):
    """Half of the probability that is declared, consistently."""

    def sigma(self, s: Tensor, t: Tensor) -> Tensor:
        return super().sigma(s, t) / 2


@mistake("remasking-adds-to-the-mask", DISTRIBUTION, MARGINALS, VISIBLE)
class AddsToTheMask(Remasks):
    """The probability of masking again is added, and not taken from staying."""

    def kept(self, prediction: Tensor, xt: Tensor, sigma: Tensor) -> Tensor:
        return torch.nn.functional.one_hot(xt, self.K) + 0 * sigma


@mistake("remasking-without-its-correction-of-the-rest", DISTRIBUTION, MARGINALS, MASKS)
class WithoutItsCorrectionOfTheRest(Remasks):
    """Masks are revealed more often, and stay as often as without remasking."""

    def rest(self, s: Tensor, t: Tensor, sigma: Tensor) -> Tensor:
        return s / t


@mistake("remasking-changes-visible-tokens", VISIBLE)
class ChangesVisibleTokens(Remasks):
    """Visible tokens that stay are drawn anew from the prediction."""

    def kept(self, prediction: Tensor, xt: Tensor, sigma: Tensor) -> Tensor:
        return (1 - sigma) * prediction


@mistake("remasking-sharpens-its-prediction", MASKS, LINEAR)
class SharpensItsPrediction(Remasks):
    """A temperature of a half is applied to the prediction inside the kernel."""

    def predicted(self, prediction: Tensor) -> Tensor:
        return prediction**2 / (prediction**2).sum(-1, keepdim=True)

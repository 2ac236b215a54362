"""Mistakes in log-probabilities of trajectories, for random order at temperature 1/2."""

from __future__ import annotations

from typing import Any

import torch

from tests.programs.wrong import wrong
from unmask.properties import Plan

HALF = Plan(order="random", temperature=0.5)
STEPS = "trajectories_have_the_probability_of_their_steps"


class Trajectories:
    """Right: one call for all states, and a mean over all sets of as many positions."""

    def __init__(self, p: Any) -> None:
        self.mask, self.K = p.mask, p.K

    def trajectory_log_probability(self, network, states, counted):
        before, after = self.steps(states)
        N, S, L = before.shape
        logits = network(self.asked(states, before).reshape(-1, L)).reshape(N, S, L, self.K)
        law = self.law(logits)
        masked = (before == self.mask) & counted[:, None]
        paid = self.paid(masked, after)
        token = law.gather(-1, torch.where(masked, after, before)[..., None])[..., 0]
        n, k = masked.sum(-1).float(), (masked & (after != self.mask)).sum(-1).float()
        ways = torch.lgamma(n + 1) - torch.lgamma(k + 1) - torch.lgamma(n - k + 1)
        return (torch.where(paid, token, 0).sum(-1) - ways).sum(-1)

    def steps(self, states):
        return states[:, :-1], states[:, 1:]

    def asked(self, states, before):
        return before

    def law(self, logits):
        logits = logits.clone()
        logits[..., self.mask] = -1e30
        return (logits / 0.5).log_softmax(-1)

    def paid(self, masked, after):
        return masked & (after != self.mask)


@wrong("trajectory-forgets-the-temperature", HALF, STEPS)
class AtTemperatureOne(Trajectories):
    """Log-probabilities of the network, whatever the temperature of the sampler was."""

    def law(self, logits):
        return super().law(logits / 2)


@wrong("trajectory-pays-for-all-masks", HALF, STEPS)
class PaysForAllMasks(Trajectories):
    """Every token is paid for at every step at which it is still masked."""

    def trajectory_log_probability(self, network, states, counted):
        self.end = states[:, -1:]
        return super().trajectory_log_probability(network, states, counted)

    def steps(self, states):
        before, after = super().steps(states)
        return before, torch.where(before == self.mask, self.end, after)


@wrong("trajectory-asks-about-the-end", HALF, STEPS)
class AsksAboutTheEnd(Trajectories):
    """The network is asked about the state after the step."""

    def asked(self, states, before):
        return states[:, 1:]


@wrong("trajectory-forgets-the-last-step", HALF, STEPS)
class ForgetsTheLastStep(Trajectories):
    """The sum ends one step early."""

    def steps(self, states):
        before, after = super().steps(states)
        return before[:, :-1], after[:, :-1]


@wrong("trajectory-normalizes-over-the-mask", HALF, STEPS)
class NormalizesOverTheMask(Trajectories):
    """The softmax includes the mask."""

    def law(self, logits):
        return (logits / 0.5).log_softmax(-1)


@wrong("trajectory-forgets-the-choice-of-positions", HALF, STEPS)
class ForgetsTheChoice(Trajectories):
    """The tokens alone, and not that these positions came first: the masses of all trajectories add up to n!."""

    def trajectory_log_probability(self, network, states, counted):
        found = super().trajectory_log_probability(network, states, counted)
        return found + torch.lgamma(counted.sum(-1) + 1.0)

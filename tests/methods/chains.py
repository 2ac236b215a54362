"""The processes that are more than keeping or redrawing, and D3PM and SEDD over each of them.

One subject for each family, so that the table shows every process under every law.
"""

from __future__ import annotations

from typing import Any

from torch import Generator, Tensor

from tests.methods.building import process
from tests.methods.d3pm import d3pm
from tests.methods.sedd import sedd
from unmask import implementations as fast
from unmask.properties import Process, Subject, processes


class Beliefs:
    """A chain's own kernels, of probabilities of the clean class."""

    def __init__(self, p: Process, form: Any) -> None:
        made = process(p)
        assert isinstance(made, fast.Chain)
        self.chain, self.form, self.scores = made, form, fast.D3PM(made, form)
        self.transition, self.marginal, self.posterior = made.transition, made.marginal, made.posterior
        self.sample, self.prior_kl = made.sample, made.prior_kl

    def denoise(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        del xt, t
        return output.softmax(-1)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.chain.reverse(output.softmax(-1), xt, s, t, self.form)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        return self.chain.step(output.softmax(-1), xt, s, t, generator, self.form)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return self.chain.kl(output.softmax(-1), x0, xt, t - 1, t, self.form)


class Ancestral(Beliefs):
    """Samples of a chain by itself, whose steps are then those of the joint sum."""

    def generate(self, network: Any, N: int, L: int, times: Any, generator: Generator) -> Tensor:
        def belief(xt: Tensor, t: Tensor) -> Tensor:
            found: Tensor = network(xt, t).softmax(-1)
            return found

        return fast.ancestral(self.chain, belief, N, L, times, generator)


def beliefs(name: str, form: Any, *families: str) -> Subject:
    """The kernels of some families of chains."""
    build = Ancestral if form == "joint-sum" else Beliefs
    return Subject(lambda p: build(p, form), processes(*families), output=form, name=name)


D3PM_GAUSSIAN = d3pm("d3pm_gaussian", "joint-sum", "discretized-gaussian")
D3PM_BAND = d3pm("d3pm_band", "mixture", "band")
D3PM_DRIFTING = d3pm("d3pm_drifting_prior", "joint-sum", "drifting-prior")
GIDD = d3pm("gidd", "joint-sum", "masks-and-bump", clock="continuous", mask="any")
SEDD_MASKS_AND_BUMP = sedd("sedd_masks_and_bump", "masks-and-bump", mask="any")
D3PM_NEIGHBORS = d3pm("d3pm_neighbors", "joint-sum", "nearest-neighbor", even=True, clock="both")
D3PM_MASKED_NEIGHBORS = d3pm("d3pm_masked_neighbors", "joint-sum", "masked-nearest-neighbor", even=True, clock="both")
D3PM_BIRTH_DEATH = d3pm("d3pm_birth_death", "joint-sum", "birth-death", even=True, clock="both")
D3PM_EHRENFEST = d3pm("d3pm_ehrenfest", "joint-sum-direct", "ehrenfest", even=True, clock="both")
SEDD_LEVELS = sedd("sedd_levels", "birth-death", "ehrenfest")
SEDD_NEIGHBORS = sedd("sedd_neighbors", "nearest-neighbor", "masked-nearest-neighbor")
D3PM_BY_CLASS = d3pm("d3pm_by_class", "joint-sum", "state-dependent-masking", clock="both", mask="any")
CHAIN_JOINT_SUM = beliefs("chain_joint_sum", "joint-sum", "birth-death", "nearest-neighbor")
CHAIN_MIXTURE = beliefs("chain_mixture", "mixture", "band", "drifting-prior")

ALL = [
    D3PM_GAUSSIAN,
    D3PM_BAND,
    D3PM_DRIFTING,
    GIDD,
    D3PM_NEIGHBORS,
    D3PM_MASKED_NEIGHBORS,
    D3PM_BIRTH_DEATH,
    D3PM_EHRENFEST,
    SEDD_LEVELS,
    SEDD_NEIGHBORS,
]
#: The same processes by the general chains of which these are special cases; D3PM over GenMD4's noise, SEDD over
#: GIDD's.
GENERAL = [CHAIN_JOINT_SUM, CHAIN_MIXTURE, D3PM_BY_CLASS, SEDD_MASKS_AND_BUMP]

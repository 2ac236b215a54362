"""NVIDIA's ``bionemo-moco`` under the laws: D3PM, MDLM and discrete flow matching, and MDLM's samplers.

The package is used as it is installed.  What differs from the conventions here:

====================  ==========================================  ===============================================
                      here                                        in ``bionemo.moco``
====================  ==========================================  ===============================================
steps of D3PM         1..T                                        0..T-1
time of flows         data at 0                                   data at 1
losses                sums over positions                         means over positions, the bound's over the batch
randomness            a ``torch.Generator``                       the global state
network outputs       stay as they are                            the mask's logits are overwritten: a copy is given
====================  ==========================================  ===============================================

Papers: Austin et al. 2021 (D3PM); Sahoo et al. 2024 (MDLM); Campbell et al. 2024 (discrete flow matching).
"""

# mypy: disable-error-code="no-any-return"
# pyright: reportMissingImports=false

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import mpmath
import torch
from bionemo.moco.distributions.prior import DiscreteMaskedPrior, DiscreteUniformPrior
from bionemo.moco.distributions.time import UniformTimeDistribution
from bionemo.moco.interpolants import D3PM, MDLM, DiscreteFlowMatcher
from bionemo.moco.schedules.inference_time_schedules import LinearInferenceSchedule
from bionemo.moco.schedules.noise.continuous_noise_transforms import CosineExpNoiseTransform, LogLinearExpNoiseTransform
from bionemo.moco.schedules.noise.discrete_noise_schedules import DiscreteLinearNoiseSchedule
from torch import Generator, Tensor

from unmask.properties import Ancestral, Plan, Process, Schedule, Subject, processes, programs, seeded

COSINE = Schedule("moco-cosine", function=lambda u: (1 + 999 * mpmath.cos(mpmath.pi / 2 * u)) / 1000)
LOG_LINEAR = Schedule("log-linear", (("eps", Fraction(1, 1000)),))


def prior(p: Process) -> Any:
    """The package's prior for ``p``."""
    return DiscreteUniformPrior(p.K) if p.mask is None else DiscreteMaskedPrior(p.K, mask_dim=p.mask)


class Discrete:
    """D3PM.  Of its reverse kernel there is only ``step``."""

    output, time_steps, dtypes = "joint-sum-direct", "unit", ("float32",)

    def __init__(self, p: Process) -> None:
        noise = DiscreteLinearNoiseSchedule(p.T, beta_start=p.betas[0], beta_end=p.betas[-1])
        self.d3pm = D3PM(UniformTimeDistribution(discrete_time=True, nsteps=p.T), prior(p), noise)

    def training_times(self, N: int, generator: Generator) -> Tensor:
        with seeded(generator):
            return 1 + self.d3pm.sample_time(N)

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        with seeded(generator):
            return torch.where((t > 0)[:, None], self.d3pm.interpolate(x0, (t - 1).clamp(min=0)), x0)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        with seeded(generator):
            return self.d3pm.step(output, t - 1, xt)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        rows = [(output[n : n + 1], x0[n : n + 1], xt[n : n + 1], t[n : n + 1] - 1) for n in range(len(x0))]
        both = [self.d3pm.loss(*row, vb_scale=1.0) - self.d3pm.loss(*row) for row in rows]
        return torch.cat([output.new_zeros(0), *both]) * x0.shape[1]


class Masked:
    """MDLM along its schedule."""

    output = "subs"

    def __init__(self, p: Process) -> None:
        noise = CosineExpNoiseTransform() if p.schedule.name == "moco-cosine" else LogLinearExpNoiseTransform()
        self.mdlm = MDLM(UniformTimeDistribution(), prior(p), noise)

    def alpha(self, t: Tensor) -> Tensor:
        return self.mdlm.noise_schedule.sigma_to_alpha(self.mdlm.noise_schedule.calculate_sigma(t))

    def rate(self, t: Tensor) -> Tensor:
        return self.mdlm.noise_schedule.d_dt_sigma(t)

    def training_times(self, N: int, generator: Generator) -> Tensor:
        with seeded(generator):
            return self.mdlm.sample_time(N)

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        with seeded(generator):
            return self.mdlm.interpolate(x0, t)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return self.mdlm.loss(output.clone(), x0, xt, t) * x0.shape[1]

    def score(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return self.mdlm.calculate_score(output, xt, t)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        with seeded(generator):
            return self.mdlm.step(output.clone(), t, xt, t - s)


class AsItStands(Masked):
    """MDLM's loss with the network's own output, which it overwrites."""

    offers = ("loss",)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return self.mdlm.loss(output, x0, xt, t) * x0.shape[1]


class Flow:
    """Discrete flow matching without its extra noise; its losses are no bounds, and it offers none here."""

    output, scheme, dtypes, stochasticity = "velocity", "first-order", ("float32",), 0.0

    def __init__(self, p: Process) -> None:
        self.flow = DiscreteFlowMatcher(UniformTimeDistribution(), prior(p))

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        with seeded(generator):
            return self.flow.interpolate(x0, 1 - t, self.flow.sample_prior(tuple(x0.shape)))

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        with seeded(generator):
            return self.flow.step(output.clone(), 1 - t, xt, t - s, stochasticity=self.stochasticity)


class MaskedFlow(Flow):
    """From masks, of which alone it asks the network: a visible token is believed."""

    output = "subs"


class NoisyFlow(Flow):
    """With the extra noise that is its default."""

    scheme, stochasticity = "corrected", 1.0


class NoisyMaskedFlow(MaskedFlow):
    """With the extra noise that is its default."""

    scheme, stochasticity = "corrected", 1.0


class Program:
    """MDLM on its log-linear schedule."""

    def __init__(self, p: Process) -> None:
        self.mdlm = MDLM(UniformTimeDistribution(), prior(p), LogLinearExpNoiseTransform())


class Training(Program):
    """MDLM's training as its documentation has it, with the positions that count as ``mask``."""

    reduction, weighting, counted, sees_time = "per row and counted token", "nelbo", "between", True

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        with seeded(generator):
            t = self.mdlm.sample_time(len(x0))
            xt = torch.where(counted, self.mdlm.interpolate(x0, t), x0)
            return self.mdlm.loss(network(xt, t).clone(), x0, xt, t, mask=counted).mean()


class GlobalMean(Training):
    """The same, where all tokens of a batch share one mean."""

    reduction, counted = "per token", "everywhere"

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        with seeded(generator):
            t = self.mdlm.sample_time(len(x0))
            xt = self.mdlm.interpolate(x0, t)
            return self.mdlm.loss(network(xt, t).clone(), x0, xt, t, global_mean=True)


class Along(Program):
    """MDLM's ancestral sampler on its linear grid."""

    sees_time, plan, temperature = True, Ancestral(steps=4), 1.0

    def sample(self, network: Any, x: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        grid = LinearInferenceSchedule(nsteps=4, direction="diffusion")
        with seeded(generator):
            for t, dt in zip(grid.generate_schedule(), grid.discretize(), strict=True):
                t, dt = t.expand(len(x)), dt.expand(len(x))
                x = self.mdlm.step(network(x, t).clone(), t, x, dt, temperature=self.temperature)
        return x


class Hot(Along):
    """The same at another temperature."""

    plan, temperature = Ancestral(steps=4, temperature=2.0), 2.0


class Confident(Program):
    """Its confidence sampler without extra noise, two tokens a step."""

    tokens, way = 2, "step_confidence"
    plan = Plan(order="confidence", counts=2, confidence_of="tempered")

    def sample(self, network: Any, x: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        steps = self.mdlm.get_num_steps_confidence(x, self.tokens)
        with seeded(generator):
            for k in range(steps):
                options = {"randomness": 0.0, "num_tokens_unmask": self.tokens, "curr_step": k, "num_steps": steps}
                x = getattr(self.mdlm, self.way)(network(x).clone(), x, **options)
        return x


class OneByOne(Confident):
    """One token a step."""

    tokens, plan = 1, Plan(order="confidence", confidence_of="tempered")


class Margin(Confident):
    """One token a step, in the order of margins."""

    tokens, way, plan = 1, "step_confidence_margin", Plan(order="margin", confidence_of="tempered")


class LeftToRight(Program):
    """Its autoregressive sampler."""

    plan = Plan(order="left-to-right")

    def sample(self, network: Any, x: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        with seeded(generator):
            while (x == self.mdlm.mask_index).any():
                x = self.mdlm.step_auto_regressive(network(x).clone(), x)
        return x


def still_masked(masks: int, steps: int) -> list[int]:
    """How many are revealed at each step, where at time t a share t of all stays masked, though never all of it."""
    left = [masks, *(min(masks * (steps - k) // steps, masks - 1) for k in range(steps - 1)), 0]
    return [a - b for a, b in pairwise(left)]


class PathPlanned(Program):
    """Its sampler that may mask again what it is less sure of, in four steps without noise."""

    mask_ruled_out, counted = True, "everywhere"
    plan = Plan(order="confidence", temperature=0.0, steps=4, counts=still_masked, remasking=1.0)

    def sample(self, network: Any, x: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        grid = LinearInferenceSchedule(nsteps=4, direction="diffusion").generate_schedule()
        with seeded(generator):
            for k, t in enumerate(grid):
                options = {"curr_step": k, "num_steps": 4, "logit_temperature": 0.0}
                x = self.mdlm.step_self_path_planning(network(x).clone(), x, t.expand(len(x)), **options)
        return x


#: All laws of D3PM's variational term, and those of a mask's part in it.
VB_LOSS = dict.fromkeys(
    (
        "loss_is_its_term_of_the_nelbo",
        "loss_vanishes_when_the_network_knows",
        "gradient_is_the_gradient_of_the_nelbo",
        "the_gradient_vanishes_at_the_optimum",
        "a_confident_mistake_costs_its_logit",
        "a_large_vocabulary_has_the_loss_of_a_few_classes",
        "losses_have_their_digits_at_both_ends",
        "gradients_have_their_digits_at_both_ends",
    ),
    "moco_vb_loss: the target is the softmax of a one-hot vector",
)
MASK_IN_THE_LOSS = dict.fromkeys(
    ("a_class_may_be_ruled_out", "mass_on_the_mask_is_in_the_loss", "mass_on_the_mask_is_in_the_gradient"),
    "moco_vb_loss: the target has mass on every class",
)
LAST_STEP = "meant: the last step takes the arg max"

#: Of each subject the laws that fail, with the script of ``findings`` that shows why, or a word on what is meant so.
KNOWN: dict[str, dict[str, str]] = {
    "moco-d3pm-uniform": {
        **VB_LOSS,
        "steps_are_drawn_from_the_reverse": LAST_STEP,
        "steps_are_alike_at_every_place": LAST_STEP,
    },
    "moco-d3pm-absorbing": {
        **VB_LOSS,
        **MASK_IN_THE_LOSS,
        "steps_are_drawn_from_the_reverse": LAST_STEP,
        "steps_are_alike_at_every_place": LAST_STEP,
        "a_mask_becomes_what_the_network_says": LAST_STEP,
        "a_step_may_stay_masked": LAST_STEP,
        "a_step_that_knows_the_data_draws_the_posterior": "moco_added_constants: what is impossible has 1e-6",
    },
    "moco-d3pm-absorbing-mask-first": {
        **VB_LOSS,
        **MASK_IN_THE_LOSS,
        **dict.fromkeys(
            (
                "samples_follow_the_marginal",
                "samples_are_alike_at_every_place",
                "steps_are_drawn_from_the_reverse",
                "steps_are_alike_at_every_place",
                "a_mask_becomes_what_the_network_says",
                "a_step_may_stay_masked",
                "a_step_that_knows_the_data_draws_the_posterior",
            ),
            "moco_mask_in_front: noise leads to the last class",
        ),
    },
    "moco-mdlm": {
        "score_is_a_ratio_of_marginals": "moco_score: logits are not normalized",
        "steps_draw_rare_classes": "moco_rare_classes: noise of 24 bits",
        "an_empty_batch_gives_an_empty_answer": "meant: the largest time of an empty batch is asked for",
    },
    "moco-mdlm-in-place": {
        "inputs_are_left_alone": "moco_in_place: the mask's logits are overwritten",
        "an_empty_batch_gives_an_empty_answer": "meant: the largest time of an empty batch is asked for",
    },
    "moco-training": {"every_uniform_number_gives_a_finite_loss": "moco_time_zero: NaN at time 0"},
    "moco-training-global-mean": {
        "weights_are_those_of_the_bound": "moco_global_mean: the divisor is the length of one row",
        "every_uniform_number_gives_a_finite_loss": "moco_time_zero: NaN at time 0",
    },
    "moco-ancestral-hot": {
        "masks_are_revealed_as_the_kernel_says": "moco_temperature: log-probabilities are not normalized again",
    },
    "moco-confidence-by-two": {
        "what_is_visible_stays": "moco_steps: a step too few",
        "as_many_are_revealed_as_planned": "moco_steps: a step too few",
        "a_sure_network_is_followed": "moco_steps: a division by zero for one step",
    },
    "moco-margin": {
        "the_best_are_revealed_first": "moco_margin: NaN comes first",
        "tokens_follow_the_tempered_law": "moco_margin: NaN comes first",
        "sequences_follow_the_plan": "moco_margin: NaN comes first",
        "a_prompt_is_a_condition": "moco_margin: NaN comes first",
    },
    "moco-path-planning": {
        "the_best_are_revealed_first": "moco_standing_token: what stands is scored by another token",
        "sequences_follow_the_plan": "moco_standing_token: what stands is scored by another token",
    },
    "moco-left-to-right": {"the_best_are_revealed_first": "moco_rows: the first row's mask is taken for all"},
}


def subjects(made: Any, space: Any, *names: str) -> list[Subject]:
    """Subjects with what is known of them."""
    return [Subject(made, space, name=f"moco-{name}", known=KNOWN.get(f"moco-{name}", {})) for name in names]


#: A matrix of K x K is laid out for each row of a batch: with 100 classes a law's draws would fill 24 GB.  Where there
#: are as few classes as positions, ids are sometimes taken for one-hot vectors (`moco_one_hot`).
BETAS: Any = {"schedules": "linear-beta", "T": (2, 1000), "K": (5, 20)}
TIMES: Any = {"clock": "continuous", "schedules": (LOG_LINEAR, COSINE), "mask": "any"}
LINEAR: Any = {"clock": "continuous", "schedules": "linear", "mask": "any"}
CALLS = programs("absorbing", schedules=LOG_LINEAR)
D3PMS = [
    *subjects(Discrete, processes("uniform", **BETAS), "d3pm-uniform"),
    *subjects(Discrete, processes("absorbing", **BETAS), "d3pm-absorbing"),
    *subjects(Discrete, processes("absorbing", mask="first", **BETAS), "d3pm-absorbing-mask-first"),
]
MDLMS = [
    *subjects(Masked, processes("absorbing", **TIMES), "mdlm"),
    *subjects(AsItStands, processes("absorbing", **TIMES), "mdlm-in-place"),
]
FLOWS = [
    *subjects(Flow, processes("uniform", **LINEAR), "flow-uniform"),
    *subjects(MaskedFlow, processes("absorbing", **LINEAR), "flow-masked"),
    *subjects(NoisyFlow, processes("uniform", **LINEAR), "noisy-flow-uniform"),
    *subjects(NoisyMaskedFlow, processes("absorbing", **LINEAR), "noisy-flow-masked"),
]
PROGRAMS = [
    *subjects(Training, CALLS, "training"),
    *subjects(GlobalMean, CALLS, "training-global-mean"),
    *subjects(Along, CALLS, "ancestral"),
    *subjects(Hot, CALLS, "ancestral-hot"),
    *subjects(Confident, CALLS, "confidence-by-two"),
    *subjects(OneByOne, CALLS, "confidence"),
    *subjects(Margin, CALLS, "margin"),
    *subjects(LeftToRight, CALLS, "left-to-right"),
    *subjects(PathPlanned, CALLS, "path-planning"),
]
ALL = [*D3PMS, *MDLMS, *FLOWS, *PROGRAMS]

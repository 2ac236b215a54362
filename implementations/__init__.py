"""Fast implementations: batched PyTorch, closed forms, any device and floating dtype.

Read it in this order; each folder says in which order to read its parts:

1. `kernels`: sums over the classes of whole rows, where the time goes;
2. `numbers`: what all others need of arithmetic and of draws;
3. `noise`: corruption processes in closed form;
4. `likelihood`: what losses and steps in continuous time share;
5. `d3pm`, `sedd`, `masked`, `flow`: four methods, each on its own;
6. `sampling`: whole samples, and times at which to train;
7. `gaussian`: Gaussian diffusion of real numbers;
8. `smoothness`: how smooth the functions are that a network has to learn;
9. `degradation`: cold diffusion;
10. `programs`: the code around a network: training, evaluation, guidance, remasking.

Imports no other package of the project.  Conventions: sequences ``[N, L]`` of class ids, probabilities and
network outputs ``[N, L, K]``, rows are sources, times run from data (0) to noise, losses in nats summed over
positions.

Checks: shapes and dtypes are checked in every call.  Values, such as ids that are no classes and logits that are NaN,
are checked as ``validate`` says: ``None``, the default, where the tensors are on the CPU, at the price of one pass over
what a call reads; ``True`` wherever they are, so that a call waits for its device; ``False`` nowhere.  Without ``True``
no call waits for another device than the CPU, nor copies anything to it, except where its docstring says so.  What is
made of a few numbers, such as a schedule or a process, checks them in any case as it is made.
"""

from unmask.implementations.d3pm.d3pm import D3PM
from unmask.implementations.d3pm.logistic_head import truncated_logistic
from unmask.implementations.degradation.cold_diffusion import Blur, Shift, restore, restore_naively
from unmask.implementations.flow.flow_matching import FlowMatching
from unmask.implementations.gaussian.arg_max import ArgMax, arg_max_alpha, arg_max_noised, arg_max_slope
from unmask.implementations.gaussian.diffusion import GaussianDiffusion
from unmask.implementations.gaussian.log_snr import (
    CosineLogSNR,
    LinearBetaLogSNR,
    LinearLogSNR,
    LinearVarianceLogSNR,
    LogSNR,
    LogSNRGrid,
    LogSNRSteps,
    PolynomialLogSNR,
)
from unmask.implementations.gaussian.mixture import GaussianMixture
from unmask.implementations.gaussian.vdm import VDM, decode
from unmask.implementations.kernels.linear import LinearOutput
from unmask.implementations.likelihood.score_entropy import rate_loss, score_entropy
from unmask.implementations.masked.autoregression import Autoregression
from unmask.implementations.masked.genmd4 import GenMD4, leave_one_out
from unmask.implementations.masked.mdlm import MDLM
from unmask.implementations.noise.chain import Chain
from unmask.implementations.noise.drifting_prior import DriftingPrior
from unmask.implementations.noise.grid import Grid
from unmask.implementations.noise.information_schedule import (
    betas_from_noise,
    information_grid,
    information_schedule,
    mutual_information,
)
from unmask.implementations.noise.interpolating import Interpolating, PosteriorWeights
from unmask.implementations.noise.levels.birth_death import BirthDeath
from unmask.implementations.noise.levels.ehrenfest import Ehrenfest
from unmask.implementations.noise.levels.ordinal_steps import Band, DiscretizedGaussian
from unmask.implementations.noise.masks_and_bump import MasksAndBump
from unmask.implementations.noise.neighbors import NearestNeighbor
from unmask.implementations.noise.schedules import (
    Cosine,
    Geometric,
    LinearBeta,
    LogLinear,
    MutualInformation,
    Polynomial,
    Schedule,
)
from unmask.implementations.noise.state_dependent import StateDependentMasking
from unmask.implementations.noise.with_mask import WithMask
from unmask.implementations.numbers.categorical import categorical
from unmask.implementations.programs.bounds import MaskedBound
from unmask.implementations.programs.guidance import guide, guide_by_classifier
from unmask.implementations.programs.objectives import MaskedObjective
from unmask.implementations.programs.planned import PlannedSampler
from unmask.implementations.programs.remasking import Remasking
from unmask.implementations.programs.times import Times
from unmask.implementations.programs.trajectories import trajectory_log_probability
from unmask.implementations.sampling.first_hitting import first_hitting, inverse_one_minus_alpha, next_hit
from unmask.implementations.sampling.generation import ancestral, cached, infill, semi_autoregressive, two_stage_step
from unmask.implementations.sampling.training_times import antithetic_times, low_discrepancy_times, uniform_times
from unmask.implementations.sedd.concrete_score_matching import concrete_score_loss
from unmask.implementations.sedd.sedd import SEDD
from unmask.implementations.smoothness.diagnostics import directional_derivative, error_by_frequency, local_lipschitz
from unmask.implementations.smoothness.interpolants import interpolant, least_lipschitz
from unmask.implementations.smoothness.projective_distance import (
    distances_of_columns,
    log_kernel,
    projective_distance,
    projective_distances,
)

__all__ = [
    "D3PM",
    "MDLM",
    "SEDD",
    "VDM",
    "ArgMax",
    "Autoregression",
    "Band",
    "BirthDeath",
    "Blur",
    "Chain",
    "Cosine",
    "CosineLogSNR",
    "DiscretizedGaussian",
    "DriftingPrior",
    "Ehrenfest",
    "FlowMatching",
    "GaussianDiffusion",
    "GaussianMixture",
    "GenMD4",
    "Geometric",
    "Grid",
    "Interpolating",
    "LinearBeta",
    "LinearBetaLogSNR",
    "LinearLogSNR",
    "LinearOutput",
    "LinearVarianceLogSNR",
    "LogLinear",
    "LogSNR",
    "LogSNRGrid",
    "LogSNRSteps",
    "MaskedBound",
    "MaskedObjective",
    "MasksAndBump",
    "MutualInformation",
    "NearestNeighbor",
    "PlannedSampler",
    "Polynomial",
    "PolynomialLogSNR",
    "PosteriorWeights",
    "Remasking",
    "Schedule",
    "Shift",
    "StateDependentMasking",
    "Times",
    "WithMask",
    "ancestral",
    "antithetic_times",
    "arg_max_alpha",
    "arg_max_noised",
    "arg_max_slope",
    "betas_from_noise",
    "cached",
    "categorical",
    "concrete_score_loss",
    "decode",
    "directional_derivative",
    "distances_of_columns",
    "error_by_frequency",
    "first_hitting",
    "guide",
    "guide_by_classifier",
    "infill",
    "information_grid",
    "information_schedule",
    "interpolant",
    "inverse_one_minus_alpha",
    "least_lipschitz",
    "leave_one_out",
    "local_lipschitz",
    "log_kernel",
    "low_discrepancy_times",
    "mutual_information",
    "next_hit",
    "projective_distance",
    "projective_distances",
    "rate_loss",
    "restore",
    "restore_naively",
    "score_entropy",
    "semi_autoregressive",
    "trajectory_log_probability",
    "truncated_logistic",
    "two_stage_step",
    "uniform_times",
]

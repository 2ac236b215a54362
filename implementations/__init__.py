"""The fast side: batched PyTorch, closed forms, any device and floating dtype.

Imports nothing of ours outside itself.  Conventions: sequences ``[N, L]`` of class ids, probabilities and
network outputs ``[N, L, K]``, rows are sources, times run from data (0) to noise, losses in nats summed over
positions.
"""

from unmask.implementations.autoregressive import Autoregression
from unmask.implementations.birth_death import BirthDeath
from unmask.implementations.categorical import categorical
from unmask.implementations.chain import Chain
from unmask.implementations.cold_diffusion import Blur, Shift, restore, restore_naively
from unmask.implementations.concrete_score_matching import concrete_score_loss
from unmask.implementations.d3pm import D3PM
from unmask.implementations.diagnostics import directional_derivative, error_by_frequency, local_lipschitz
from unmask.implementations.drifting_prior import DriftingPrior
from unmask.implementations.ehrenfest import Ehrenfest
from unmask.implementations.first_hitting import first_hitting, inverse_one_minus_alpha, next_hit
from unmask.implementations.flow import FlowMatching
from unmask.implementations.gaussian import GaussianDiffusion
from unmask.implementations.gaussian_mixture import GaussianMixture
from unmask.implementations.generation import ancestral, cached, infill, semi_autoregressive, two_stage_step
from unmask.implementations.grid import Grid
from unmask.implementations.information_schedule import (
    betas_from_noise,
    information_grid,
    information_schedule,
    mutual_information,
)
from unmask.implementations.interpolants import interpolant, least_lipschitz
from unmask.implementations.interpolating import Interpolating, PosteriorWeights
from unmask.implementations.log_snr import (
    CosineLogSNR,
    LinearBetaLogSNR,
    LinearLogSNR,
    LinearVarianceLogSNR,
    LogSNR,
    LogSNRGrid,
    LogSNRSteps,
    PolynomialLogSNR,
)
from unmask.implementations.logistic_head import truncated_logistic
from unmask.implementations.mdlm import MDLM
from unmask.implementations.neighbors import NearestNeighbor
from unmask.implementations.noisy_distance import (
    distances_of_columns,
    log_kernel,
    projective_distance,
    projective_distances,
)
from unmask.implementations.ordinal_steps import Band, DiscretizedGaussian
from unmask.implementations.schedules import (
    Cosine,
    Geometric,
    LinearBeta,
    LogLinear,
    MutualInformation,
    Polynomial,
    Schedule,
)
from unmask.implementations.score_entropy import rate_loss, score_entropy
from unmask.implementations.sedd import SEDD
from unmask.implementations.training_times import antithetic_times, low_discrepancy_times, uniform_times
from unmask.implementations.vdm import VDM, decode
from unmask.implementations.with_mask import WithMask

__all__ = [
    "D3PM",
    "MDLM",
    "SEDD",
    "VDM",
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
    "Geometric",
    "Grid",
    "Interpolating",
    "LinearBeta",
    "LinearBetaLogSNR",
    "LinearLogSNR",
    "LinearVarianceLogSNR",
    "LogLinear",
    "LogSNR",
    "LogSNRGrid",
    "LogSNRSteps",
    "MutualInformation",
    "NearestNeighbor",
    "Polynomial",
    "PolynomialLogSNR",
    "PosteriorWeights",
    "Schedule",
    "Shift",
    "WithMask",
    "ancestral",
    "antithetic_times",
    "betas_from_noise",
    "cached",
    "categorical",
    "concrete_score_loss",
    "decode",
    "directional_derivative",
    "distances_of_columns",
    "error_by_frequency",
    "first_hitting",
    "infill",
    "information_grid",
    "information_schedule",
    "interpolant",
    "inverse_one_minus_alpha",
    "least_lipschitz",
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
    "truncated_logistic",
    "two_stage_step",
    "uniform_times",
]

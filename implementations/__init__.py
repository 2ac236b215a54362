"""The fast side: batched PyTorch, closed forms, any device and floating dtype.

Imports nothing of ours outside itself.  Conventions: sequences ``[N, L]`` of class ids, probabilities and
network outputs ``[N, L, K]``, rows are sources, times run from data (0) to noise, losses in nats summed over
positions.
"""

from unmask.implementations.birth_death import BirthDeath
from unmask.implementations.categorical import categorical
from unmask.implementations.chain import Chain
from unmask.implementations.d3pm import D3PM
from unmask.implementations.drifting_prior import DriftingPrior
from unmask.implementations.ehrenfest import Ehrenfest
from unmask.implementations.flow import FlowMatching
from unmask.implementations.grid import Grid
from unmask.implementations.interpolating import Interpolating, PosteriorWeights
from unmask.implementations.mdlm import MDLM
from unmask.implementations.neighbors import NearestNeighbor
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
from unmask.implementations.with_mask import WithMask

__all__ = [
    "D3PM",
    "MDLM",
    "SEDD",
    "Band",
    "BirthDeath",
    "Chain",
    "Cosine",
    "DiscretizedGaussian",
    "DriftingPrior",
    "Ehrenfest",
    "FlowMatching",
    "Geometric",
    "Grid",
    "Interpolating",
    "LinearBeta",
    "LogLinear",
    "MutualInformation",
    "NearestNeighbor",
    "Polynomial",
    "PosteriorWeights",
    "Schedule",
    "WithMask",
    "categorical",
    "rate_loss",
    "score_entropy",
]

"""The fast side: batched PyTorch, closed forms, any device and floating dtype.

Imports nothing of ours outside itself.  Conventions: sequences ``[N, L]`` of class ids, probabilities and
network outputs ``[N, L, K]``, rows are sources, times run from data (0) to noise, losses in nats summed over
positions.
"""

from unmask.implementations.categorical import categorical
from unmask.implementations.d3pm import D3PM
from unmask.implementations.flow import FlowMatching
from unmask.implementations.grid import Grid
from unmask.implementations.interpolating import Interpolating, PosteriorWeights
from unmask.implementations.mdlm import MDLM
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

__all__ = [
    "D3PM",
    "MDLM",
    "SEDD",
    "Cosine",
    "FlowMatching",
    "Geometric",
    "Grid",
    "Interpolating",
    "LinearBeta",
    "LogLinear",
    "MutualInformation",
    "Polynomial",
    "PosteriorWeights",
    "Schedule",
    "categorical",
    "rate_loss",
    "score_entropy",
]

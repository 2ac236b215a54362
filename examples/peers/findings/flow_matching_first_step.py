"""flow-matching 1.0.10, solver/discrete_solver.py, ``MixtureDiscreteEulerSolver.sample`` with ``div_free > 0``.

The divergence-free part has the factor 1/kappa_t, which is infinite at t = 0, where the default time grid begins.
Expected: with the mask as source a mask is revealed at the rate (1 + div_free) kappa'/(1 - kappa), by the documented
formula at any t > 0 and in the limit. Found: infinity times zero is NaN, and no mask is revealed in the first step.
With the uniform source the rates are infinite by that formula, and the call fails.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import math

import torch
from flow_matching.path import MixtureDiscreteProbPath
from flow_matching.path.scheduler import PolynomialConvexScheduler
from flow_matching.solver import MixtureDiscreteEulerSolver

torch.manual_seed(0)
path, K, L = MixtureDiscreteProbPath(PolynomialConvexScheduler(1.0)), 5, 100_000
masked, uniform = torch.tensor([0.0, 0, 0, 0, 1]), torch.full((K,), 1 / K)
grid = torch.tensor([0.0, 0.25, 1.0])


def network(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Four classes alike, never the mask."""
    return ((1 - masked) / 4).expand(*x.shape, K)


for div_free in (0.0, 1e-6, 1.0):
    solver = MixtureDiscreteEulerSolver(network, path, K, masked)
    states = solver.sample(torch.full((1, L), 4), None, div_free, time_grid=grid, return_intermediates=True)
    expected = 1 - math.exp(-0.25 * (1 + div_free))
    print(f"div_free {div_free}: expected {expected:.4f} revealed in the first step, "
          f"found {float((states[1] != 4).double().mean()):.4f}")
try:
    MixtureDiscreteEulerSolver(network, path, K, uniform).sample(torch.zeros(1, 9).long(), 0.25, 1.0)
    print("uniform source: no error")
except RuntimeError as problem:
    print(f"uniform source: expected a sample, found RuntimeError: {problem}")

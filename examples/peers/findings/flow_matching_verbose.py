"""flow-matching 1.0.10, solver/discrete_solver.py, ``MixtureDiscreteEulerSolver.sample`` with ``verbose``.

Expected: a sample, and a progress bar. Found: with ``step_size=None`` a variable is read that only the other branch
sets.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

import torch
from flow_matching.path import MixtureDiscreteProbPath
from flow_matching.path.scheduler import CondOTScheduler
from flow_matching.solver import MixtureDiscreteEulerSolver

path = MixtureDiscreteProbPath(CondOTScheduler())
solver = MixtureDiscreteEulerSolver(lambda x, t: torch.full((*x.shape, 3), 1 / 3), path, 3)
try:
    solver.sample(torch.zeros(1, 2).long(), None, time_grid=torch.tensor([0.0, 0.5, 1.0]), verbose=True)
    print("expected a sample, found one")
except UnboundLocalError as problem:
    print(f"expected a sample, found {type(problem).__name__}: {problem}")

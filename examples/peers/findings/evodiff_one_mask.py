"""evodiff 1.1.2, collaters.py, ``OAMaskCollater``.

A number of masks is to be uniform on 1..D (Hoogeboom et al. 2022, alg. 2: t uniform on 1..D, D - t + 1 masks). Found:
t is drawn by ``np.random.randint(1, D)``, which leaves D out, so that one mask alone never comes.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

from collections import Counter

import numpy as np
from evodiff.collaters import OAMaskCollater
from evodiff.utils import Tokenizer

np.random.seed(0)  # noqa: NPY002 - the package draws from the global state
collater, D, calls = OAMaskCollater(tokenizer=Tokenizer()), 5, 20_000
found = Counter(int(collater([("ACDEF",)])[1]) for _ in range(calls))
for masks in range(1, D + 1):
    print(f"{masks} of {D} masked: expected {1 / D:.3f}, found {found[masks] / calls:.3f}")

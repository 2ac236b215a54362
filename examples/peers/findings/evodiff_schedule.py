"""evodiff 1.1.2, utils.py, ``_beta_schedule`` ("sohl-dickstein"), by ``Tokenizer.q_random_schedule``.

Expected: beta_t = 1/(T - t + 1) for t = 1..T, so that alpha_t = 1 - t/T and nothing is left of the data at T
(Sohl-Dickstein et al. 2015; Austin et al. 2021, app. A.3). Found: t counts from 0, so that noise ends with alpha =
1/(T + 1), and ``generate_d3pm`` starts from the uniform law, and ends with the state that has one step of noise
still.
"""

# pyright: reportMissingImports=false, reportArgumentType=false

from fractions import Fraction

from evodiff.utils import Tokenizer

tokenizer = Tokenizer(sequences=True)
for T in (10, 100, 500):
    Q_bar, Q = tokenizer.q_random_schedule(timesteps=T, schedule="sohl-dickstein")
    left = float(Q_bar[-1][0, 0] - Q_bar[-1][1, 0])
    exact = Fraction(1)
    for t in range(1, T + 1):
        exact *= 1 - Fraction(1, T - t + 1)
    print(f"T = {T}: the share of the data that is left: expected {float(exact)}, found {left:.6f} = 1/{1 / left:.1f}")
    print(f"    the last beta: expected 1, found {float(1 - (Q[-1][0, 0] - Q[-1][1, 0])):.4f}")

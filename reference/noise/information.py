"""Information: mutual information with the data, and the schedule on which it falls linearly.

A family of corruptions is a function from u in [0, 1] to a transition matrix [K, K]: the identity at u = 0, and no
information about the data at u = 1.  For `by_rates`, u = 1 - exp(-noise) is the probability of having been hit where
hits come at rate one.  The mutual-information schedule of D3PM (arXiv 2107.03006, appendix A.7) picks u_0, ..., u_T
such that I(x_t; x_0) = (1 - t/T) H(x_0), for one position whose clean class has a known law.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unmask.reference.noise.corruption import DiscreteTime
from unmask.reference.noise.forward import information_left
from unmask.reference.noise.rate_time import check_rate, stationary_limit, step
from unmask.reference.noise.transition_matrices import interpolating
from unmask.reference.numbers.arithmetic import MP, Array, Number, check_count, common, real, scalars
from unmask.reference.numbers.checks import check_function, check_positive, check_unit
from unmask.reference.numbers.stochastic import check_stochastic
from unmask.reference.numbers.transcendental import log

Family = Callable[[Any], Array]
"""From u in [0, 1] to a transition matrix [K, K]; u may be an `mpf`."""


def by_rates(rate: object) -> Family:
    """u to exp(noise R) with noise = -log(1 - u), and to its limit for u = 1 (arXiv 2107.03006, appendix A.4.2).

    Raises ValueError unless `rate` is a rate matrix, and for u outside of [0, 1].

    >>> from unmask.reference.numbers.arithmetic import to_float
    >>> to_float(by_rates([[-1, 1], [1, -1]])(0.5)).round(3)
    array([[0.625, 0.375],
           [0.375, 0.625]])
    """
    rates = check_rate(rate)

    def family(u: Number) -> Array:
        (hit,) = scalars(check_unit("u", u))
        return stationary_limit(rates) if hit == 1 else step(-log(1 - hit), rates)

    return family


def by_redrawing(prior: object) -> Family:
    """u to (1 - u) I + u 1 prior^T: exact for Fractions.

    Raises ValueError unless `prior` is a law, and for u outside of [0, 1].

    >>> from fractions import Fraction
    >>> by_redrawing([0, 1])(Fraction(1, 4))
    array([[Fraction(3, 4), Fraction(1, 4)],
           [Fraction(0, 1), Fraction(1, 1)]], dtype=object)
    """
    law = check_stochastic(prior, "prior", "[K]")

    def family(u: Number) -> Array:
        (hit,) = scalars(check_unit("u", u))
        return interpolating(1 - hit, law)

    return family


def share_left(family: Family, data: object, u: Number) -> Any:
    """I(x_u; x_0) / H(x_0), from the explicit joint law of x_0 (law `data` [K]) and x_u.

    Raises ValueError where the data has no entropy.

    >>> round(share_left(by_redrawing([0.0, 0.0, 1.0]), [0.5, 0.5, 0.0], 0.75), 12)
    np.float64(0.25)
    """
    check_function("family", family)
    law, _ = common(check_stochastic(data, "data", "[K]"), check_unit("u", u))
    return information_left(DiscreteTime((family(u),), law), law, 1)


def solve(family: Family, data: object, share: Number, tolerance: float = 1e-25) -> Any:
    """The u at which I(x_u; x_0) = share H(x_0), by bisection: an `mpf`, off by at most `tolerance`.

    By data processing the information falls with u, in a family whose later members are its earlier ones and more.
    Raises ValueError unless the share is in [0, 1], or if more than that is left even at u = 1.

    >>> abs(solve(by_redrawing([0, 0, 1]), [0.5, 0.5, 0], 0.25) - 0.75) < 1e-25
    True
    """
    check_function("family", family)
    check_stochastic(data, "data", "[K]")
    check_positive("tolerance", tolerance)
    (goal,) = scalars(check_unit("share", share))
    if goal == 1:
        return MP.zero
    left_over = share_left(family, data, MP.one)
    if left_over > goal and left_over > tolerance:
        raise ValueError(f"share = {share}: the family keeps a share of {left_over} to the end; valid: at least that")
    # Rounding may leave a little less than nothing, which an information is not.
    if left_over >= goal or goal == 0:
        return MP.one
    low, high, goal = MP.zero, MP.one, real(goal)
    # A secant method guesses.  If the guess is right, trying 0.4 tolerances to its left and right leaves nothing to be
    # bisected.
    guess = MP.findroot(lambda u: share_left(family, data, u) - goal, (low, high), solver="anderson", verify=False)
    tries = [guess - real(tolerance) * 0.4, guess + real(tolerance) * 0.4]
    while high - low > tolerance:
        middle = tries.pop() if tries else (low + high) / 2
        if not low < middle < high:
            continue
        if share_left(family, data, middle) > goal:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def information_schedule(family: Family, data: object, T: int, tolerance: float = 1e-25) -> Array:
    """u_0 = 0, ..., u_T = 1 with I(x_t; x_0) = (1 - t/T) H(x_0) (arXiv 2107.03006, appendix A.7, eq. 17): [T + 1].

    For absorbing corruption u_t = t/T, whatever the law of the data, as long as it gives no probability to the mask;
    then beta_t = 1 / (T - t + 1).  (The last member of eq. 17, as printed, lacks the leading 1.)
    Raises ValueError unless T >= 1, and as `solve` does.

    >>> from unmask.reference.numbers.arithmetic import to_float
    >>> to_float(information_schedule(by_redrawing([0, 0, 1]), [0.75, 0.25, 0], 4))
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    steps = check_count("T", T)
    return common([solve(family, data, real(steps - t) / steps, tolerance) for t in range(steps + 1)])[0]

"""The arg max of Gaussian diffusion: a discrete process that keeps a class or redraws it uniformly.

A class of K is the one-hot vector x, and Gaussian diffusion turns it into z = alpha x + sigma eps of R^K.  The largest
coordinate of z is a class again, which depends on the ratio alpha / sigma alone.  All classes but x are alike, so that

    q(arg max z = k | x) = a [k = x] + (1 - a) / K

for some a, which is what corruption toward the uniform law does (Sahoo et al. 2025, arXiv 2506.10892, section 3).  Here
all probabilities are integrals over the value of the largest coordinate.  Only the laws of
single times agree: the arg max along one path of z is no Markov process.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from unmask.reference.numbers.arithmetic import MP, Number, check_count, real
from unmask.reference.numbers.checks import check_amount

# Whatever K is up to 10^12, the largest of K normal numbers is rarely above this.
_LARGEST = 8


@lru_cache(maxsize=65536)
def _below(numerator: int, halvings: int, dps: int) -> Any:
    """Phi at a multiple of a power of one half."""
    return MP.erfc(-MP.ldexp(MP.mpf(numerator), -halvings) / MP.sqrt(2)) / 2


def _density(z: Any) -> Any:
    return MP.exp(-z * z / 2) / MP.sqrt(2 * MP.pi)


def _trapezoidal(function: Callable[[Any, Any], Any], low: Any, high: Any) -> Any:
    """The integral of function(z, Phi(z)), analytic and negligible outside of [low, high], to all digits of `MP`.

    For such functions each halving of the trapezoidal rule's step about doubles the number of right digits: it is right
    to all of them when two results agree in half of them.
    """
    dps = MP.dps
    with MP.extradps(8):

        def total(halvings: int, odd: bool) -> Any:
            first, last = (int(MP.floor(MP.ldexp(end, halvings))) for end in (low, high))
            numerators = range(first | 1, last + 2, 2) if odd else range(first, last + 2)
            nodes = ((MP.ldexp(MP.mpf(n), -halvings), _below(n, halvings, MP.dps)) for n in numerators)
            return sum((function(z, below) for z, below in nodes), MP.zero)

        coarse = total(2, odd=False)
        previous = coarse / 4
        for halvings in range(3, 12):
            coarse += total(halvings, odd=True)
            found = MP.ldexp(coarse, -halvings)
            if abs(found - previous) <= MP.mpf(10) ** (-dps // 2 - 4) * abs(found):
                return found
            previous = found
    raise ArithmeticError(f"the integral from {low} to {high} did not settle: {previous}")


def _reach() -> Any:
    """Beyond this distance from its largest value, exp(-z^2 / 2) has no digit of `MP` left."""
    return MP.sqrt(2 * (MP.dps + 8) * MP.log(10)) + 1


@lru_cache(maxsize=16384)
def _stays(ratio: Any, K: int, dps: int) -> Any:
    reach = _reach()
    return _trapezoidal(lambda z, below: _density(z - ratio) * below ** (K - 1), ratio - reach, ratio + reach)


def _window(ratio: Any) -> tuple[Any, Any]:
    """Where phi(z) Phi(z - ratio) Phi(z)^(K-2) is not negligible: the product of the first two factors is largest
    between ratio / 2 and ratio / 2 + 1, and the third moves that at most as far as the largest of K coordinates.
    """
    return ratio / 2 - _reach(), max(ratio / 2 + 1, MP.mpf(_LARGEST)) + _reach()


@lru_cache(maxsize=16384)
def _moves(ratio: Any, K: int, dps: int) -> Any:
    def joint(z: Any, below: Any) -> Any:
        return _density(z) * MP.erfc((ratio - z) / MP.sqrt(2)) / 2 * below ** (K - 2)

    return _trapezoidal(joint, *_window(ratio))


@lru_cache(maxsize=16384)
def _rises(ratio: Any, K: int, dps: int) -> Any:
    return _trapezoidal(lambda z, below: _density(z) * _density(z - ratio) * below ** (K - 2), *_window(ratio))


def _checked(ratio: Number, K: int) -> tuple[Any, int]:
    return real(check_amount("ratio", ratio)), check_count("K", K, 2)


def probability_to_stay(ratio: Number, K: int) -> Any:
    """P(arg max z = x) = int phi(z - ratio) Phi(z)^(K-1) dz, where `ratio` is alpha / sigma: an `mpf` with 40 digits.

    The coordinate of x has the density phi(z - ratio), and all others, standard normal, have to be below it.  Sahoo et
    al. 2025 (arXiv 2506.10892, section 3).  Raises ValueError unless 0 <= ratio < inf and K is an int >= 2.

    >>> probability_to_stay(0, 4)
    mpf('0.25')
    """
    return +_stays(*_checked(ratio, K), MP.dps)


def probability_of_another(ratio: Number, K: int) -> Any:
    """P(arg max z = k) for one k other than x, int phi(z) Phi(z - ratio) Phi(z)^(K-2) dz: an `mpf` with 40 digits.

    All digits are its own, however small it is: it is no difference.  Errors as for `probability_to_stay`.

    >>> stay, other = probability_to_stay(1, 3), probability_of_another(1, 3)
    >>> bool(abs(stay + 2 * other - 1) < 1e-38)
    True
    """
    return +_moves(*_checked(ratio, K), MP.dps)


def arg_max_alpha(ratio: Number, K: int) -> Any:
    """The a of q(arg max z = k | x) = a [k = x] + (1 - a) / K: K / (K - 1) (P(arg max z = x) - 1 / K), an `mpf`.

    Sahoo et al. 2025 (arXiv 2506.10892, section 3) call this function of alpha the diffusion transformation operator.
    1 - a is K times `probability_of_another`, to all digits.  Errors as for `probability_to_stay`.

    >>> arg_max_alpha(0, 5)
    mpf('0.0')
    >>> bool(abs(arg_max_alpha(1, 2) - MP.erf(MP.mpf(1) / 2)) < 1e-38)  # the sign of one number, N(1, 2)
    True
    """
    at, K = _checked(ratio, K)
    return MP.zero if at == 0 else (K * _stays(at, K, MP.dps) - 1) / (K - 1)


def arg_max_slope(ratio: Number, K: int) -> Any:
    """d a / d ratio = K int phi(z) phi(z - ratio) Phi(z)^(K-2) dz: an `mpf` with 40 digits.

    The derivative of `probability_of_another`, under the integral, times -K, since a = 1 - K P(arg max z = k).
    Errors as for `probability_to_stay`.

    >>> bool(abs(arg_max_slope(1, 2) - MP.exp(-MP.mpf(1) / 4) / MP.sqrt(MP.pi)) < 1e-38)
    True
    """
    return +(K * _rises(*_checked(ratio, K), MP.dps))

"""Levels of signal and noise of Gaussian diffusion, as functions of time.

Data x is turned into z_t = alpha_t x + sigma_t eps, with eps from N(0, 1).  Only the ratio matters to what can be known
of x: the signal-to-noise ratio SNR(t) = alpha_t^2 / sigma_t^2, which never grows.  So a schedule is the function
log SNR(u) of relative time u in [0, 1], with its two ends given; the kind of process says how alpha and sigma follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unmask.reference.numbers.arithmetic import MP, Number, check_number, numbered, real
from unmask.reference.numbers.checks import check_class, check_positive, check_unit

KINDS = ("variance-preserving", "variance-exploding", "straight")
SCHEDULES = ("linear", "cosine", "variance", "polynomial", "linear-beta")
#: How many times as fast noise comes at the end of a linear beta as at its beginning: 20 over 0.1.
FASTER = 200


def _finite(name: str, value: Number) -> Any:
    if abs(check_number(name, value)) == MP.inf:
        raise ValueError(f"{name} = {value}; valid: a finite number")
    return real(value)


def _curve(schedule: str, u: Any, first: Any, last: Any, power: Any) -> Any:
    if schedule == "cosine":
        begin, end = MP.atan(MP.exp(-first / 2)), MP.atan(MP.exp(-last / 2))
        return -2 * MP.log(MP.tan(begin + (end - begin) * u))
    if schedule == "variance":
        begin, end = MP.exp(-first), MP.exp(-last)
        return -MP.log(begin + (end - begin) * u)
    if schedule == "linear-beta":
        begin, end = MP.log1p(MP.exp(-first)), MP.log1p(MP.exp(-last))
        # The integral of 1 + (FASTER - 1) v up to u, over what it is up to 1.
        share = (u + (FASTER - 1) * u**2 / 2) / (1 + MP.mpf(FASTER - 1) / 2)
        return -MP.log(MP.expm1(begin + (end - begin) * share))
    return first + (last - first) * (u if schedule == "linear" else u**power)


def _checked(schedule: str, u: Number, first: Number, last: Number, power: Number) -> tuple[Any, ...]:
    if schedule not in SCHEDULES:
        raise ValueError(f"schedule = {schedule!r}; valid: one of {SCHEDULES}")
    begin, end = _finite("first", first), _finite("last", last)
    if not begin > end:
        raise ValueError(f"last = {last} is not below first = {first}; valid: a log SNR that falls")
    return real(check_unit("u", u)), begin, end, real(check_positive("power", power))


def log_snr(schedule: str, u: Number, first: Number, last: Number, power: Number = 1) -> Any:
    """log SNR at relative time u, falling from `first` at u = 0 to `last` at u = 1, in 40 digits.

    `schedule`: "linear"; "polynomial", linear in u^power; "variance", where sigma^2 / alpha^2 is linear in u; "cosine",
    -2 log tan of an angle that is linear in u, so that a variance-preserving alpha is the cosine of that angle;
    "linear-beta", -log(e^B - 1), so that such an alpha^2 is e^-B, where B grows at a linear rate, FASTER times as large
    at the end as at the beginning (Ho et al., arXiv 2006.11239, section 4; in continuous time Song et al., arXiv
    2011.13456, eq. 32).
    Kingma et al. (arXiv 2107.00630, section 5) train the curve between the ends; the cosine is that of Nichol and
    Dhariwal (arXiv 2102.09672, eq. 17), cut at the two ends.
    Raises ValueError for another schedule, for u outside [0, 1], unless first > last, both finite, and power > 0.

    >>> log_snr("linear", 0.5, 6, -4), log_snr("polynomial", 0.5, 6, -4, power=2)
    (mpf('1.0'), mpf('3.5'))
    """
    return _curve(schedule, *_checked(schedule, u, first, last, power))


def log_snr_rate(schedule: str, u: Number, first: Number, last: Number, power: Number = 1) -> Any:
    """The derivative d log SNR / du, by differences in 60 digits, rounded to 40; at the ends one-sided.

    Arguments and errors as for `log_snr`.

    >>> log_snr_rate("linear", 0.5, 6, -4)
    mpf('-10.0')
    """
    u, first, last, power = _checked(schedule, u, first, last, power)
    with MP.workdps(60):
        side = 1 if u == 0 else -1 if u == 1 else 0
        found = MP.diff(lambda v: _curve(schedule, v, first, last, power), u, direction=side)
    return +found


def log_snr_of_grid(values: Sequence[Number], t: int) -> Any:
    """log SNR at the time t of 0..T, of which all are given, in 40 digits.

    Raises TypeError unless `values` is a sequence of numbers and t an int, ValueError unless there are at least two,
    finite, that fall strictly, and t is one of the times.

    >>> log_snr_of_grid([6, 1, -4], 1)
    mpf('1.0')
    """
    known = list(numbered("values", values).items())
    if len(known) < 2:
        raise ValueError(f"values = {values!r}; valid: at least two numbers")
    found = [_finite(name, value) for name, value in known]
    for (name, value), before, after in zip(known[1:], found[:-1], found[1:], strict=True):
        if not after < before:
            raise ValueError(f"{name} = {value} is not below the one before; valid: a log SNR that falls")
    return found[check_class("t", t, len(found))]


def levels(kind: str, log_ratio: Number) -> tuple[Any, Any]:
    """(alpha, sigma) at log SNR = `log_ratio`, in 40 digits.

    `kind`: "variance-preserving", alpha^2 + sigma^2 = 1; "variance-exploding", alpha = 1; "straight", alpha + sigma
    = 1, on which z moves from data to noise in a straight line.
    Kingma et al. (arXiv 2107.00630, section 3.1); Song et al. (arXiv 2011.13456, section 3.4) name the first two.
    Raises ValueError for another kind, and unless `log_ratio` is finite.

    >>> levels("variance-exploding", 0), levels("straight", 0)
    ((mpf('1.0'), mpf('1.0')), (mpf('0.5'), mpf('0.5')))
    """
    if kind not in KINDS:
        raise ValueError(f"kind = {kind!r}; valid: one of {KINDS}")
    ratio = MP.exp(_finite("log_ratio", log_ratio) / 2)
    if kind == "variance-preserving":
        return ratio / MP.sqrt(1 + ratio * ratio), 1 / MP.sqrt(1 + ratio * ratio)
    return (MP.one, 1 / ratio) if kind == "variance-exploding" else (ratio / (1 + ratio), 1 / (1 + ratio))


__all__ = ["FASTER", "KINDS", "SCHEDULES", "levels", "log_snr", "log_snr_of_grid", "log_snr_rate"]

"""Numbers: one arithmetic for exact fractions, 40-digit reals and floats.

Everything in the reference is written once and computes in whatever numbers it is given:

* `fractions.Fraction` (and int): exactly, as long as no logarithm, exponential or cosine is involved;
* `MP.mpf` (an mpmath real of our own context `MP`, 40 significant digits): to high precision;
* float: in ordinary float64.

Arrays are numpy arrays: dtype float64 for floats, dtype object for the other two, and every entry of an
object array has the same type.  Where kinds meet, all become one: a float that meets a `Fraction` becomes a
`Fraction`, without any loss, since it *is* a dyadic rational; whatever meets an `mpf` becomes an `mpf` of 40 digits;
ints join anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, TypeAlias, TypeVar

import mpmath
import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
"""An array of float64, or of objects that are all `Fraction` or all `MP.mpf`."""
Number: TypeAlias = Any
"""An int, a float, a `Fraction` or an `MP.mpf`."""
_T = TypeVar("_T")

# A context of our own, so that no user of mpmath ever finds the global precision changed.
MP: Any = mpmath.MPContext()
MP.dps = 40


def _accept_fractions(context: Any) -> None:
    """Lets the context's reals be compared with Fractions and divide them; mpmath can only add and multiply."""
    convert = context.mpf.mpf_convert_rhs

    def convert_operand(cls: Any, x: Any) -> Any:
        return context.convert(x)._mpf_ if isinstance(x, Fraction) else convert(x)

    context.mpf.mpf_convert_rhs = classmethod(convert_operand)


_accept_fractions(MP)

_INT, _FLOAT, _FRACTION, _REAL = range(4)
#: Numbers whose type alone says of what kind they are.
_PLAIN: dict[type, int] = {int: _INT, float: _FLOAT, Fraction: _FRACTION, MP.mpf: _REAL}
_ALIKE: tuple[set[type], ...] = ({Fraction}, {MP.mpf})


def _kind(x: object, name: str = "x") -> int:
    plain = _PLAIN.get(type(x))
    if plain is not None:
        return plain
    if isinstance(x, Fraction):
        return _FRACTION
    if isinstance(x, MP.mpf):
        return _REAL
    if isinstance(x, (bool, np.bool_)):
        raise TypeError(f"{name} = {x!r} is a truth value; valid: an int, a float, a Fraction or an mpf")
    if isinstance(x, (int, np.integer)):
        return _INT
    if isinstance(x, (float, np.floating)):
        return _FLOAT
    if hasattr(x, "_mpf_"):
        return _REAL
    raise TypeError(f"{name} = {x!r} is of type {type(x).__name__}; valid: an int, a float, a Fraction or an mpf")


def check_number(name: str, value: Number) -> Number:
    """A number of any kind, infinities included; raises TypeError naming it otherwise, ValueError if it is NaN.

    >>> check_number("speed", Fraction(1, 2))
    Fraction(1, 2)
    """
    if _kind(value, name) != _FRACTION and _is_nan(value):
        raise ValueError(f"{name} = {value}; valid: a number, not NaN")
    return value


def exactly(x: Number | str) -> Fraction:
    """The rational number that x is, without rounding.

    `x`: int, finite float, `Fraction`, finite `mpf`, or a string such as "1/3" or "0.1".
    Raises TypeError for anything else and ValueError for infinities, NaN and other strings.

    >>> exactly("1/3"), exactly(0.5), exactly(0.1) == Fraction(1, 10)
    (Fraction(1, 3), Fraction(1, 2), False)
    """
    if isinstance(x, str):
        try:
            return Fraction(x)
        except (ValueError, ZeroDivisionError) as error:
            raise ValueError(f"x = {x!r}; valid: a rational number, such as '1/3' or '0.1'") from error
    kind = _kind(x)
    if kind == _REAL:
        if not MP.isfinite(x):
            raise ValueError(f"x = {x}: only finite numbers are rational")
        sign, mantissa, exponent, _ = x._mpf_
        power: Fraction = Fraction(2) ** int(exponent)
        return (-int(mantissa) if sign else int(mantissa)) * power
    if kind == _FLOAT:
        if not np.isfinite(x):
            raise ValueError(f"x = {x}: only finite numbers are rational")
        return Fraction(float(x))
    if kind == _INT:
        return Fraction(int(x))
    return Fraction(x)


def check_count(name: str, value: object, least: int = 1) -> int:
    """A number of things, if it is an int >= `least`; raises ValueError naming it otherwise.

    >>> check_count("T", 3)
    3
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} = {value!r}; valid: an int >= {least}")
    return int(value)


def real(x: Number) -> Any:
    """x as an `MP.mpf`, rounded to the context's current precision (40 digits unless raised).

    Raises TypeError unless x is a number, ValueError if it is NaN.

    >>> abs(real(Fraction(1, 3)) * 3 - 1) < 1e-40
    True
    """
    return _rounded(check_number("x", x))


def _rounded(x: Number) -> Any:
    return MP.convert(x.item() if isinstance(x, np.generic) else x)


def _convert(x: Number, kind: int) -> Any:
    if kind == _REAL:
        return _rounded(x)
    return float(x) if kind == _FLOAT else exactly(x)


def _is_nan(x: Any) -> bool:
    return bool(x._mpf_ == MP.nan._mpf_ if hasattr(x, "_mpf_") else x != x)


def _raw(values: object, name: str) -> tuple[Array, int, bool]:
    """The values as a numpy array, the most exact kind of number among them, and whether all are of that kind."""
    try:
        found = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} = {values!r} has rows of different shapes; valid: an array") from error
    if found.dtype.kind == "f":
        if np.isnan(found).any():
            raise ValueError(f"{name} has an entry that is NaN: {found!r}; valid: numbers")
        return found, _FLOAT, found.dtype == np.float64
    if found.dtype.kind in "iu":
        return found, _INT, True
    if found.dtype.kind != "O":
        raise TypeError(f"{name} = {values!r} has dtype {found.dtype}; valid: ints, floats, Fractions or mpfs")
    types = {type(x) for x in found.flat}
    plain = types <= _PLAIN.keys()
    kinds = ({_PLAIN[t] for t in types} if plain else {_kind(x, name) for x in found.flat}) or {_INT}
    if kinds != {_FRACTION} and any(_is_nan(x) for x in found.flat):
        raise ValueError(f"{name} has an entry that is NaN: {found!r}; valid: numbers")
    # An mpf of another context counts as real, but has to be made one of ours.
    ours = plain or kinds != {_REAL} or all(isinstance(x, MP.mpf) for x in found.flat)
    return found, max(kinds), len(kinds) == 1 and ours


def common(*values: object, **named: object) -> tuple[Array, ...]:
    """The given arrays (or nested lists, or scalars), all brought to one kind of number: the most exact one present.

    Ints alone become Fractions; infinite floats among exact numbers make everything `mpf`.
    Raises TypeError for entries that are no numbers (truth values included) and ValueError for NaN, calling the
    array by its name if it is given with one.

    >>> a, b = common([0.5, 1], Fraction(1, 3))
    >>> a, b
    (array([Fraction(1, 2), Fraction(1, 1)], dtype=object), array(Fraction(1, 3), dtype=object))
    """
    raws = [_raw(v, "values") for v in values] + [_raw(v, name) for name, v in named.items()]
    kind = max((k for _, k, _ in raws), default=_INT)
    if kind == _INT:
        kind = _FRACTION
    if kind == _FRACTION and any(k == _FLOAT and np.isinf(a).any() for a, k, _ in raws):
        kind = _REAL
    if kind == _FLOAT:
        return tuple(a.astype(np.float64) for a, _, _ in raws)
    return tuple(a if k == kind and pure else elementwise(lambda x: _convert(x, kind), a) for a, k, pure in raws)


def numbered(name: str, values: Iterable[_T]) -> dict[str, _T]:
    """The members of a sequence by their names; raises TypeError naming it if it is none.

    >>> numbered("steps", ["a", "b"])
    {'steps[0]': 'a', 'steps[1]': 'b'}
    """
    try:
        return {f"{name}[{i}]": value for i, value in enumerate(values)}
    except TypeError as error:
        raise TypeError(f"{name} = {values!r} of type {type(values).__name__}; valid: a sequence") from error


def array(values: object, name: str = "values") -> Array:
    """The values as one array with one kind of number; see `common`.

    >>> array([[1, 0], [0.5, 0.5]]).dtype, array([1, Fraction(1, 2)])
    (dtype('float64'), array([Fraction(1, 1), Fraction(1, 2)], dtype=object))
    """
    return common(**{name: values})[0]


def check_axes(name: str, values: Array, axes: str) -> Array:
    """An array, if it has axes such as "[N, L]" or, with any number before them, "[..., L]".

    Raises TypeError naming it if it is no array, ValueError for another number of axes.

    >>> check_axes("betas", array([0.5]), "[T]")
    array([0.5])
    """
    if not isinstance(values, (np.ndarray, np.generic)):
        raise TypeError(f"{name} = {values!r} of type {type(values).__name__}; valid: an array {axes}")
    least = axes.count(",") + (axes != "[]") - ("..." in axes)
    if values.ndim < least or (values.ndim > least and "..." not in axes):
        raise ValueError(f"{name} has shape {values.shape}; valid: {axes}")
    return values


def together(**named: Array) -> tuple[Array, ...]:
    """The given arrays, broadcast against each other; raises ValueError naming them where shapes do not allow it.

    >>> together(x0=array([1, 2]), xt=array(1))[1]
    array([Fraction(1, 1), Fraction(1, 1)], dtype=object)
    """
    try:
        return tuple(np.broadcast_arrays(*named.values()))
    except ValueError as error:
        shapes = ", ".join(f"{name} has shape {values.shape}" for name, values in named.items())
        raise ValueError(f"{shapes}; valid: shapes that broadcast") from error


def scalars(*values: Number, **named: Number) -> tuple[Any, ...]:
    """The given numbers, brought to one kind: see `common`.  Raises ValueError for an array of them.

    >>> scalars(0.25, Fraction(1, 3))
    (Fraction(1, 4), Fraction(1, 3))
    """
    every = (*values, *named.values())
    # Numbers that are all of one kind already, and no NaN, are what they shall be.
    if {type(x) for x in every} in _ALIKE and all(x == x for x in every):
        return every
    found = common(*values, **named)
    for name, a in zip((*["values"] * len(values), *named), found, strict=True):
        check_axes(name, a, "[]")
    return tuple(a[()] for a in found)


def zeros_like(values: Array) -> Array:
    """Zeros of the same shape and the same kind of number.  Raises TypeError unless it is an array.

    >>> zeros_like(array([Fraction(1, 2)]))
    array([Fraction(0, 1)], dtype=object)
    """
    return check_axes("values", values, "[...]") - values


def identity(size: int, like: Array) -> Array:
    """The identity matrix [size, size] in the kind of number of `like`.  Raises ValueError unless size >= 0.

    >>> identity(2, like=array([0.5]))
    array([[1., 0.],
           [0., 1.]])
    """
    eye = np.eye(check_count("size", size, least=0), dtype=np.int64)
    return common(eye, like=np.asarray(like).reshape(-1)[:1])[0]


def to_float(values: object) -> npt.NDArray[np.float64]:
    """The values, each rounded once to the nearest float64, as a float64 array of the same shape.

    NaN stays NaN.  Raises TypeError for entries that are no numbers.

    >>> to_float([Fraction(1, 3), Fraction(1, 2)])
    array([0.33333333, 0.5       ])
    """
    found = np.asarray(values)
    if found.dtype == np.float64:
        return found.copy()
    try:
        rounded = [float(x) for x in found.flat] if found.dtype.kind not in "USc" else None
    except (TypeError, ValueError):
        rounded = None
    if rounded is None:
        raise TypeError(f"values = {values!r}; valid: real numbers")
    return np.array(rounded, dtype=np.float64).reshape(found.shape)


def same(left: object, right: object, ulps: int = 0) -> bool:
    """Whether two arrays are equal: exactly for Fractions, else within `ulps` roundings relative to the largest entry.

    One ulp is the context's epsilon (about 1e-40) for `mpf` and 2.2e-16 for floats.

    >>> same([Fraction(1, 3)], [Fraction(2, 6)]), same([0.1 + 0.2], [0.3]), same([0.1 + 0.2], [0.3], ulps=4)
    (True, False, True)
    >>> same([np.inf], [np.inf], ulps=4), same([np.inf], [1.0], ulps=4)
    (True, False)
    """
    check_count("ulps", ulps, least=0)
    a, b = common(left=left, right=right)
    if a.shape != b.shape:
        return False
    if a.dtype == object and all(isinstance(x, Fraction) for x in a.flat):
        return bool((a == b).all())
    epsilon = MP.eps if a.dtype == object else np.finfo(np.float64).eps
    # An infinity is equal to itself and near to nothing.
    scale = max((abs(x) for x in (*a.flat, *b.flat) if abs(x) < MP.inf), default=0)
    return all(x == y or abs(x - y) <= ulps * epsilon * scale for x, y in zip(a.flat, b.flat, strict=True))


def over_one_denominator(values: Array) -> tuple[Array, int]:
    """An array of Fractions as one of ints, and the least common denominator by which to divide it.

    Raises TypeError unless it is an array of Fractions.

    >>> over_one_denominator(array([Fraction(1, 2), Fraction(1, 3)]))
    (array([3, 2], dtype=object), 6)
    """
    entries = list(check_axes("values", values, "[...]").flat)
    if not all(isinstance(x, Fraction) for x in entries):
        raise TypeError(f"values = {values!r}; valid: Fractions")
    denominator = math.lcm(*(x.denominator for x in entries))
    return elementwise(lambda x: x.numerator * (denominator // x.denominator), values), denominator


def elementwise(function: Callable[[Any], Any], values: Array) -> Array:
    """A function of each entry: an object array of the same shape.

    Raises TypeError unless the one is a function and the other an array.

    >>> elementwise(real, array([[0.5]]))
    array([[mpf('0.5')]], dtype=object)
    """
    if not callable(function):
        raise TypeError(f"function = {function!r} of type {type(function).__name__}; valid: a function")
    out = np.empty(check_axes("values", values, "[...]").shape, dtype=object)
    out.reshape(-1)[:] = [function(x) for x in values.flat] if values.size else []
    return out

"""Values with their first and second derivatives, carried forward through arithmetic (forward mode of automatic differentiation)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import BoolArray, FloatArray

_INVERSE_SQRT_2PI = 0.3989422804014327
_LN_10 = np.log(10.0)


@dataclass(frozen=True, slots=True)
class Jet:
    """A quantity at each record, with its derivatives.

    Parameters
    ----------
    value : (n,) array
        The quantity.
    gradient : (p, n) array
        First derivatives by the p variables that were asked for.
    hessian : (p, p, n) array
        Second derivatives.
    """

    value: FloatArray
    gradient: FloatArray
    hessian: FloatArray


def constant(value: float | FloatArray, n: int, p: int) -> Jet:
    """Return a quantity that depends on none of p variables, at n records."""
    return Jet(np.broadcast_to(np.asarray(value, dtype=np.float64), (n,)), np.zeros((p, n)), np.zeros((p, p, n)))


def variable(value: float | FloatArray, n: int, p: int, number: int) -> Jet:
    """Return variable `number` of p itself, at n records."""
    found = constant(value, n, p)
    found.gradient[number] = 1.0
    return found


def added(a: Jet, b: Jet) -> Jet:
    """Return a + b."""
    return Jet(a.value + b.value, a.gradient + b.gradient, a.hessian + b.hessian)


def negated(a: Jet) -> Jet:
    """Return -a."""
    return Jet(-a.value, -a.gradient, -a.hessian)


def multiplied(a: Jet, b: Jet) -> Jet:
    """Return a * b."""
    gradient = _times(a.value, b.gradient) + _times(b.value, a.gradient)
    hessian = _times(a.value, b.hessian) + _times(b.value, a.hessian) + _both(a, b)
    return Jet(a.value * b.value, gradient, hessian)


def divided(a: Jet, b: Jet) -> Jet:
    """Return a / b."""
    value, inverse = a.value / b.value, 1.0 / b.value
    gradient = _times(inverse, a.gradient) - _times(value * inverse, b.gradient)
    quotient = Jet(value, gradient, a.hessian)
    hessian = _times(inverse, a.hessian - _both(quotient, b)) - _times(value * inverse, b.hessian)
    return Jet(value, gradient, hessian)


def raised(a: Jet, b: Jet) -> Jet:
    """Return a ** b; not a number for a negative base with an exponent that is no whole number."""
    base, exponent = a.value, b.value
    value, log = np.power(base, exponent), np.log(base)
    # A factor of 0 counts before an infinite power, as in x**1 at x = 0.
    by_a = _times(np.power(base, exponent - 1.0), exponent)
    by_aa = _times(np.power(base, exponent - 2.0), exponent * (exponent - 1.0))
    by_b = np.where(value == 0.0, 0.0, value * log)
    by_ab = np.power(base, exponent - 1.0) + by_a * log
    gradient = _times(by_a, a.gradient) + _times(by_b, b.gradient)
    hessian = _times(by_a, a.hessian) + _times(by_b, b.hessian) + _times(by_aa, _square(a))
    hessian = hessian + _times(by_ab, _both(a, b)) + _times(by_b * log, _square(b))
    return Jet(value, gradient, hessian)


def chosen(where: BoolArray, a: Jet, b: Jet) -> Jet:
    """Return a where a condition holds, else b."""
    return Jet(
        np.where(where, a.value, b.value),
        np.where(where, a.gradient, b.gradient),
        np.where(where, a.hessian, b.hessian),
    )


def least(a: Jet, b: Jet) -> Jet:
    """Return the smaller of two quantities, with its own derivatives (NONMEM has none of MIN and MAX)."""
    return chosen(a.value <= b.value, a, b)


def greatest(a: Jet, b: Jet) -> Jet:
    """Return the greater of two quantities, with its own derivatives (NONMEM has none of MIN and MAX)."""
    return chosen(a.value >= b.value, a, b)


def remainder(a: Jet, b: Jet) -> Jet:
    """Return MOD(a, b) = a - INT(a / b) * b, with the sign of a, and the derivatives between two jumps."""
    whole = np.trunc(a.value / b.value)
    gradient = a.gradient - _times(whole, b.gradient)
    return Jet(np.fmod(a.value, b.value), gradient, a.hessian - _times(whole, b.hessian))


def applied(function: str, a: Jet) -> Jet:
    """Return a function of one argument, by its name in abbreviated code.

    Raises
    ------
    KeyError
        For a name that is none.
    """
    value, first, second = _FUNCTIONS[function](a.value)
    return Jet(value, _times(first, a.gradient), _times(first, a.hessian) + _times(second, _square(a)))


def _times(factor: FloatArray, array: FloatArray) -> FloatArray:
    """Return a product in which 0 counts before infinity: what does not depend on a variable has the derivative 0."""
    return np.where(array == 0.0, 0.0, factor * array)


def _both(a: Jet, b: Jet) -> FloatArray:
    """Return the symmetric product of two gradients."""
    product = a.gradient[:, None, :] * b.gradient[None, :, :]
    return product + product.swapaxes(0, 1)


def _square(a: Jet) -> FloatArray:
    return a.gradient[:, None, :] * a.gradient[None, :, :]


_Derivatives = tuple["FloatArray", "FloatArray", "FloatArray"]


def _exp(x: FloatArray) -> _Derivatives:
    value = np.exp(x)
    return value, value, value


def _log(x: FloatArray) -> _Derivatives:
    return np.log(x), 1.0 / x, -1.0 / x**2


def _log10(x: FloatArray) -> _Derivatives:
    return np.log10(x), 1.0 / (x * _LN_10), -1.0 / (x**2 * _LN_10)


def _sqrt(x: FloatArray) -> _Derivatives:
    root = np.sqrt(x)
    return root, 0.5 / root, -0.25 / root**3


def _abs(x: FloatArray) -> _Derivatives:
    # "We are arbitrarily defining it to be dX/deta" at 0 (help on abbreviated code).
    return np.abs(x), np.where(x < 0.0, -1.0, 1.0), np.zeros_like(x)


def _int(x: FloatArray) -> _Derivatives:
    return np.trunc(x), np.zeros_like(x), np.zeros_like(x)


def _phi(x: FloatArray) -> _Derivatives:
    density = _INVERSE_SQRT_2PI * np.exp(-0.5 * x**2)
    return special.ndtr(x), density, -x * density


def _gamln(x: FloatArray) -> _Derivatives:
    return special.gammaln(x), special.digamma(x), special.polygamma(1, x)


def _sin(x: FloatArray) -> _Derivatives:
    return np.sin(x), np.cos(x), -np.sin(x)


def _cos(x: FloatArray) -> _Derivatives:
    return np.cos(x), -np.sin(x), -np.cos(x)


def _tan(x: FloatArray) -> _Derivatives:
    value = np.tan(x)
    return value, 1.0 + value**2, 2.0 * value * (1.0 + value**2)


def _asin(x: FloatArray) -> _Derivatives:
    return np.arcsin(x), (1.0 - x**2) ** -0.5, x * (1.0 - x**2) ** -1.5


def _acos(x: FloatArray) -> _Derivatives:
    return np.arccos(x), -((1.0 - x**2) ** -0.5), -x * (1.0 - x**2) ** -1.5


def _atan(x: FloatArray) -> _Derivatives:
    return np.arctan(x), 1.0 / (1.0 + x**2), -2.0 * x / (1.0 + x**2) ** 2


_FUNCTIONS: dict[str, Callable[[FloatArray], _Derivatives]] = {
    "EXP": _exp,
    "LOG": _log,
    "LOG10": _log10,
    "SQRT": _sqrt,
    "ABS": _abs,
    "INT": _int,
    "PHI": _phi,
    "GAMLN": _gamln,
    "SIN": _sin,
    "COS": _cos,
    "TAN": _tan,
    "ASIN": _asin,
    "ACOS": _acos,
    "ATAN": _atan,
}

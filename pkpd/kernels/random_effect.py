"""How a random effect changes a term of a parameter: ln(term) = ln(typical) + h(eta), eta normal with mean 0.

EXPONENTIAL    h = eta, the log-normal distribution
BOX_COX        h = (exp(lambda eta) - 1) / lambda (Petersson, Hanze, Savic and Karlsson 2009, doi:10.1007/s11095-009-9931-8)
T_DISTRIBUTED  h = eta (1 + g1 / nu + g2 / nu^2 + g3 / nu^3), Hill's expansion of a t variable in a normal one as used there:
               g1 = (eta^2 + 1) / 4, g2 = (5 eta^4 + 16 eta^2 + 3) / 96, g3 = (3 eta^6 + 19 eta^4 + 17 eta^2 - 15) / 384
PROPORTIONAL   term = typical (1 + eta)
ADDITIVE       term = typical + eta
"""

from __future__ import annotations

import numpy as np

from pkpd.kernels._jit import inlined_kernel, kernel
from pkpd.kernels.codes import EtaShape
from pkpd.kernels.taylor import (
    Taylor,
    added,
    constant,
    divided,
    exponential,
    logarithm,
    multiplied,
    raised,
    scaled,
)

_EXPONENTIAL = int(EtaShape.EXPONENTIAL)
_BOX_COX = int(EtaShape.BOX_COX)
_T_DISTRIBUTED = int(EtaShape.T_DISTRIBUTED)
_PROPORTIONAL = int(EtaShape.PROPORTIONAL)
# Below this lambda the derivatives of Box and Cox's quotient lose digits; so many terms of its series have all of them.
_SMALL_LAMBDA = 0.05
_N_TERMS = 18


@kernel
def shaped_exponent(log_typical: float, eta: float, code: int, shape: float) -> float:
    """Return ln(term); NaN where a term would not be positive."""
    if code == _EXPONENTIAL:
        return log_typical + eta
    if code == _BOX_COX:
        if abs(shape) < _SMALL_LAMBDA:
            total = 1.0
            for k in range(_N_TERMS, 1, -1):
                total = 1.0 + shape * eta / k * total
            return log_typical + eta * total
        return log_typical + np.expm1(shape * eta) / shape
    if code == _T_DISTRIBUTED:
        square, inverse = eta * eta, 1.0 / shape
        g1 = 0.25 * (square + 1.0)
        g2 = ((5.0 * square + 16.0) * square + 3.0) / 96.0
        g3 = (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0
        return log_typical + eta * (1.0 + inverse * (g1 + inverse * (g2 + inverse * g3)))
    relative = eta if code == _PROPORTIONAL else eta * np.exp(-log_typical)
    return log_typical + np.log1p(relative)


@inlined_kernel
def shaped_exponent_taylor(log_typical: Taylor, eta: Taylor, code: int, shape: Taylor) -> Taylor:
    """Return the polynomial of ``shaped_exponent``."""
    if code == _EXPONENTIAL:
        return added(log_typical, eta)
    if code == _BOX_COX:
        if abs(shape[0]) < _SMALL_LAMBDA:
            product = multiplied(shape, eta)
            series = constant(1.0)
            for k in range(_N_TERMS, 1, -1):
                series = raised(scaled(multiplied(product, series), 1.0 / k), 1.0)
            return added(log_typical, multiplied(eta, series))
        grown = raised(exponential(multiplied(shape, eta)), -1.0)
        return added(log_typical, divided(grown, shape))
    if code == _T_DISTRIBUTED:
        square = multiplied(eta, eta)
        inverse = divided(constant(1.0), shape)
        g1 = scaled(raised(square, 1.0), 0.25)
        g2 = scaled(raised(multiplied(raised(scaled(square, 5.0), 16.0), square), 3.0), 1.0 / 96.0)
        inner = raised(multiplied(raised(scaled(square, 3.0), 19.0), square), 17.0)
        g3 = scaled(raised(multiplied(inner, square), -15.0), 1.0 / 384.0)
        series = multiplied(inverse, added(g1, multiplied(inverse, added(g2, multiplied(inverse, g3)))))
        return added(log_typical, multiplied(eta, raised(series, 1.0)))
    relative = eta
    if code != _PROPORTIONAL:
        relative = multiplied(eta, exponential(scaled(log_typical, -1.0)))
    return added(log_typical, logarithm(raised(relative, 1.0)))

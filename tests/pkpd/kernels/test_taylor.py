"""Taylor polynomials against those of mpmath, and the shapes of random effects through them."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from pkpd.kernels.codes import EtaShape
from pkpd.kernels.random_effect import shaped_exponent, shaped_exponent_taylor
from pkpd.kernels.taylor import (
    constant,
    divided,
    exponential,
    linear,
    log_normal_distribution,
    log_one_minus_exponential,
    logarithm,
    multiplied,
    square_root,
)

mpmath.mp.dps = 40


def polynomial(a):
    return lambda s: mpmath.mpf(a[0]) + mpmath.mpf(a[1]) * s + mpmath.mpf(a[2]) * s**2 + mpmath.mpf(a[3]) * s**3


def truth(function, *polynomials) -> list[float]:
    parts = [polynomial(a) for a in polynomials]
    return [float(c) for c in mpmath.taylor(lambda s: function(*(part(s) for part in parts)), 0, 3)]


@pytest.mark.parametrize(
    ("found", "function", "at"),
    [
        (exponential, mpmath.exp, -1.3),
        (logarithm, mpmath.log, 0.7),
        (square_root, mpmath.sqrt, 2.3),
        (log_one_minus_exponential, lambda x: mpmath.log(1 - mpmath.exp(x)), -0.4),
        (log_one_minus_exponential, lambda x: mpmath.log(1 - mpmath.exp(x)), -8.0),
        *((log_normal_distribution, lambda z: mpmath.log(mpmath.ncdf(z)), z) for z in (-35.0, -8.0, -1.0, 0.4, 6.0)),
    ],
)
def test_functions_of_a_polynomial_are_those_of_mpmath(found, function, at):
    a = (at, 0.3, -0.2, 0.11)
    assert found(a) == pytest.approx(truth(function, a), rel=1e-10, abs=1e-14)


def test_products_and_quotients_of_polynomials_are_those_of_mpmath():
    a, b = (0.7, 0.3, -0.2, 0.11), (1.9, -0.4, 0.05, 0.3)
    assert multiplied(a, b) == pytest.approx(truth(lambda x, y: x * y, a, b), rel=1e-13)
    assert divided(a, b) == pytest.approx(truth(lambda x, y: x / y, a, b), rel=1e-13)


def test_far_on_the_right_side_of_a_limit_nothing_changes():
    assert log_normal_distribution((50.0, 1e200, 1e200, 1e200)) == (0.0, 0.0, 0.0, 0.0)


SHAPES = {
    EtaShape.EXPONENTIAL: (lambda lt, eta, _: lt + eta, 0.0),
    EtaShape.BOX_COX: (lambda lt, eta, shape: lt + (mpmath.exp(shape * eta) - 1) / shape, -0.6),
    EtaShape.PROPORTIONAL: (lambda lt, eta, _: lt + mpmath.log(1 + eta), 0.0),
    EtaShape.ADDITIVE: (lambda lt, eta, _: mpmath.log(mpmath.exp(lt) + eta), 0.0),
}


@pytest.mark.parametrize("code", SHAPES)
def test_shapes_of_random_effects_are_those_of_their_formulas(code):
    function, shape = SHAPES[code]
    lt, eta, by_shape = linear(0.4, 0.2), linear(0.3, 1.0), linear(shape, 0.7 if shape else 0.0)
    found = shaped_exponent_taylor(lt, eta, int(code), by_shape)
    assert found == pytest.approx(truth(function, lt, eta, by_shape), rel=1e-12)
    assert shaped_exponent(0.4, 0.3, int(code), shape) == pytest.approx(found[0], rel=1e-14)


@pytest.mark.parametrize("shape", [-0.3, -0.051, -0.049, -1e-5, 1e-9, 0.02, 0.06])
def test_box_and_cox_s_shape_keeps_its_digits_near_the_log_normal_one(shape: float):
    lt, eta, by_shape = constant(0.4), linear(1.7, 1.0), linear(shape, 0.7)
    found = shaped_exponent_taylor(lt, eta, int(EtaShape.BOX_COX), by_shape)
    with mpmath.workdps(60):
        expected = truth(lambda x, e, s: x + (mpmath.exp(s * e) - 1) / s, lt, eta, by_shape)
    assert found == pytest.approx(expected, rel=1e-8)
    assert shaped_exponent(0.4, 1.7, int(EtaShape.BOX_COX), shape) == pytest.approx(found[0], rel=1e-14)


def test_box_and_cox_s_shape_of_zero_is_the_log_normal_one():
    assert shaped_exponent(0.4, 0.3, int(EtaShape.BOX_COX), 0.0) == pytest.approx(0.7, rel=1e-15)


def test_a_t_shape_of_many_degrees_is_normal_and_of_few_has_heavier_tails():
    code = int(EtaShape.T_DISTRIBUTED)
    assert shaped_exponent(0.0, 1.5, code, 1e9) == pytest.approx(1.5, rel=1e-8)
    assert shaped_exponent(0.0, 3.0, code, 4.0) > 4.0
    along = shaped_exponent_taylor(constant(0.0), linear(1.5, 1.0), code, constant(5.0))
    h = 1e-4
    slope = (shaped_exponent(0.0, 1.5 + h, code, 5.0) - shaped_exponent(0.0, 1.5 - h, code, 5.0)) / (2 * h)
    assert along[1] == pytest.approx(slope, rel=1e-7)
    assert np.isfinite(along).all()

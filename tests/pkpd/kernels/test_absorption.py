"""First-order absorption in closed form against matrix exponentials with many digits, derivatives included."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from pkpd.kernels.absorption import absorbed_onecomp, absorbed_twocomp
from pkpd.kernels.absorption_taylor import absorbed_onecomp_taylor, absorbed_twocomp_taylor
from pkpd.kernels.taylor import divided
from pkpd.kernels.twocomp_taylor import spectrum_taylor

STEPS = [1e-6, 1e-3, 0.07, 1.0, 9.0, 400.0]
# CL, V1, Q, V2, ka: faster and slower absorption than elimination, equal rate constants, hardly any second compartment.
TWO = [
    (0.4, 3.0, 0.6, 2.0, 1.7),
    (6.0, 3.0, 0.6, 2.0, 0.05),
    (0.4, 3.0, 1e-4, 2.0, 0.4 / 3.0),
    (0.5, 5.0, 50.0, 1.0, 0.2),
]
ONE = [(0.3, 2.0), (2.0, 0.3), (0.7, 0.7), (0.7, 0.7 * (1.0 + 1e-9)), (1e-3, 30.0)]


def amounts(cl, v1, q, v2, ka, step):
    """Return depot, central and peripheral amount after a unit in the depot."""
    rates = mp.matrix(
        [[-ka, 0, 0], [ka, -(cl + q) / v1, q / v2], [0, q / v1, -q / v2]],
    )
    return mp.expm(rates * step, method="taylor") * mp.matrix([1, 0, 0])


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(("k", "ka"), ONE)
def test_one_compartment(k: float, ka: float, step: float):
    with mp.workdps(60):
        depot, central, _ = amounts(mp.mpf(k), mp.mpf(1), mp.mpf(0), mp.mpf(1), mp.mpf(ka), mp.mpf(step))
    assert absorbed_onecomp(1.0, ka, k, step) == pytest.approx((float(depot), float(central)), rel=1e-12, abs=1e-290)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("parameters", TWO)
def test_two_compartments(parameters: tuple[float, ...], step: float):
    with mp.workdps(60):
        expected = [float(one) for one in amounts(*[mp.mpf(one) for one in (*parameters, step)])]
    found = absorbed_twocomp(1.0, np.array(parameters), step)
    assert found[:2] == pytest.approx(expected[:2], rel=1e-11, abs=1e-290)
    # What went on to the second compartment is a difference, exact to the share of the first.
    assert found[2] == pytest.approx(expected[2], rel=1e-8, abs=1e-13 * expected[1])


def coefficients(function, orders: int = 4) -> list[float]:
    with mp.workdps(60):
        return [float(one) for one in mp.taylor(function, 0, orders - 1)]


@pytest.mark.parametrize("step", [1e-3, 0.07, 1.0, 9.0])
@pytest.mark.parametrize(("k", "ka"), ONE)
def test_derivatives_with_one_compartment(k: float, ka: float, step: float):
    """Along a line on which the depot, both rate constants and so their difference change."""

    def exact(x, place):
        own, absorption = mp.mpf(k) * mp.exp(x), mp.mpf(ka) * mp.exp(-x / 2)
        return (2 + x) * amounts(own, mp.mpf(1), mp.mpf(0), mp.mpf(1), absorption, mp.mpf(step))[place]

    exponential = np.array([1.0, 1.0, 0.5, 1.0 / 6.0])
    half = exponential * np.array([1.0, -0.5, 0.25, -0.125])
    found = absorbed_onecomp_taylor((2.0, 1.0, 0.0, 0.0), tuple(ka * half), tuple(k * exponential), step)
    for place in range(2):
        expected = coefficients(lambda x, place=place: exact(x, place))
        assert found[place] == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("step", [1e-3, 0.07, 1.0, 9.0])
@pytest.mark.parametrize("parameters", TWO)
def test_derivatives_with_two_compartments(parameters: tuple[float, ...], step: float):
    directions = (1.0, -0.5, 0.3, 0.7, -0.4)

    def exact(x, place):
        moved = [mp.mpf(one) * mp.exp(mp.mpf(by) * x) for one, by in zip(parameters, directions, strict=True)]
        return amounts(*[*moved, mp.mpf(step)])[place]

    powers = np.array([1.0, 1.0, 0.5, 1.0 / 6.0])
    moved = [tuple(one * powers * by ** np.arange(4.0)) for one, by in zip(parameters, directions, strict=True)]
    by = spectrum_taylor(*moved[:4])
    assert by.k10 == pytest.approx(divided(moved[0], moved[1]))
    found = absorbed_twocomp_taylor((1.0, 0.0, 0.0, 0.0), moved[4], by, step)
    for place in range(3):
        expected = coefficients(lambda x, place=place: exact(x, place))
        assert found[place] == pytest.approx(expected, rel=1e-8, abs=1e-10)

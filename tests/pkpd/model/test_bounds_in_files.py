"""Bounds in model files: what they build, what is refused."""

from __future__ import annotations

import math

import pytest

from pkpd.errors import InputError
from pkpd.model.population import population_parameters
from tests.pkpd.model.test_library import build, small


def test_bounds_become_those_of_the_parameters():
    data = small()
    data["bounds"] = {"cl": {"lower": 0.01, "upper": 50.0}, "sigma_proportional": {"upper": 3.0}}
    found = {one.name: (one.lower, one.upper) for one in population_parameters(build(data))}
    assert found["cl"] == (0.01, 50.0)
    assert found["sigma_proportional"] == (0.0, 3.0)
    assert found["v"] == (0.0, math.inf)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (
            {"clx": {"lower": 1.0}},
            "bounds.clx: is not a parameter of this model; bounds are possible for cl, cl_weight_kg, ",
        ),
        ({"omega2_cl": {"upper": 1.0}}, "bounds.omega2_cl: is a variance or covariance"),
        ({"cl": {"lower": 2.0, "upper": 1.0}}, "bounds.cl: bounds 2 and 1, expected the lower bound first."),
        ({"cl": {"lower": 1e6}}, "bounds.cl: a lower bound of 1e+06, but the model's value is "),
    ],
)
def test_bounds_that_cannot_be_name_their_place(bounds: dict[str, dict[str, float]], message: str):
    data = small()
    data["bounds"] = bounds
    with pytest.raises(InputError) as caught:
        build(data)
    assert any(message in str(problem) for problem in caught.value.problems), str(caught.value)

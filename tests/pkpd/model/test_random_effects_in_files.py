"""Shapes of random effects, and random effects of occasions and centres, in model files: what they build, what is refused."""

from __future__ import annotations

import math

import pytest

from pkpd.errors import InputError
from pkpd.model.population import ParameterKind, population_parameters, with_values
from pkpd.model.spec import RandomEffectShape
from tests.pkpd.model.test_library import build, small


def test_a_shape_and_its_parameter_become_a_term_and_a_theta():
    data = small()
    data["iiv"]["cl"] = {"omega2": 0.2, "shape": "box_cox", "lambda": -0.3}
    data["iiv"]["v"] = {"omega2": 0.04, "shape": "t", "df": 4.0, "shape_fixed": True}
    model = build(data)
    assert [(term.shape, term.shape_parameter) for term in model.terms] == [
        (RandomEffectShape.BOX_COX, -0.3),
        (RandomEffectShape.T_DISTRIBUTED, 4.0),
    ]
    thetas = {one.name: one for one in population_parameters(model) if one.kind is ParameterKind.THETA}
    assert (thetas["lambda_cl"].value, thetas["lambda_cl"].is_fixed) == (-0.3, False)
    assert (thetas["df_v"].value, thetas["df_v"].is_fixed, thetas["df_v"].lower) == (4.0, True, 2.0)
    assert with_values(model, {"lambda_cl": 0.5}).terms[0].shape_parameter == 0.5
    assert {value.name for value in model.parameters} >= {"lambda_cl", "df_v"}


def test_a_coefficient_of_variation_means_what_the_shape_makes_of_it():
    data = small()
    data["iiv"]["cl"] = {"cv_pct": 30.0, "shape": "proportional"}
    data["iov"] = {"cl": {"cv_pct": 20.0}, "v": {"cv_pct": 20.0}}
    data["centre"] = {"cl": {"cv_pct": 10.0}}
    model = build(data)
    assert model.variances[0].omega2 == pytest.approx(0.09)
    assert [variance.omega2 for variance in model.occasion_variances] == pytest.approx([0.04, math.log(1.04)])
    assert model.centre_variances[0].omega2 == pytest.approx(math.log(1.01))


def test_effects_of_occasions_and_centres_become_omegas_that_can_be_held():
    data = small()
    data["iov"] = {"cl": {"omega2": 0.05, "fixed": True}, "volume": {"omega2": 0.03, "on": "v"}}
    data["centre"] = {"cl": {"omega2": 0.02}}
    data["correlations"] = [*data["correlations"], {"etas": ["iov_cl", "iov_volume"], "value": 0.5}]
    model = build(data)
    assert [term.occasion_eta for term in model.terms] == ["iov_cl", "iov_volume"]
    assert [term.centre_eta for term in model.terms] == ["centre_cl", None]
    omegas = {one.name: one for one in population_parameters(model) if one.kind is ParameterKind.OMEGA}
    assert (omegas["omega2_iov_cl"].value, omegas["omega2_iov_cl"].is_fixed) == (0.05, True)
    assert omegas["omega2_iov_cl_iov_volume"].value == pytest.approx(0.5 * math.sqrt(0.05 * 0.03))
    assert omegas["omega2_centre_cl"].value == 0.02
    changed = with_values(model, {"omega2_iov_cl": 0.2, "omega2_iov_cl_iov_volume": 0.01})
    assert changed.occasion_variances[0].omega2 == 0.2
    assert changed.correlations[-1][2] == pytest.approx(0.01 / math.sqrt(0.2 * 0.03))


MISTAKES = [
    ({"iiv": {"cl": {"omega2": 0.1, "shape": "box_cox"}}}, "iiv.cl: shape 'box_cox' needs 'lambda'."),
    ({"iiv": {"cl": {"omega2": 0.1, "shape": "t"}}}, "iiv.cl: shape 't' needs 'df'."),
    (
        {"iiv": {"cl": {"omega2": 0.1, "lambda": 1.0}}},
        "iiv.cl.lambda: is not used by shape 'exponential'; remove it.",
    ),
    (
        {"iiv": {"cl": {"omega2": 0.1, "shape_fixed": True}}},
        "iiv.cl.shape_fixed: shape 'exponential' has no parameter that could be fixed; remove it.",
    ),
    (
        {"iiv": {"cl": {"cv_pct": 30.0, "shape": "t", "df": 5.0}}},
        "iiv.cl.cv_pct: does not say how wide a random effect of shape 't' is; give 'omega2', the variance of eta.",
    ),
    ({"iiv": {"cl": {"omega2": 30.0}}}, "iiv.cl.omega2: 30, expected a number of at most 25."),
    ({"iov": {"cl": {}}}, "iov.cl: expected exactly one of 'cv_pct' and 'omega2'."),
    ({"iov": {"cl": {"omega2": 0.1, "cv_pct": 3.0}}}, "iov.cl: expected exactly one of 'cv_pct' and 'omega2'."),
    (
        {"iov": {"k": {"omega2": 0.1}}},
        "iov.k.on: 'k' is not a parameter or term of this model; it has cl, v.",
    ),
    (
        {"centre": {"cl": {"omega2": 0.1}, "b": {"omega2": 0.1, "on": "cl"}}},
        "centre.b.on: 'cl' has the random effect cl already.",
    ),
    (
        {"iov": {"cl": {"omega2": 0.1}}, "correlations": [{"etas": ["cl", "iov_cl"], "value": 0.1}]},
        "correlations#1.etas: cl and iov_cl are of a subject and of an occasion, which are independent; remove it.",
    ),
    (
        {"iiv": {"cl": {"omega2": 0.1}, "iov_v": {"omega2": 0.1, "on": "v"}}, "iov": {"v": {"omega2": 0.1}}},
        "iiv.iov_v: is the name of a random effect of the occasion or centre; give it another name, and 'on'.",
    ),
    (
        {
            "iiv": {"cl": {"omega2": 0.1, "shape": "additive"}, "v": {"omega2": 0.1}},
            "centre": {"cl": {"omega2": 0.1}},
        },
        "centre.cl: multiplies a parameter whose own random effect is additive; give that another shape.",
    ),
    (
        {"iiv": {"cl": {"omega2": 0.1, "shape": "t", "df": 5.0}}, "iov": {"cl": {"cv_pct": 3.0}}},
        "iov.cl: the random effect that it adds to has a shape without a CV; give 'omega2'.",
    ),
]


@pytest.mark.parametrize(("changes", "sentence"), MISTAKES)
def test_a_mistake_in_random_effects_gets_one_sentence(changes, sentence: str):
    data = small() | {"correlations": []} | changes
    with pytest.raises(InputError) as caught:
        build(data)
    assert [str(problem).removeprefix("m.toml, ") for problem in caught.value.problems] == [sentence]

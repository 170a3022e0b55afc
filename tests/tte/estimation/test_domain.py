"""What may be typed for a coefficient and for a reference: wide, but no slip of the keyboard."""

from __future__ import annotations

import numpy as np
import pytest

from pkpd.errors import InputError
from tests.tte.estimation.event_data import events_of
from tte.estimation.domain import parameter_limits
from tte.estimation.model import event_time_model
from tte.estimation.typed_values import check_in_data, check_of_logarithm
from tte.hazards.hazard import Hazard


@pytest.mark.parametrize("hazard", list(Hazard))
def test_every_parameter_of_every_hazard_has_limits_of_its_own(hazard):
    for one in hazard.parameters:
        limits = parameter_limits(hazard, one.name)
        assert limits is not parameter_limits(hazard, f"{one.name}:X")
        assert limits.lowest < limits.highest
        assert not limits.holds(float("nan"))


@pytest.mark.parametrize(
    ("hazard", "fixed", "said"),
    [
        ("weibull", {"shape": 1e10}, "fixed value: shape is 1e+10; expected a number from 0.001 to 1000"),
        ("weibull", {"lambda": 1e-320}, "lambda is 9.99989e-321; expected a number from 1e-100 to 1e+100"),
        ("lognormal", {"mu": 1e4}, "mu is 10000; expected a number from -250 to 250"),
        ("gompertz", {"gamma": -1e3}, "gamma is -1000; expected a number from -100 to 100"),
        ("surge", {"PT": 1e9}, "PT is 1e+09; expected a number from -1e+06 to 1e+06"),
        ("weibull", {"X": 1e7}, "lambda:X is 1e+07; expected a number from -1e+06 to 1e+06"),
    ],
)
def test_absurd_values_are_refused_with_value_and_limits(hazard, fixed, said):
    with pytest.raises(InputError) as refused:
        event_time_model(hazard, ["X"], fixed=fixed)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("hazard", "fixed"),
    [
        ("weibull", {"shape": 1.0, "lambda": 1e-30}),
        ("weibull", {"shape": 0.05}),
        ("weibull", {"shape": 60.0, "lambda": 1e-99}),
        ("gompertz", {"gamma": -0.5}),
        ("loglogistic", {"alpha": 1e12, "beta": 3.0}),
        ("surge", {"PT": 400.0, "SW": 0.5}),
    ],
)
def test_what_a_study_may_hold_is_taken(hazard, fixed):
    assert event_time_model(hazard, ["X"], fixed=fixed).given == pytest.approx(fixed)


def test_a_reference_beyond_every_unit_is_refused():
    with pytest.raises(InputError, match=r"reference: X is 1e\+300; expected a number from -1e\+12 to 1e\+12"):
        event_time_model("weibull", ["X"], references={"X": 1e300})


def test_effects_and_references_are_held_to_the_range_of_their_covariate():
    data = events_of([5.0, 9.0, 12.0], [1, 0, 1], covariates={"X": np.array([1.0, 2.0, 3.0]), "Y": np.zeros(3)})
    model = event_time_model("weibull", ["X", "shape:X", "Z", "Y"])
    inside = {"lambda:X": 250.0, "shape:X": -250.0, "lambda:Z": 1e5, "lambda:Y": 1e5, "shape": 2.0}
    check_in_data(model, data, values=inside, references={"X": 2003.0, "Y": 1e9, "Z": 1e9})
    with pytest.raises(InputError) as refused:
        check_in_data(model, data, values={"lambda:X": 251.0, "shape:X": 9.0}, references={"X": -2000.0})
    assert [str(one) for one in refused.value.problems] == [
        "initial or fixed value: lambda:X is 251; expected at most 250 in size: X goes from 1 to 3, over which the hazard may change by a factor of e^500",
        "reference: X is -2000; expected a value near those of the data, which go from 1 to 3: from -1999 to 2003",
    ]


def test_an_effect_on_a_parameter_in_days_is_held_to_days():
    data = events_of([5.0, 9.0, 10.0], [1, 0, 1], covariates={"X": np.array([0.0, 1.0, 1.0])})
    model = event_time_model("surge", ["PT:X", "A:X"])
    check_in_data(model, data, values={"PT:X": 4999.0}, references={})
    with pytest.raises(InputError, match="PT:X is 5001; expected at most 5e\\+03"):
        check_in_data(model, data, values={"PT:X": 5001.0}, references={})


def test_an_exposure_that_is_not_known_yet_is_held_to_logarithms():
    check_of_logarithm(event_time_model("weibull", ["LOG_AUC"], references={"LOG_AUC": 6.0}), "LOG_AUC")
    wrong = event_time_model(
        "weibull", ["LOG_AUC", "X"], references={"LOG_AUC": 400.0, "X": 400.0}, fixed={"LOG_AUC": 600.0}
    )
    with pytest.raises(InputError) as refused:
        check_of_logarithm(wrong, "LOG_AUC")
    assert [str(one) for one in refused.value.problems] == [
        "reference: LOG_AUC is 400; expected a logarithm, from -250 to 250",
        "initial or fixed value: lambda:LOG_AUC is 600; expected at most 500 in size for each unit of a logarithm",
    ]

"""Covariate effects, and the covariates of one patient as a model reads them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pkpd.errors import InputError
from pkpd.model import load_model, model_names, resolve_covariates
from pkpd.model.covariate import body_mass_index, describe_domain, fat_free_mass, is_possible, log_effect
from pkpd.model.spec import COVARIATE_UNITS, Effect, EffectForm

FORMULAS = {
    EffectForm.POWER: (lambda x: (x / 30.0) ** 0.56, {"reference": 30.0}),
    EffectForm.LINEAR_FRACTION: (lambda x: 1.0 + 0.56 * (x - 3.0), {"reference": 3.0}),
    EffectForm.LINEAR_BELOW: (lambda x: 1.0 + 0.56 * min(x - 3.0, 0.0), {"reference": 3.0}),
    EffectForm.LINEAR_ABOVE: (lambda x: 1.0 + 0.56 * max(x - 3.0, 0.0), {"reference": 3.0}),
    EffectForm.LINEAR_LOG: (lambda x: 1.0 + 0.56 * math.log(x / 3.0), {"reference": 3.0}),
    EffectForm.FACTOR: (lambda x: 0.56 ** (x - 3.0), {"reference": 3.0}),
    EffectForm.EXPONENTIAL: (lambda x: math.exp(0.56 * (x - 3.0)), {"reference": 3.0}),
    EffectForm.EXPONENTIAL_LOG10: (
        lambda x: math.exp(0.56 * (math.log10(x) - math.log10(30.0))),
        {"reference": 30.0},
    ),
    EffectForm.POWER_LOG_RATIO: (lambda x: (math.log(x) / math.log(30.0)) ** 0.56, {"reference": 30.0}),
}


def effect(form: EffectForm, **keys) -> Effect:
    return Effect("crp_mg_per_L", form, coefficient=0.56, **keys)


@pytest.mark.parametrize("form", FORMULAS)
def test_an_effect_is_the_logarithm_of_its_formula_for_numbers_and_arrays(form):
    formula, keys = FORMULAS[form]
    values = np.array([2.0, 3.0, 7.5, 82.0])
    expected = np.log([formula(float(x)) for x in values])
    assert log_effect(effect(form, **keys), values) == pytest.approx(expected, rel=1e-13, abs=1e-15)
    for x, size in zip(values, expected, strict=True):
        assert log_effect(effect(form, **keys), float(x)) == pytest.approx(size, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("form", FORMULAS)
def test_an_effect_is_one_at_its_reference(form):
    keys = FORMULAS[form][1]
    assert log_effect(effect(form, **keys), keys["reference"]) == 0.0


@pytest.mark.parametrize("form", FORMULAS)
def test_nan_in_gives_nan_out(form):
    assert np.isnan(log_effect(effect(form, **FORMULAS[form][1], floor=1.5), math.nan))
    assert np.isnan(log_effect(effect(form, reference=1.0, category=1.0), math.nan))


def test_below_its_floor_an_effect_is_that_of_the_floor():
    floored = effect(EffectForm.POWER_LOG_RATIO, reference=30.0, floor=1.5)
    values = np.array([0.001, 1.0, 1.5, 1.6])
    assert np.equal(log_effect(floored, values), log_effect(floored, 1.5)).tolist() == [True, True, True, False]


def test_an_indicator_sees_one_category_only():
    of_men = Effect("sex", EffectForm.LINEAR_FRACTION, coefficient=-0.2, category=1.0)
    assert log_effect(of_men, np.array([0.0, 1.0])) == pytest.approx([0.0, math.log(0.8)])


def test_a_table_gives_each_category_its_multiplier_and_nan_to_others():
    table = ((1.0, 0.5), (2.0, 1.0), (3.0, 2.0))
    codes = np.array([1.0, 2.0, 3.0, 4.0])
    multipliers = Effect("mayo", EffectForm.CATEGORY, table=table)
    assert log_effect(multipliers, codes) == pytest.approx([math.log(0.5), 0.0, math.log(2.0), math.nan], nan_ok=True)
    logarithms = Effect("mayo", EffectForm.CATEGORY_EXPONENTIAL, table=table)
    assert log_effect(logarithms, codes) == pytest.approx([0.5, 1.0, 2.0, math.nan], nan_ok=True)
    assert log_effect(multipliers, 3.0) == pytest.approx(math.log(2.0))


def test_fat_free_mass_is_that_of_the_published_equations():
    assert fat_free_mass(70.0, 22.5, is_male=True) == pytest.approx(9270 * 70 / (6680 + 216 * 22.5))
    assert fat_free_mass(60.0, 24.0, is_male=False) == pytest.approx(9270 * 60 / (8780 + 244 * 24.0))
    assert body_mass_index(80.0, 200.0) == pytest.approx(20.0)


def test_given_covariates_are_taken_as_they_are():
    resolved = resolve_covariates(load_model("niyigena_2026_asuc"), {"weight_kg": 70.0, "crp_mg_per_L": 12.0})
    assert resolved.values == {"weight_kg": 70.0, "crp_mg_per_L": 12.0}
    assert resolved.imputed == resolved.derived == resolved.floored == resolved.outside == ()


def test_missing_covariates_take_the_median_and_are_listed():
    resolved = resolve_covariates(load_model("niyigena_2026_asuc"), {"crp_mg_per_L": None, "height_cm": 180.0})
    assert resolved.values == {"weight_kg": 63.0, "crp_mg_per_L": 30.0}
    assert resolved.imputed == ("weight_kg", "crp_mg_per_L")
    assert resolved.derived == resolved.floored == resolved.outside == ()


def test_a_crp_below_the_floor_is_kept_and_listed():
    resolved = resolve_covariates(load_model("niyigena_2026_asuc"), {"weight_kg": 63.0, "crp_mg_per_L": 0.4})
    assert resolved.values["crp_mg_per_L"] == 0.4
    assert resolved.floored == ("crp_mg_per_L",)
    assert resolved.outside == (("crp_mg_per_L", 0.4, 1.5, 350.0),)
    at_floor = resolve_covariates(load_model("niyigena_2026_asuc"), {"crp_mg_per_L": 1.5})
    assert at_floor.floored == at_floor.outside == ()


def test_values_outside_the_informed_range_are_listed_with_the_range():
    resolved = resolve_covariates(load_model("hanzel_2021"), {"weight_kg": 200.0, "albumin_g_per_L": 44.0})
    assert resolved.outside == (("weight_kg", 200.0, 43.0, 118.0),)


def test_body_mass_index_is_derived_from_weight_and_height():
    resolved = resolve_covariates(load_model("song_2025"), {"weight_kg": 80.0, "height_cm": 200.0})
    assert resolved.values["bmi_kg_per_m2"] == pytest.approx(20.0)
    assert resolved.derived == ("bmi_kg_per_m2",)
    assert "bmi_kg_per_m2" not in resolved.imputed


def test_fat_free_mass_is_derived_from_weight_sex_and_body_mass_index_or_height():
    model = load_model("faelens_2021_adapted_dreesen")
    expected = fat_free_mass(80.0, 20.0, is_male=True)
    for size in ({"bmi_kg_per_m2": 20.0}, {"height_cm": 200.0}):
        resolved = resolve_covariates(model, {"weight_kg": 80.0, "sex": 1.0, **size})
        assert resolved.values["fat_free_mass_kg"] == pytest.approx(expected)
        assert resolved.derived == ("fat_free_mass_kg",)
    for partial in ({"weight_kg": 80.0, "sex": 1.0}, {"weight_kg": 80.0, "bmi_kg_per_m2": 20.0}, {"sex": 1.0}):
        assert "fat_free_mass_kg" in resolve_covariates(model, partial).imputed


def test_a_given_value_is_preferred_to_a_formula():
    given_too = {"weight_kg": 80.0, "height_cm": 200.0, "bmi_kg_per_m2": 25.0}
    resolved = resolve_covariates(load_model("song_2025"), given_too)
    assert resolved.values["bmi_kg_per_m2"] == 25.0
    assert resolved.derived == ()


def test_impossible_values_are_refused_one_sentence_each():
    with pytest.raises(InputError) as caught:
        resolve_covariates(load_model("fasanmade_2009"), {"weight_kg": 5.0, "albumin_g_per_L": math.nan, "sex": 0.5})
    assert [str(problem) for problem in caught.value.problems] == [
        "weight_kg: 5, expected at least 10 and at most 300 kg",
        "albumin_g_per_L: nan, expected at least 5 and at most 70 g/L",
        "sex: 0.5, expected 0 (female) or 1 (male)",
    ]


def test_a_derived_value_that_is_impossible_says_what_it_came_from():
    with pytest.raises(InputError, match=r"bmi_kg_per_m2: 1575 \(from 63 kg and 20 cm\), expected at least 8"):
        resolve_covariates(load_model("song_2025"), {"weight_kg": 63.0, "height_cm": 20.0})


@pytest.mark.parametrize("crp", [0.0, -1.0, 1000.1, math.inf, math.nan])
def test_a_crp_outside_its_hard_range_is_refused(crp):
    with pytest.raises(InputError, match="expected more than 0 and at most 1000 mg/L"):
        resolve_covariates(load_model("niyigena_2026_asuc"), {"crp_mg_per_L": crp})


def test_the_ends_of_a_hard_range_are_possible():
    weight = load_model("niyigena_2026_asuc").covariates["weight_kg"]
    assert is_possible(weight, 10.0)
    assert is_possible(weight, 300.0)
    assert describe_domain(weight) == "at least 10 and at most 300 kg"


@given(
    st.dictionaries(st.sampled_from(sorted(COVARIATE_UNITS)), st.none() | st.floats()), st.sampled_from(model_names())
)
@example({"weight_kg": 0.0, "sex": 0.0, "height_cm": 5e-278}, "faelens_2021_adapted_dreesen")
@example({"weight_kg": 0.0, "sex": 0.0, "height_cm": 1e156}, "faelens_2021_adapted_dreesen")
def test_any_covariates_give_complete_values_or_a_sentence(given_values, name):
    model = load_model(name)
    try:
        resolved = resolve_covariates(model, given_values)
    except InputError:
        return
    assert set(resolved.values) == set(model.covariates)
    for key, value in resolved.values.items():
        assert is_possible(model.covariates[key], value)
        if given_values.get(key) is not None:
            assert value == given_values[key]
        else:
            assert (key in resolved.imputed) != (key in resolved.derived)

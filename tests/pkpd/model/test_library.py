"""The shipped models and the reading of model files."""

from __future__ import annotations

import copy
import hashlib
import math
import pickle
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pkpd
from pkpd.errors import InputError
from pkpd.model import (
    DEFAULT_MODEL,
    Parameterization,
    Structure,
    load_model,
    log_typical_terms,
    model_names,
    omega_matrix,
    terminal_half_life,
    typical_parameters,
)
from pkpd.model.build import build_model
from pkpd.model.library import MODEL_FILE
from pkpd.model.schema import ModelFile
from pkpd.model.spec import COVARIATE_UNITS, Study
from pkpd.toml_file import checked

LIBRARY = Path(str(pkpd.__file__)).parent / "library"
NIYIGENA = ("niyigena_2026_asuc", "niyigena_2026_asuc_explog")
SMALL = """
schema = "asuc-model/1"
id = "small"
version = "1"
title = "a small model"
citation = "nobody"
population = "nobody"
route = "iv"
structure = "one_compartment"
parameterization = "cl_v"
in_default_panel = false
panel_reason = "a test"

[domain]
adult = true
disease = "none"

[parameters.cl]
value = 0.3
unit = "L/day"

[[parameters.cl.effects]]
covariate = "weight_kg"
form = "power"
reference = 70
coefficient = 0.75

[[parameters.cl.effects]]
covariate = "sex"
category = "female"
form = "linear_fraction"
coefficient = -0.2

[parameters.v]
value = 5
unit = "L"

[iiv.cl]
cv_pct = 30

[iiv.v]
omega2 = 0.04

[[correlations]]
etas = ["cl", "v"]
value = 0.3

[residual]
proportional_sd = 0.2

[covariates.weight_kg]
column = "WT"
unit = "kg"
median = 70
median_source = "a test"
soft_range = [40, 120]
soft_source = "a test"
hard_range = [10, 300]
time_varying = true

[covariates.sex]
column = "SEX"
unit = "category"
categories = { female = 0, male = 1 }
median = 1
median_source = "a test"
time_varying = false

[checks.reference]
covariates = { weight_kg = 70, sex = 1 }
expected = { cl = 0.3, v = 5 }
source = "a test"
"""


def small() -> dict[str, Any]:
    return tomllib.loads(SMALL)


def build(data: dict[str, Any]):
    return build_model(ModelFile.model_validate(data), "m.toml", "0" * 64)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "m.toml"
    path.write_text(text, encoding="utf-8")
    return path


def sentences(path: Path | str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_model(path)
    return [str(problem) for problem in caught.value.problems]


# ------------------------------------------------------------------------------------------------- the shipped models


def test_fourteen_models_are_shipped_and_the_default_is_one_of_them():
    assert len(model_names()) == 14
    assert DEFAULT_MODEL in model_names()
    assert list(model_names()) == sorted(model_names())


@pytest.mark.parametrize("name", model_names())
def test_a_shipped_model_is_named_like_its_file_and_hashed_by_its_bytes(name):
    model = load_model(name)
    assert model.id == name
    assert model.sha256 == hashlib.sha256((LIBRARY / f"{name}.toml").read_bytes()).hexdigest()


@pytest.mark.requirement("PK-03")
@pytest.mark.parametrize("name", model_names())
def test_a_shipped_model_meets_its_check_values(name):
    model = load_model(name)
    assert len(model.checks) == 3
    for check in model.checks:
        found = typical_parameters(model, check.covariates)
        found["half_life_terminal_day"] = terminal_half_life(found)
        assert set(check.expected) <= set(found)
        for parameter, expected in check.expected.items():
            assert found[parameter] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", model_names())
def test_a_mistyped_typical_value_or_effect_is_found_by_the_check_values(tmp_path, name):
    text = (LIBRARY / f"{name}.toml").read_text(encoding="utf-8")
    model_part, rest = text.split("\n[iiv.", maxsplit=1)
    for number in re.finditer(r"^(value|coefficient|reference) = (-?[0-9.]+)$", model_part, re.MULTILINE):
        wrong = f"{model_part[: number.start(2)]}{float(number[2]) * 1.05}{model_part[number.end(2) :]}"
        assert "but the file's own numbers give" in sentences(write(tmp_path, f"{wrong}\n[iiv.{rest}"))[0]


@pytest.mark.parametrize("name", model_names())
def test_a_shipped_model_says_where_it_comes_from_and_maps_its_covariates_to_cases_and_cohorts(name):
    model = load_model(name)
    assert model.title
    assert model.population
    assert model.citation
    assert model.caveats
    assert model.decisions
    assert model.panel_reason
    assert len({value.name for value in model.parameters}) == len(model.parameters)
    columns = {"weight_kg": "WT", "crp_mg_per_L": "CRP", "albumin_g_per_L": "ALB", "sex": "SEX", "ada_positive": "ADA"}
    for key, domain in model.covariates.items():
        assert key in COVARIATE_UNITS
        assert domain.column == columns.get(key, domain.column)
        assert domain.median_source


@pytest.mark.parametrize("name", model_names())
def test_hard_ranges_are_those_that_a_case_is_refused_by(name):
    hard = {"weight_kg": (10.0, 300.0), "crp_mg_per_L": (0.0, 1000.0), "albumin_g_per_L": (5.0, 70.0)}
    for key, domain in load_model(name).covariates.items():
        assert domain.hard_range == hard.get(key, domain.hard_range)
        assert domain.low_excluded == (key in {"crp_mg_per_L", "ada_ng_per_mL"})


@pytest.mark.parametrize("name", model_names())
def test_terms_stand_in_the_order_of_the_parameters_and_etas_in_the_order_of_the_terms(name):
    model = load_model(name)
    parameters = list(typical_parameters(model, model.checks[0].covariates))
    places = [parameters.index(term.parameter) for term in model.terms]
    assert places == sorted(places)
    assert model.etas == tuple(term.eta for term in model.terms if term.eta is not None)
    assert tuple(variance.eta for variance in model.variances) == model.etas


@pytest.mark.parametrize("name", model_names())
def test_a_model_survives_pickling(name):
    model = load_model(name)
    copied = pickle.loads(pickle.dumps(model))  # noqa: S301 (our own bytes: models travel to worker processes)
    assert copied == model
    assert hash(copied) == hash(model)


def test_only_the_two_models_of_the_paper_carry_its_event_model():
    carriers = {name for name in model_names() if load_model(name).event_model is not None}
    assert carriers == set(NIYIGENA)
    assert {load_model(name).event_model for name in carriers} == {"niyigena_2026_asuc"}


def test_the_default_panel_is_the_adult_models_with_a_residual_sd_of_at_least_a_tenth():
    for name in model_names():
        model = load_model(name)
        assert model.in_default_panel == (model.is_adult and model.residual.proportional_sd >= 0.1)
    assert not load_model("ternant_2008").in_default_panel
    assert not load_model("zhao_2026_pediatric").in_default_panel


def test_covariates_of_the_paper_are_baseline_and_those_of_wojciechowski_change_over_time():
    assert not any(domain.time_varying for domain in load_model("niyigena_2026_asuc").covariates.values())
    assert all(domain.time_varying for domain in load_model("wojciechowski_2017").covariates.values())


def test_subcutaneous_and_occasion_parameters_are_on_the_card_and_act_on_nothing():
    assert {value.name for value in load_model("hanzel_2021").not_used} == {"ka", "f", "iiv_ka", "iiv_f"}
    assert {value.name for value in load_model("faelens_2021_adapted_dreesen").not_used} == {"iov_ke"}


def test_the_typical_patient_of_the_paper_has_its_clearance_and_volume():
    for name in NIYIGENA:
        parameters = typical_parameters(load_model(name), {"weight_kg": 63.0, "crp_mg_per_L": 30.0})
        assert parameters == {"cl": pytest.approx(0.49, rel=1e-14), "v": pytest.approx(13.2, rel=1e-14)}


def test_both_forms_of_the_crp_effect_agree_with_their_formulas_to_full_precision():
    power, exponential = (load_model(name) for name in NIYIGENA)
    rng = np.random.default_rng(7)
    with mpmath.workdps(40):
        for _ in range(200):
            weight, crp = rng.uniform(10.0, 300.0), 10.0 ** rng.uniform(-3.0, 3.0)
            c, size = mpmath.mpf(max(crp, 1.5)), mpmath.mpf("0.49") * (mpmath.mpf(weight) / 63) ** mpmath.mpf("0.75")
            patient = {"weight_kg": weight, "crp_mg_per_L": crp}
            ratio = (mpmath.log(c) / mpmath.log(30)) ** mpmath.mpf("0.56")
            assert typical_parameters(power, patient)["cl"] == pytest.approx(float(size * ratio), rel=1e-13)
            difference = mpmath.exp(mpmath.mpf("0.56") * (mpmath.log10(c) - mpmath.log10(30)))
            assert typical_parameters(exponential, patient)["cl"] == pytest.approx(float(size * difference), rel=1e-13)


def test_a_shipped_model_is_read_once():
    assert load_model("hanzel_2021") is load_model("hanzel_2021")


def test_loading_a_model_imports_no_table_or_solver_library():
    program = (
        "import sys; from pkpd.model import load_model; load_model('niyigena_2026_asuc');"
        "print(sorted({'pandas', 'scipy', 'numba', 'dash', 'plotly'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


# -------------------------------------------------------------------------------------------------- names and files


def test_an_unknown_name_lists_the_models_and_the_closest():
    (sentence,) = sentences("niyigena_2026_asucc")
    assert sentence.startswith(
        "model: 'niyigena_2026_asucc' is not a shipped model; did you mean 'niyigena_2026_asuc'?"
    )
    assert all(name in sentence for name in model_names())


@pytest.mark.parametrize("name", ["", "../library/hanzel_2021", "hanzel_2021\0", "/", "."])
def test_a_name_is_never_taken_for_a_path(name):
    assert "is not a shipped model" in sentences(name)[0]


def test_a_file_of_the_user_is_read_every_time(tmp_path):
    path = write(tmp_path, SMALL)
    first = load_model(path)
    assert first.id == "small"
    path.write_text(SMALL.replace("value = 5", "value = 6").replace("v = 5", "v = 6"), encoding="utf-8")
    assert load_model(str(path)).terms[1].value == 6.0
    assert load_model(path).sha256 != first.sha256


def test_a_shipped_file_read_by_path_is_the_same_model():
    assert load_model(LIBRARY / "hanzel_2021.toml") == load_model("hanzel_2021")


def test_files_that_are_no_model_are_refused_with_one_sentence(tmp_path):
    assert "no such file" in sentences(tmp_path / "absent.toml")[0]
    assert "is not a file" in sentences(tmp_path)[0]
    assert "no such file" in sentences("a\0b.toml")[0]
    assert "cannot be read: File name too long." in sentences("a" * 300 + ".toml")[0]
    big = tmp_path / "big.toml"
    big.write_bytes(b"#" * 1_000_001)
    assert "expected a model file of a few kilobytes" in sentences(big)[0]
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'title = "caf\xe9"')
    assert "byte 13 is not UTF-8 text" in sentences(latin)[0]
    assert "is not valid TOML" in sentences(write(tmp_path, "a = "))[0]
    assert "is not valid TOML" in sentences(write(tmp_path, "a = " + "9" * 5000))[0]
    assert "nested too deeply" in sentences(write(tmp_path, "a = " + "[" * 100_000))[0]


# ---------------------------------------------------------------------------------------------------- bad model files

MISTAKES = [
    ("[iiv.cl]\ncv_pct = 30", "[iiv.cl]\ncv_pc = 30", "iiv.cl.cv_pc: unknown key; did you mean 'cv_pct'?"),
    ("reference = 70", "referense = 70", "parameters.cl.effects#1.referense: unknown key; did you mean 'reference'?"),
    ('form = "power"', 'form = "powr"', "parameters.cl.effects#1.form: 'powr', did you mean 'power'? expected "),
    ('form = "power"', 'form = "exponential_log10"\nfloor = -1', "effects#1.floor: -1, expected a number above 0."),
    ("reference = 70\n", "", "parameters.cl.effects#1: form 'power' needs 'reference'."),
    ("reference = 70\n", "reference = 0\n", "effects#1.reference: 0, expected more than 0 for form 'power'."),
    ("coefficient = 0.75\n", "", "parameters.cl.effects#1: form 'power' needs 'coefficient'."),
    ("coefficient = 0.75", "coefficient = nan", "effects#1.coefficient: nan, expected a finite number."),
    (
        "coefficient = 0.75",
        "coefficient = 900",
        "the effect of weight_kg at 10 kg is not a sensible positive multiplier",
    ),
    (
        "coefficient = -0.2",
        "coefficient = -1.2",
        "the effect of sex at 0 category is not a sensible positive multiplier",
    ),
    ('category = "female"', 'category = "f"', "effects#2.category: 'f' is not a category of sex; it has female, male."),
    ('covariate = "sex"', 'covariate = "sexx"', "effects#2.covariate: 'sexx' has no domain; did you mean 'sex'?"),
    (
        'value = 0.3\nunit = "L/day"',
        'value = 0.3\nunit = "L/h"',
        "parameters.cl.unit: 'L/h', expected 'L/day'; convert",
    ),
    ('value = 0.3\nunit = "L/day"', 'unit = "L/day"', "parameters.cl: expected either 'value' or 'value_by'."),
    ("value = 0.3\n", "value = -0.3\n", "parameters.cl.value: -0.3, expected a number above 0."),
    ("value = 0.3\n", "value = inf\n", "parameters.cl.value: inf, expected a finite number."),
    ("value = 0.3\n", 'value = "0.3"\n', "parameters.cl.value: '0.3', expected a number without quotes."),
    ("value = 0.3\n", "value = true\n", "parameters.cl.value: True, expected a number without quotes."),
    ("[parameters.v]", "[parameters.v1]", "parameters.v1: is not a parameter of parameterization 'cl_v'"),
    ('"cl_v"', '"cl_v1_q_v2"', "'cl_v1_q_v2' does not go with 'one_compartment'."),
    ("omega2 = 0.04", "omega2 = -0.04", "iiv.v.omega2: -0.04, expected a number above 0."),
    (
        "omega2 = 0.04",
        "omega2 = 0.04\ncv_pct = 20",
        "iiv.v: expected exactly one of 'cv_pct', 'omega2' and 'omega2_by'.",
    ),
    ("[iiv.v]", "[iiv.ka]", "iiv.ka.on: 'ka' is not a parameter or term of this model; it has cl, v."),
    ("[iiv.v]", '[iiv.v]\non = "cl"', "iiv.v.on: 'cl' has the random effect cl already."),
    ("value = 0.3\n\n[residual]", "value = 1.0\n\n[residual]", "correlations#1.value: 1.0, expected a number below 1."),
    ('["cl", "v"]', '["cl", "ke"]', "correlations#1.etas: 'ke' is not a random effect"),
    ('["cl", "v"]', '["cl", "cl"]', "correlations#1.etas: 'cl' stands there twice"),
    ('["cl", "v"]', '["cl"]', "correlations#1.etas: ['cl'], expected at least 2 entries."),
    (
        "proportional_sd = 0.2",
        "proportional_sd = 0",
        "residual: expected a 'proportional_sd' or 'additive_sd_mg_per_L'",
    ),
    ("proportional_sd = 0.2", 'kind = "logarithmic"', "residual: expected a 'log_sd' above 0."),
    (
        "proportional_sd = 0.2",
        'kind = "logarithmic"\nlog_sd = 0.3\nproportional_sd = 0.2',
        "residual: a logarithmic error has a 'log_sd' and no other part.",
    ),
    ("proportional_sd = 0.2", "log_sd = 0.2", "residual.log_sd: is the error of a logarithm; expected kind"),
    (
        "proportional_sd = 0.2",
        'kind = "logarithmic"\nlog_sd = 0.3\nexponent = 0.5',
        "residual.exponent: belongs to the proportional part, which a logarithmic error does not have.",
    ),
    ("proportional_sd = 0.2", 'kind = "power"\nproportional_sd = 0.2', "residual.kind:"),
    ("proportional_sd = 0.2", "proportional_sd = -1", "residual.proportional_sd: -1, expected a number of at least 0."),
    (
        "proportional_sd = 0.2",
        'default_assay = "mean_of_variances"',
        "there is no [residual.by_assay] to take it from.",
    ),
    ('unit = "kg"', 'unit = "lb"', "covariates.weight_kg.unit: 'lb', expected 'kg'; convert the values of weight_kg."),
    ("hard_range = [10, 300]\n", "", "covariates.weight_kg.hard_range: is missing; give [low, high]."),
    ("hard_range = [10, 300]", "hard_range = [300, 10]", "expected the lower value first."),
    (
        "hard_range = [10, 300]",
        "hard_range = [10]",
        "covariates.weight_kg.hard_range: [10], expected at least 2 entries.",
    ),
    ("soft_range = [40, 120]", "soft_range = [5, 120]", "[5.0, 120.0] leaves the hard range [10.0, 300.0]."),
    ("median = 70", "median = 700", "covariates.weight_kg.median: 700 is outside the hard range [10.0, 300.0]."),
    ("female = 0, male = 1", "female = 1, male = 0", "expected {female = 0, male = 1}, the codes of a patient case."),
    ("median = 1\n", "median = 2\n", "covariates.sex.median: 2, expected the code of a category."),
    ('column = "SEX"', 'column = "wt"', "covariates.sex.column: 'wt' is the column of weight_kg already."),
    (
        "expected = { cl = 0.3, v = 5 }",
        "expected = { cl = 0.31 }",
        "0.31, but the file's own numbers give 0.3; correct",
    ),
    (
        "expected = { cl = 0.3, v = 5 }",
        "expected = { ke = 1 }",
        "expected.ke: is not a parameter of this model; it has",
    ),
    ("weight_kg = 70, sex = 1", "weight_kg = 70", "checks.reference.covariates.sex: is missing; a check gives every"),
    ("weight_kg = 70, sex = 1", "weight_kg = 7, sex = 1", "weight_kg: 7, expected at least 10 and at most 300 kg."),
    ("weight_kg = 70, sex = 1", "weight_kg = 70, sex = 1, age = 3", "age: is not a covariate of this model."),
    ('schema = "asuc-model/1"\n', "", "m.toml, schema: is missing; docs/how-to/model-files.md lists the keys."),
    ('schema = "asuc-model/1"', 'schema = "asuc-model/2"', "schema: 'asuc-model/2', did you mean 'asuc-model/1'?"),
    ('route = "iv"', 'route = "sc"', "route: 'sc', expected 'iv' or 'oral'."),
    ("in_default_panel = false", "in_default_panel = 0", "in_default_panel: 0, expected true or false without quotes."),
    ('title = "a small model"', "title = 3", "title: 3, expected text in quotes."),
    ('title = "a small model"', 'title = ""', "title: '', expected some text."),
    ("[residual]\nproportional_sd = 0.2", "[[residual]]", "residual: [{}], expected a table."),
]


@pytest.mark.parametrize(("text", "instead", "message"), MISTAKES, ids=[mistake[1][:40] for mistake in MISTAKES])
def test_a_mistake_in_a_model_file_is_named_with_its_file_and_key(tmp_path, text, instead, message):
    assert SMALL.count(text) >= 1
    path = write(tmp_path, SMALL.replace(text, instead, 1))
    found = sentences(path)
    assert any(message in sentence for sentence in found), found
    assert all(sentence.startswith(str(path)) for sentence in found)
    assert all("\n" not in sentence for sentence in found)


def test_every_mistake_is_reported_at_once(tmp_path):
    text = (
        SMALL.replace("value = 0.3\n", "value = -1\n", 1).replace("cv_pct = 30", "cv = 30").replace("= 70\n", "= nan\n")
    )
    assert len(sentences(write(tmp_path, text))) == 4
    text = SMALL.replace('"L/day"', '"L/h"').replace('unit = "kg"', 'unit = "lb"').replace('["cl", "v"]', '["cl", "x"]')
    assert len(sentences(write(tmp_path, text))) == 3


def test_a_study_may_be_left_out_or_hold_only_what_is_published():
    data = small()
    assert build(data).study is None
    data["study"] = {"eligibility": "adults", "source": "a test", "infusions": [2, 2]}
    assert build(data).study == Study("adults", None, (2, 2), None, None, "a test")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("infusions", [7, 1], "study.infusions: [7, 1], expected the lower value first."),
        ("infusions", [1.5, 7], "study.infusions#1: 1.5, expected a whole number without quotes."),
        ("infusions", [0, 7], "study.infusions#1: 0, expected a number of at least 1."),
        (
            "first_dose_mg_per_kg",
            [15.0, 3.8],
            "study.first_dose_mg_per_kg: [15.0, 3.8], expected the lower value first.",
        ),
        ("first_dose_mg_per_kg", [3.8], "study.first_dose_mg_per_kg: [3.8], expected at least 2 entries."),
        ("sample_day_max", 0, "study.sample_day_max: 0, expected a number above 0."),
        ("eligibility", "", "study.eligibility: '', expected some text."),
    ],
)
def test_a_mistake_in_a_study_is_named(tmp_path, key, value, message):
    study = {"eligibility": "'adults'", "source": "'a test'", key: repr(value)}
    text = SMALL.replace("[domain]", "[study]\n" + "\n".join(f"{k} = {v}" for k, v in study.items()) + "\n\n[domain]")
    (found,) = sentences(write(tmp_path, text))
    assert message in found


def test_the_study_of_the_paper_is_that_of_its_table_1_and_methods():
    for name in NIYIGENA:
        study = load_model(name).study
        assert study is not None
        assert study.first_dose_mg_per_kg == (3.8, 15.0)
        assert study.infusions == (1, 7)
        assert study.first_sample_day_max == 14.0
        assert study.sample_day_max == 14.0 * 7.0
    assert all(load_model(name).study is None for name in model_names() if name not in NIYIGENA)


def test_a_covariate_that_nothing_reads_is_refused():
    data = small()
    data["covariates"]["age_year"] = {**data["covariates"]["weight_kg"], "unit": "year", "column": "AGE"}
    with pytest.raises(InputError, match=r"covariates\.age_year: no effect, value_by or omega2_by reads it"):
        build(data)


def test_the_power_of_a_ratio_of_logarithms_needs_a_floor_above_one():
    data = small()
    data["parameters"]["cl"]["effects"][0]["form"] = "power_log_ratio"
    with pytest.raises(InputError, match=r"effects#1\.floor: is missing, expected a value above 1"):
        build(data)
    data["parameters"]["cl"]["effects"][0] |= {"floor": 1.0, "reference": 1.0}
    with pytest.raises(InputError, match="expected more than 1 for form 'power_log_ratio'"):
        build(data)


def test_a_power_of_a_covariate_that_may_be_zero_is_refused():
    data = small()
    data["covariates"]["weight_kg"]["hard_range"] = [0.0, 300.0]
    with pytest.raises(InputError, match="the effect of weight_kg at 0 kg is not a sensible positive multiplier"):
        build(data)
    data["covariates"]["weight_kg"]["low_excluded"] = True
    assert build(data).covariates["weight_kg"].low_excluded


def test_keys_that_a_form_does_not_use_are_refused():
    data = small()
    data["parameters"]["cl"]["effects"][1] = {
        "covariate": "sex",
        "form": "category",
        "values": {"female": 0.8, "male": 1.0},
        "coefficient": 1.0,
    }
    with pytest.raises(InputError, match=r"coefficient: is not used by form 'category'; remove it"):
        build(data)
    data["parameters"]["cl"]["effects"][0]["values"] = {"female": 1.0}
    data["parameters"]["cl"]["effects"][0]["category"] = "x"
    with pytest.raises(InputError) as caught:
        build(data)
    assert "effects#1.values: is not used by form 'power'; remove it." in str(caught.value)
    assert "effects#1.category: is not used by form 'power'; remove it." in str(caught.value)


def test_a_table_covers_the_categories_and_no_others():
    data = small()
    data["parameters"]["v"] = {"unit": "L", "value_by": {"covariate": "sex", "values": {"female": 4.0, "man": 5.0}}}
    with pytest.raises(InputError) as caught:
        build(data)
    assert "parameters.v.value_by.values: has nothing for 'male' of sex." in str(caught.value)
    assert "value_by.values.man: is not a category of sex, which has female, male." in str(caught.value)
    data["parameters"]["v"]["value_by"] = {"covariate": "weight_kg", "values": {"a": 1.0}}
    with pytest.raises(InputError, match="'weight_kg' has no categories"):
        build(data)
    data["parameters"]["v"]["value_by"]["covariate"] = "sexe"
    with pytest.raises(InputError, match=r"'sexe' has no domain; did you mean 'sex'\?"):
        build(data)


def test_multipliers_of_categories_are_positive():
    data = small()
    values = {"female": 0.0, "male": 1.0}
    data["parameters"]["cl"]["effects"][1] = {"covariate": "sex", "form": "category", "values": values}
    with pytest.raises(InputError, match=r"values: 0, expected multipliers above 0"):
        build(data)
    del data["parameters"]["cl"]["effects"][1]["values"]
    with pytest.raises(InputError, match="form 'category' needs 'values', one for each category of sex"):
        build(data)


def test_a_factor_is_positive():
    data = small()
    data["parameters"]["cl"]["effects"][1] |= {"form": "factor", "coefficient": -2.0}
    with pytest.raises(InputError, match="-2, expected a factor above 0"):
        build(data)


def test_correlations_that_are_impossible_together_are_refused():
    data = small()
    data |= {"structure": "two_compartment", "parameterization": "cl_v1_q_v2"}
    volume = data["parameters"].pop("v")
    data["parameters"] |= {"v1": volume, "q": {"value": 1.0, "unit": "L/day"}, "v2": volume}
    data["iiv"] = {name: {"omega2": 0.1} for name in ("cl", "v1", "v2")}
    data["checks"]["reference"]["expected"] = {"cl": 0.3}
    pairs = ((["cl", "v1"], 0.9), (["cl", "v2"], 0.9), (["v1", "v2"], -0.9))
    data["correlations"] = [{"etas": etas, "value": value} for etas, value in pairs]
    with pytest.raises(InputError, match="correlations: the correlations together are not positive definite"):
        build(data)
    data["correlations"][2]["value"] = 0.9
    assert np.linalg.eigvalsh(omega_matrix(build(data), {}))[0] > 0.0
    data["correlations"].append({"etas": ["v1", "cl"], "value": 0.1})
    with pytest.raises(InputError, match=r"correlations#4\.etas: the pair v1 and cl stands there twice"):
        build(data)


def test_a_variance_that_depends_on_a_covariate_needs_a_constant_one():
    data = small()
    data["iiv"]["v"] = {"omega2_by": {"covariate": "sex", "values": {"female": 0.1, "male": 0.2}}}
    model = build(data)
    assert np.diag(omega_matrix(model, {"sex": 0.0}))[1] == pytest.approx(0.1)
    assert np.diag(omega_matrix(model, {"sex": 1.0}))[1] == pytest.approx(0.2)
    assert {value.name for value in model.parameters} >= {"iiv_v_female", "iiv_v_male"}
    data["covariates"]["sex"]["time_varying"] = True
    with pytest.raises(InputError, match="sex is time-varying, but a random effect has one variance"):
        build(data)


def test_the_domain_of_a_coded_covariate_has_distinct_codes_and_no_ranges():
    data = small()
    data["covariates"]["sex"] |= {"categories": {"a": 1, "b": 1}, "unit": "kg", "soft_range": [0.0, 1.0]}
    data["parameters"]["cl"]["effects"][1]["category"] = "a"
    with pytest.raises(InputError) as caught:
        build(data)
    text = str(caught.value)
    assert "two categories have the same code" in text
    assert "covariates.sex.unit: 'kg', expected 'category'" in text
    assert "soft_range: is not used by a covariate with categories; remove it." in text
    del data["covariates"]["sex"]["categories"]
    data["covariates"]["sex"]["unit"] = "category"
    with pytest.raises(InputError, match="categories: is missing; give each category's label and code"):
        build(data)


def test_terms_replace_the_value_of_a_parameter():
    data = small()
    data["parameters"]["v"] = {"unit": "L", "terms": {"a": {"value": 2.0}, "b": {"value": 3.0}}}
    data["iiv"]["v"] = {"omega2": 0.1, "on": "v.b"}
    model = build(data)
    assert [(term.parameter, term.value, term.eta) for term in model.terms[1:]] == [("v", 2.0, None), ("v", 3.0, "v")]
    assert typical_parameters(model, {"weight_kg": 70.0, "sex": 1.0})["v"] == pytest.approx(5.0)
    data["parameters"]["v"]["value"] = 5.0
    with pytest.raises(InputError, match=r"parameters\.v: has terms and a value or effects of its own"):
        build(data)
    data["parameters"]["v"] = {"unit": "L", "terms": {}}
    with pytest.raises(InputError, match=r"parameters\.v\.terms: is empty"):
        build(data)


def test_residual_errors_by_assay_are_complete():
    data = small()
    data["residual"] = {
        "default_assay": "mean_of_variances",
        "by_assay": {"A": {"proportional_sd": 0.3}, "B": {"proportional_sd": 0.4, "additive_sd_mg_per_L": 1.0}},
    }
    residual = build(data).residual
    assert residual.by_assay == {"A": (0.0, 0.3), "B": (1.0, 0.4)}
    assert residual.proportional_sd == pytest.approx(math.sqrt((0.09 + 0.16) / 2.0))
    assert residual.additive_sd == pytest.approx(math.sqrt(0.5))
    data["residual"]["proportional_sd"] = 0.1
    with pytest.raises(InputError, match="the general residual error is given as well; keep one of the two"):
        build(data)
    data["residual"] = {"proportional_sd": 0.1, "by_assay": {"A": {}}}
    with pytest.raises(InputError, match=r"residual\.by_assay\.A: expected a residual error above 0"):
        build(data)
    data["residual"]["by_assay"]["A"] = {"proportional_sd": 0.1, "proportional_variance": 0.1}
    with pytest.raises(InputError, match="expected either 'proportional_sd' or 'proportional_variance'"):
        build(data)


def test_a_rate_constant_and_a_volume_give_the_clearance():
    data = small()
    data["parameterization"] = "ke_v"
    data["parameters"]["ke"] = {**data["parameters"].pop("cl"), "unit": "1/day"}
    data["iiv"]["ke"] = data["iiv"].pop("cl")
    data["correlations"] = []
    data["checks"]["reference"]["expected"] = {"ke": 0.3, "v": 5, "cl": 1.5}
    model = build(data)
    assert model.parameterization is Parameterization.KE_V
    assert model.structure is Structure.ONE_COMPARTMENT


# ------------------------------------------------------------------------------------------------------------- fuzzing


@given(st.binary(max_size=200))
def test_any_bytes_give_a_model_or_a_sentence(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("fuzz") / "m.toml"
    path.write_bytes(content)
    assert sentences(path)


leaf = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.lists(st.floats(), max_size=3),
    st.dictionaries(st.text(max_size=4), st.floats(), max_size=2),
    st.just(10**400),
)


@given(st.data())
def test_any_value_under_any_key_gives_a_finite_model_or_a_sentence(data):
    content = small()
    for _ in range(data.draw(st.integers(1, 3))):
        section: Any = content
        while isinstance(section, dict | list) and section:
            keys = list(section) if isinstance(section, dict) else list(range(len(section)))
            key = data.draw(st.sampled_from(keys))
            if not isinstance(section[key], dict | list) or data.draw(st.booleans()):
                section[key] = data.draw(leaf)
                break
            section = section[key]
    try:
        parsed = checked(MODEL_FILE, copy.deepcopy(content), "m.toml")
    except InputError as error:
        problems = error.problems
        assert problems
        assert all(problem.message and "\n" not in problem.message for problem in problems)
        return
    try:
        model = build_model(parsed, "m.toml", "0" * 64)
    except InputError:
        return
    for weight in (10.0, 300.0):
        assert np.all(np.isfinite(log_typical_terms(model, {"weight_kg": weight, "sex": 0.0})))
        assert all(
            math.isfinite(value) for value in typical_parameters(model, {"weight_kg": weight, "sex": 0.0}).values()
        )
    assert np.all(np.isfinite(omega_matrix(model, {"weight_kg": 70.0, "sex": 0.0})))

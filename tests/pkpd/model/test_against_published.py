"""The shipped models against the numbers that the reference folder holds for the same papers."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pkpd.model import (
    load_model,
    log_typical_terms,
    omega_matrix,
    residual_sd_parameters,
    terminal_half_life,
    typical_parameters,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pkpd.model import ModelSpec

IDS = (
    "aubourg_2015",
    "dubinsky_2017",
    "faelens_2021_adapted_dreesen",
    "fasanmade_2009",
    "fasanmade_2011_combined",
    "fasanmade_2011_pediatric",
    "hanzel_2021",
    "passot_2016_adult",
    "song_2025",
    "ternant_2008",
    "wojciechowski_2017",
    "zhao_2026_pediatric",
)
N_PATIENTS = 200


@pytest.fixture(scope="module")
def published(reference_dir: Path) -> dict[str, Any]:
    return json.loads((reference_dir / "infliximab_models.json").read_text(encoding="utf-8"))


def entry(published: dict[str, Any], name: str) -> dict[str, Any]:
    return next(model for model in published["models"] if model["id"] == name)


def published_names(covariates: dict[str, float]) -> dict[str, float]:
    """Return a patient in the names and units of the reference file (albumin in g/dL as ALB, women coded 1)."""
    return {
        "WT": covariates["weight_kg"],
        "ALB": covariates["albumin_g_per_L"] / 10.0,
        "ALBgL": covariates["albumin_g_per_L"],
        "CRP": covariates["crp_mg_per_L"],
        "SEXF": 1 - int(covariates["sex"]),
        "ADA": int(covariates["ada_positive"]),
        "IMM": int(covariates["immunomodulator"]),
        "IBD_CD": int(covariates["diagnosis"]),
        "FFM": covariates["fat_free_mass_kg"],
        "BMI": covariates["bmi_kg_per_m2"],
        "ADAng": covariates["ada_ng_per_mL"],
        "MAYO": int(covariates["mayo"]),
        "STER": int(covariates["steroid"]),
        "EXT": int(covariates["extensive"]),
    }


def case_names(covariates: dict[str, float]) -> dict[str, float]:
    """Return a patient of the reference file in the names and units of a patient case."""
    return {
        "weight_kg": covariates["WT"],
        "albumin_g_per_L": covariates["ALBgL"],
        "crp_mg_per_L": covariates["CRP"],
        "sex": 1.0 - covariates["SEXF"],
        "ada_positive": covariates["ADA"],
        "immunomodulator": covariates["IMM"],
        "diagnosis": covariates["IBD_CD"],
        "fat_free_mass_kg": covariates["FFM"],
        "bmi_kg_per_m2": covariates["BMI"],
        "ada_ng_per_mL": covariates["ADAng"],
        "mayo": covariates["MAYO"],
        "steroid": covariates["STER"],
        "extensive": covariates["EXT"],
    }


def random_patients(seed: int) -> list[dict[str, float]]:
    """Return patients over the whole hard ranges."""
    rng = np.random.default_rng(seed)
    coded = ("sex", "ada_positive", "immunomodulator", "diagnosis", "steroid", "extensive")
    return [
        {
            "weight_kg": rng.uniform(10.0, 300.0),
            "albumin_g_per_L": rng.uniform(5.0, 70.0),
            "crp_mg_per_L": 10.0 ** rng.uniform(-2.0, 3.0),
            "fat_free_mass_kg": rng.uniform(8.0, 120.0),
            "bmi_kg_per_m2": rng.uniform(10.0, 60.0),
            "ada_ng_per_mL": 10.0 ** rng.uniform(-1.0, 4.0),
            "mayo": float(rng.integers(1, 4)),
            **{name: float(rng.integers(0, 2)) for name in coded},
        }
        for _ in range(N_PATIENTS)
    ]


def own_name(model: ModelSpec, name: str) -> str:
    """Return our name of a published parameter; the volume of one compartment is printed as V1."""
    return "v" if name == "V1" and "v" in {term.parameter for term in model.terms} else name.lower()


def test_the_twelve_complete_closed_form_models_are_shipped(published):
    complete = {
        model["id"] for model in published["models"] if model["complete"] and not isinstance(model["compartments"], str)
    }
    assert complete == set(IDS)


@pytest.mark.parametrize("name", IDS)
def test_typical_values_equal_the_published_equations_for_random_patients(published, name):
    model, equations = load_model(name), entry(published, name)["typical"]
    for patient in random_patients(seed=20260101):
        found = typical_parameters(model, patient)
        for parameter, equation in equations.items():
            if parameter in {"KA", "F"}:
                continue
            # The reference file holds its equations as Python expressions.
            expected = eval(equation, {"math": math, **published_names(patient)})  # noqa: S307
            assert found[own_name(model, parameter)] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", IDS)
def test_terms_of_many_patients_equal_those_of_each_and_sum_to_the_parameters(name):
    model, patients = load_model(name), random_patients(seed=20260102)
    together = log_typical_terms(model, {key: np.array([p[key] for p in patients]) for key in patients[0]})
    assert together.shape == (len(model.terms), N_PATIENTS)
    for index, patient in enumerate(patients):
        alone = log_typical_terms(model, patient)
        assert alone == pytest.approx(together[:, index], rel=1e-13, abs=1e-14)
        found = typical_parameters(model, patient)
        for parameter in {term.parameter for term in model.terms}:
            of_it = [value for term, value in zip(model.terms, alone, strict=True) if term.parameter == parameter]
            assert found[parameter] == pytest.approx(float(np.exp(of_it).sum()), rel=1e-12)


@pytest.mark.requirement("PK-04")
@pytest.mark.parametrize("name", IDS)
def test_check_patients_have_the_published_parameters_and_half_life(published, name):
    model, checks = load_model(name), entry(published, name)["check"]
    for case, expected in checks.items():
        found = typical_parameters(model, case_names(published["check_covariates"][case]))
        for parameter, value in expected.items():
            if parameter == "t_half_terminal_d":
                assert terminal_half_life(found) == pytest.approx(value, abs=5.1e-4)
            elif parameter not in {"KA", "F"}:
                assert found[own_name(model, parameter)] == pytest.approx(value, abs=5.1e-6)


@pytest.mark.parametrize("name", IDS)
def test_check_values_in_the_file_are_the_published_ones(published, name):
    model, reference = load_model(name), entry(published, name)["check"]
    of_reference = [check for check in model.checks if check.name in reference]
    assert len(of_reference) == len(reference)
    for check in of_reference:
        of_case = {
            own_name(model, key): value for key, value in reference[check.name].items() if key not in {"KA", "F"}
        }
        of_case["half_life_terminal_day"] = of_case.pop("t_half_terminal_d")
        assert check.expected == of_case
        patient = case_names(published["check_covariates"][check.name])
        assert check.covariates == {key: patient[key] for key in check.covariates}


@pytest.mark.parametrize("name", sorted(set(IDS) - {"ternant_2008", "song_2025", "hanzel_2021"}))
def test_variances_are_the_published_ones(published, name):
    model, iiv = load_model(name), entry(published, name)["iiv"]
    expected = {own_name(model, key): value for key, value in iiv.items()}
    omega = omega_matrix(model, {})
    assert set(model.etas) == set(expected)
    for index, eta in enumerate(model.etas):
        size = expected[eta]
        assert omega[index, index] == pytest.approx(size.get("omega2", math.log(1.0 + (size["cv_pct"] / 100.0) ** 2)))
    assert np.count_nonzero(omega) == len(model.etas)


def test_variances_of_ternant_depend_on_antibodies_and_sex(published):
    model, iiv = load_model("ternant_2008"), entry(published, "ternant_2008")["iiv"]
    assert model.etas == ("cl", "v1_weight", "v1_sex", "q", "v2")
    for ada, sex in ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)):
        names = ("CL_ADApos" if ada else "CL_ADAneg", "V1_wt", "V1_male" if sex else "V1_female", "Q", "V2")
        expected = np.diag([iiv[key]["omega2"] for key in names])
        assert omega_matrix(model, {"ada_positive": ada, "sex": sex}) == pytest.approx(expected)


def test_hanzel_keeps_the_correlation_of_clearance_and_volume_only(published):
    model, iiv = load_model("hanzel_2021"), entry(published, "hanzel_2021")["iiv"]
    assert model.etas == ("cl", "v1")
    var_cl, var_v1 = (math.log(1.0 + (iiv[key]["cv_pct"] / 100.0) ** 2) for key in ("CL", "V1"))
    covariance = iiv["correlations"]["CL-V1"] * math.sqrt(var_cl * var_v1)
    assert omega_matrix(model, {}) == pytest.approx(np.array([[var_cl, covariance], [covariance, var_v1]]))


def test_song_keeps_the_random_effect_on_clearance_only(published):
    model, iiv = load_model("song_2025"), entry(published, "song_2025")["iiv"]
    assert model.etas == ("cl",)
    assert omega_matrix(model, {})[0, 0] == pytest.approx(math.log(1.0 + (iiv["CL"]["cv_pct"] / 100.0) ** 2))


@pytest.mark.parametrize("name", sorted(set(IDS) - {"zhao_2026_pediatric"}))
def test_residual_error_is_the_published_one(published, name):
    residual = entry(published, name)["residual"]
    assert residual_sd_parameters(load_model(name)) == (residual.get("add_sd", 0.0), residual["prop_sd"])


def test_residual_error_of_zhao_is_by_assay_with_the_mean_variance_as_default(published):
    model = load_model("zhao_2026_pediatric")
    variances = entry(published, "zhao_2026_pediatric")["residual"]["by_assay_variance"]
    assert set(model.residual.by_assay) == set(variances)
    for assay, variance in variances.items():
        assert residual_sd_parameters(model, assay) == (0.0, pytest.approx(math.sqrt(variance)))
    mean = sum(variances.values()) / len(variances)
    assert residual_sd_parameters(model) == (0.0, pytest.approx(math.sqrt(mean)))


@pytest.mark.parametrize("name", [*IDS, "niyigena_2026_asuc"])
def test_structure_and_doi_are_the_published_ones(published, name):
    model, reference = load_model(name), entry(published, name)
    assert (model.structure.value == "two_compartment") == (reference["compartments"] == 2)
    assert model.doi == (reference["doi"] or "")


@pytest.mark.parametrize("name", ["niyigena_2026_asuc", "niyigena_2026_asuc_explog"])
def test_niyigena_has_the_estimates_of_its_table(published, name):
    model, reference = load_model(name), entry(published, "niyigena_2026_asuc")
    values = {value.name: value for value in model.parameters}
    names = {"cl": "CL", "v": "V", "cl_weight_kg": "WT_on_CL", "v_weight_kg": "WT_on_V", "cl_crp_mg_per_L": "CRP_on_CL"}
    for own, key in names.items():
        row = reference["parameters"][key]
        assert values[own].value == row["value"]
        assert values[own].rse_pct == row.get("rse_pct")
        assert values[own].is_fixed == row.get("fixed", False)
        assert list(values[own].bootstrap) == row.get("boot", [])
    for own, key in {"iiv_cl": "CL", "iiv_v": "V"}.items():
        row = reference["iiv"][key]
        assert (values[own].value, values[own].shrinkage_pct) == (row["cv_pct"], row["shrinkage_pct"])
    assert residual_sd_parameters(model) == (0.0, reference["residual"]["prop_sd"])
    assert omega_matrix(model, {}) == pytest.approx(np.diag(np.log1p(np.square([0.721, 0.878]))))

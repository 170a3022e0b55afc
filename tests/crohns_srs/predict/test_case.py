"""One sentence for each thing wrong in a case."""

from __future__ import annotations

import pytest

from crohns_srs.predict.case import read_case
from crohns_srs.predict.library import shipped_models
from pkpd.errors import InputError
from tests.crohns_srs.predict.cases import case_text

CONFIG = shipped_models().config


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_case(text, CONFIG)
    return [str(one) for one in caught.value.problems]


def test_values_are_centred_and_words_are_numbers():
    case = read_case(case_text(sex="male", year=2010), CONFIG)
    assert case.values == pytest.approx(
        {
            "Year_Cent": 10.0,
            "CDAI_baseline_Cent": 48.0,
            "Age_Cent": 35.0,
            "BMI_Cent": 2.0,
            "CRP_Cent": -1.27,
            "HxOfTNFi": 1.0,
            "Sex_Male": 1.0,
            "SteroidUse": 1.0,
            "ImmUse": 0.0,
            "Ileal": 0.0,
        }
    )
    assert case.imputed == ()


def test_what_is_not_known_is_told_and_not_only_filled_in():
    case = read_case('{"schema": "asuc-crohns-case/1", "age_year": 35, "cdai": null}', CONFIG)
    assert set(case.imputed) == {
        "cdai",
        "bmi_kg_per_m2",
        "crp_mg_per_L",
        "tnf_history",
        "sex",
        "steroid",
        "immunomodulator",
        "ileal",
    }
    assert case.values["Year_Cent"] == 6.0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"age_year": "70"}, 'age_year: "70"; expected a number year, or null'),
        ({"age_year": True}, "age_year: true; expected a number"),
        ({"age_year": -1}, "age_year: -1; expected 0 to 120 year, or null"),
        ({"crp_mg_per_L": 1e9}, "crp_mg_per_L: 1000000000.0; expected 0 to 1000 mg/L, or null"),
        ({"cdai": 10**400}, "cdai: 1000"),
        ({"sex": ["male"]}, "sex: [\"male\"]; expected 'female' or 'male', or null"),
        ({"sex": "F"}, "sex: \"F\"; expected 'female' or 'male', or null"),
        ({"steroid": 1}, "steroid: 1; expected true, false or null"),
        ({"steriod": True}, "steriod: unknown key; did you mean 'steroid'? expected one of schema"),
        ({"unavailable": ["anti_tnfi"]}, "unavailable#1: \"anti_tnfi\"; did you mean 'anti_tnf'? expected one of"),
        ({"unavailable": "anti_tnf"}, 'unavailable: "anti_tnf"; expected a list of anti_il12_23'),
        ({"unavailable": [["x"]]}, 'unavailable#1: ["x"]; expected one of'),
        ({"schema": "asuc-case/1"}, "schema: 'asuc-case/1'; expected 'asuc-crohns-case/1'"),
        ({"label": 3}, "label: 3; expected text"),
    ],
)
def test_each_fault_is_one_sentence(changes: dict[str, object], expected: str):
    found = problems(case_text(**changes))
    assert len(found) == 1
    assert found[0].startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is no JSON"),
        ("[1]", "holds list; expected a case"),
        ('{"schema": "asuc-crohns-case/1", "cdai": NaN}', "holds NaN, which is no number of JSON"),
        ('{"schema": "asuc-crohns-case/1", "cdai": 1, "cdai": 2}', "cdai: stands there twice"),
        ("[" * 100_000, "is nested too deeply"),
        ('{"schema": "asuc-crohns-case/1", "cdai": 1e999}', "cdai: Infinity; expected 0 to 1100"),
    ],
)
def test_what_is_no_case_is_refused(text: str, expected: str):
    assert problems(text)[0].startswith(expected)

"""Every refusal of the case reader: the field it names, the value it shows, and that all come at once."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import replace
from typing import Any

import pytest

from dosing_app.decision import case_model_checks
from dosing_app.decision.patient import read_case
from pkpd.errors import InputError
from pkpd.model.library import load_model

VALID: dict[str, Any] = {
    "schema": "asuc-case/1",
    "covariates": {"weight_kg": 63, "crp_mg_per_L": 30},
    "doses": [{"time_day": 0, "amount_mg": 600}, {"time_day": 7, "amount_mg": 600}],
    "planned": [{"time_day": 14, "amount_mg": 600}],
    "samples": [
        {"time_day": 3, "concentration_mg_per_L": 9.1, "lloq_mg_per_L": 0.4, "uloq_mg_per_L": 20},
        {"time_day": 13.9, "censored": "below", "lloq_mg_per_L": 0.4},
    ],
    "now_day": 14,
    "target": {"risk_day90": 0.2},
    "limits": {"vial_mg": 100},
}
ABSENT = object()


def changed(*changes: tuple[str, object]) -> dict[str, Any]:
    """Return the valid case with values put at paths such as ``samples.0.censored``, or taken away."""
    case = copy.deepcopy(VALID)
    for path, value in changes:
        *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        at: Any = case
        for step in parents:
            at = at[step]
        if value is ABSENT:
            del at[last]
        else:
            at[last] = value
    return case


def problems_of(source: Any) -> dict[str, str]:
    """Return the problems of a source by place."""
    with pytest.raises(InputError) as caught:
        read_case(source)
    assert all(str(problem).count("\n") == 0 for problem in caught.value.problems)
    return {problem.place: problem.message for problem in caught.value.problems}


REFUSED = [
    # names
    ("schema", "asuc-case/2", "schema", '"asuc-case/2"', 'expected "asuc-case/1"'),
    ("schema", ABSENT, "schema", "missing", "asuc-case/1"),
    ("model", "niyigena_2026", "model", '"niyigena_2026"', 'did you mean "niyigena_2026_asuc"'),
    ("model", "../x.toml", "model", '"../x.toml"', "is not a shipped model"),
    ("wieght", 1, "wieght", "not a key", "expected only schema"),
    ("sample", [], "sample", "not a key", 'did you mean "samples"'),
    ("weight_kg", 63, "weight_kg", "not a key", "it belongs in covariates"),
    ("covariates.wieght_kg", 1, "covariates.wieght_kg", "not a key", 'did you mean "weight_kg"'),
    ("covariates.crp", 1, "covariates.crp", "not a key", 'did you mean "crp_mg_per_L"'),
    ("doses.1.amount", 1, "doses[1].amount", "not a key", 'did you mean "amount_mg"'),
    ("samples.0.level", 1, "samples[0].level", "not a key", "concentration_mg_per_L"),
    ("target.risk", 0.2, "target.risk", "not a key", 'did you mean "risk_day90"'),
    ("limits.vial", 100, "limits.vial", "not a key", 'did you mean "vial_mg"'),
    ("two words", 1, '"two words"', "not a key", "expected only"),
    # amounts and other numbers
    ("doses.0.amount_mg", -600, "doses[0].amount_mg", "-600 is negative", "above 0"),
    ("doses.0.amount_mg", 0, "doses[0].amount_mg", "0 is zero", "above 0"),
    ("doses.0.amount_mg", 5000.5, "doses[0].amount_mg", "5000.5 is too large", "at most 5,000 mg"),
    ("doses.0.amount_mg", math.nan, "doses[0].amount_mg", "NaN is not a finite number", "above 0"),
    ("doses.0.amount_mg", math.inf, "doses[0].amount_mg", "Infinity is not a finite number", "above 0"),
    ("doses.0.amount_mg", "600", "doses[0].amount_mg", '"600" is text, not a number', "above 0"),
    ("doses.0.amount_mg", True, "doses[0].amount_mg", "true is not a number", "above 0"),
    ("doses.0.amount_mg", [600], "doses[0].amount_mg", "a list is not a number", "above 0"),
    ("doses.0.amount_mg", 10**400, "doses[0].amount_mg", "is too large", "above 0"),
    ("doses.0.amount_mg", -(10**400), "doses[0].amount_mg", "is negative", "above 0"),
    ("doses.0.amount_mg", ABSENT, "doses[0].amount_mg", "missing", "above 0"),
    ("doses.0.amount_mg", None, "doses[0].amount_mg", "missing", "above 0"),
    ("doses.0.duration_hour", 0, "doses[0].duration_hour", "0 is zero", "above 0"),
    ("doses.0.duration_hour", 25, "doses[0].duration_hour", "25 is too large", "24 hours"),
    ("doses.0.time_day", ABSENT, "doses[0].time_day", "missing", "days since the first infusion"),
    ("doses.0.time_day", -1, "doses[0].time_day", "-1 is negative", "from 0 to 3,650"),
    ("planned.0.time_day", 3651, "planned[0].time_day", "3651 is too large", "from 0 to 3,650"),
    ("planned.0.amount_mg", 6000, "planned[0].amount_mg", "6000 is too large", "at most 5,000 mg"),
    ("doses", [], "doses", "empty", "at least one"),
    ("doses", ABSENT, "doses", "missing", "at least one"),
    ("doses", {}, "doses", "an object is not a list", "a list"),
    ("doses.1", 600, "doses[1]", "600 is not an object", "each an object"),
    # order
    ("doses.0.time_day", 7.5, "doses[1].time_day", "7 is earlier than 7.5 in doses[0]", "in time order"),
    ("doses.1.time_day", 0, "doses[1].time_day", "0 repeats the time of doses[0]", "one row for each time"),
    ("samples.0.time_day", 13.95, "samples[1].time_day", "13.9 is earlier than 13.95", "in time order"),
    ("samples.1.time_day", 3, "samples[1].time_day", "3 is the time of samples[0] too", "each sample once"),
    ("doses.1.time_day", 15, "doses[1].time_day", "15 is after now_day 14", "at or before"),
    ("samples.1.time_day", 14.5, "samples[1].time_day", "14.5 is after now_day 14", "at or before"),
    ("planned.0.time_day", 13.5, "planned[0].time_day", "13.5 is before now_day 14", "at or after"),
    ("doses.1.time_day", 14, "planned[0].time_day", "14 is the time of the last given dose", "after it"),
    ("now_day", -1, "now_day", "-1 is negative", "from 0 to 3,650"),
    ("now_day", "today", "now_day", '"today" is text', "present time"),
    # samples
    ("samples.0.concentration_mg_per_L", -3, "samples[0].concentration_mg_per_L", "-3 is negative", "above 0 mg/L"),
    ("samples.0.concentration_mg_per_L", 0, "samples[0].concentration_mg_per_L", "0 is zero", "above 0 mg/L"),
    ("samples.0.concentration_mg_per_L", 1e5, "samples[0].concentration_mg_per_L", "too large", "10,000 mg/L"),
    ("samples.0.concentration_mg_per_L", 0.3, "samples[0].concentration_mg_per_L", "below lloq_mg_per_L 0.4", "below"),
    ("samples.0.concentration_mg_per_L", 21, "samples[0].concentration_mg_per_L", "above uloq_mg_per_L 20", "above"),
    ("samples.0.concentration_mg_per_L", ABSENT, "samples[0]", "neither of", "exactly one"),
    ("samples.0.censored", "above", "samples[0]", "both of", "exactly one"),
    ("samples.1.censored", "above", "samples[1].uloq_mg_per_L", "missing", "upper limit of quantification"),
    ("samples.1.lloq_mg_per_L", ABSENT, "samples[1].lloq_mg_per_L", "missing", "lower limit of quantification"),
    ("samples.1.lloq_mg_per_L", 0, "samples[1].lloq_mg_per_L", "0 is zero", "above 0"),
    ("samples.1.censored", "BLQ", "samples[1].censored", '"BLQ"', '"below"'),
    ("samples.1.censored", True, "samples[1].censored", "true", '"below"'),
    ("samples.0.lloq_mg_per_L", 20, "samples[0].lloq_mg_per_L", "20 is not below uloq_mg_per_L 20", "below the upper"),
    ("samples.0.time_day", 0, "samples[0].time_day", "0 is the very start of the first dose", "no drug"),
    ("doses.0.time_day", 3.5, "samples[0].time_day", "3 is before the first dose on day 3.5", "after it"),
    ("samples.0.exclude", True, "samples[0].exclude", "true is not text", "the reason"),
    ("samples.0.exclude", "  ", "samples[0].exclude", "empty", "the reason"),
    ("samples.0.assay", "", "samples[0].assay", "empty", "name of the assay"),
    # covariates
    ("covariates", ABSENT, "covariates", "missing", "an object"),
    ("covariates", [], "covariates", "a list is not an object", "an object"),
    ("covariates.weight_kg", 9.9, "covariates.weight_kg", "9.9 is too small", "from 10 to 300 kg"),
    ("covariates.weight_kg", 301, "covariates.weight_kg", "301 is too large", "from 10 to 300 kg"),
    ("covariates.weight_kg", "63", "covariates.weight_kg", '"63" is text', "from 10 to 300 kg"),
    ("covariates.crp_mg_per_L", 0, "covariates.crp_mg_per_L", "0 is zero", "above 0"),
    ("covariates.crp_mg_per_L", 1001, "covariates.crp_mg_per_L", "1001 is too large", "at most 1,000 mg/L"),
    ("covariates.albumin_g_per_L", 3.1, "covariates.albumin_g_per_L", "3.1 is too small", "from 5 to 70 g/L"),
    ("covariates.albumin_g_per_L", 71, "covariates.albumin_g_per_L", "71 is too large", "from 5 to 70 g/L"),
    ("covariates.sex", "m", "covariates.sex", '"m"', '"female" or "male"'),
    ("covariates.age_year", 121, "covariates.age_year", "121 is too large", "120 years"),
    ("covariates.height_cm", 1.7, "covariates.height_cm", "1.7 is too small", "250 cm"),
    ("covariates.bmi_kg_per_m2", 7, "covariates.bmi_kg_per_m2", "7 is too small", "kg/m2"),
    ("covariates.fat_free_mass_kg", 4, "covariates.fat_free_mass_kg", "4 is too small", "150 kg"),
    ("covariates.fat_free_mass_kg", 64, "covariates.fat_free_mass_kg", "64 is above weight_kg 63", "body weight"),
    ("covariates.height_cm", 60, "covariates.height_cm", "gives a body mass index of 175", "8 to 100"),
    ("covariates.ada_positive", "yes", "covariates.ada_positive", '"yes" is not true or false', "true or false"),
    ("covariates.ada_positive", 2, "covariates.ada_positive", "2 is not true or false", "true or false"),
    ("covariates.ada_ng_per_mL", 0, "covariates.ada_ng_per_mL", "0 is zero", "the limit of detection"),
    ("covariates.ada_ng_per_mL", -1, "covariates.ada_ng_per_mL", "-1 is negative", "ng/mL"),
    ("covariates.diagnosis", "uc", "covariates.diagnosis", '"uc"', '"UC" or "CD"'),
    ("covariates.mayo", 4, "covariates.mayo", "4 is too large", "1, 2 or 3"),
    ("covariates.mayo", 2.5, "covariates.mayo", "2.5 is not a whole number", "1, 2 or 3"),
    ("covariates_over_time", [{"time_day": 3}], "covariates_over_time[0]", "holds no covariate", "at least one"),
    # words and dates
    ("label", 7, "label", "7 is not text", "text"),
    ("label", "x" * 2001, "label", "too long", "2,000"),
    ("label", "\ud800", "label", "not text that can be written", "text"),
    ("start_date", "05.01.2026", "start_date", '"05.01.2026" is not a date', "YYYY-MM-DD"),
    ("start_date", "2026-02-30", "start_date", "is not a date", "YYYY-MM-DD"),
    ("start_date", "20260105", "start_date", "is not a date", "YYYY-MM-DD"),
    ("start_date", 2026, "start_date", "2026 is not a date", "YYYY-MM-DD"),
    ("heart_failure", "no", "heart_failure", '"no" is not true or false', "null (not known)"),
    ("heart_failure", 0, "heart_failure", "0 is not true or false", "null (not known)"),
    # target and limits
    ("target", 0.2, "target", "0.2 is not an object", "an object"),
    ("target.risk_day90", 0, "target.risk_day90", "0 is zero", "between 0 and 1"),
    ("target.risk_day90", 1, "target.risk_day90", "1 is too large", "between 0 and 1"),
    ("target.risk_day90", 20, "target.risk_day90", "20 is too large", "between 0 and 1"),
    ("target.confidence", 1, "target.confidence", "1 is too large", "between 0 and 1"),
    ("target.confidence", 0, "target.confidence", "0 is zero", "between 0 and 1"),
    ("target.criterion", "plugin", "target.criterion", '"plugin"', '"plug_in"'),
    ("limits.mg_per_kg_max", 0, "limits.mg_per_kg_max", "0 is zero", "100 mg/kg"),
    ("limits.mg_per_kg_max", 101, "limits.mg_per_kg_max", "101 is too large", "100 mg/kg"),
    ("limits.vial_mg", -100, "limits.vial_mg", "-100 is negative", "5,000 mg"),
    ("limits.dose_step_mg", 0.5, "limits.dose_step_mg", "0.5 is too small", "5,000 mg"),
    ("limits.gap_day_min", 0, "limits.gap_day_min", "0 is zero", "365 days"),
    ("limits.doses_max_28_day", 0, "limits.doses_max_28_day", "0 is zero", "1 to 28"),
    ("limits.doses_max_28_day", 2.5, "limits.doses_max_28_day", "2.5 is not a whole number", "1 to 28"),
    ("limits.first_day", -1, "limits.first_day", "-1 is negative", "0 to 3,650"),
    ("limits.days_allowed", 14, "limits.days_allowed", "14 is not a list", "a list with at least one"),
    ("limits.days_allowed", [], "limits.days_allowed", "empty", "at least one"),
    ("limits.days_allowed", [14, -1], "limits.days_allowed[1]", "-1 is negative", "0 to 3,650"),
    ("limits.weekdays_allowed", ["Mon"], "limits.weekdays_allowed", "without start_date", "day 0"),
    ("limits.weekdays_allowed", ["Mo"], "limits.weekdays_allowed[0]", '"Mo" is not a day of the week', '"Monday"'),
    ("limits.weekdays_allowed", [0], "limits.weekdays_allowed[0]", "0 is not text", '"Monday"'),
    ("limits.reference", "Label", "limits.reference", '"Label"', '"label"'),
]


@pytest.mark.requirement("DOSE-04", "BAD-01")
@pytest.mark.parametrize(("path", "value", "place", "found", "expected"), REFUSED)
def test_refusal_names_the_field_the_value_and_what_was_expected(
    path: str, value: object, place: str, found: str, expected: str
) -> None:
    problems = problems_of(changed((path, value)))
    assert place in problems
    message = problems[place]
    assert found in message
    assert expected in message


def test_valid_case_is_read() -> None:
    assert read_case(VALID).samples[0].concentration_mg_per_L == 9.1


def test_all_problems_come_at_once_in_the_order_of_the_case() -> None:
    case = changed(
        ("schema", "x"),
        ("covariates.weight_kg", 630),
        ("doses.0.amount_mg", "600"),
        ("doses.1.time_day", True),
        ("samples.1.concentration_mg_per_L", 3),
        ("samples.0.concentration_mg_per_L", -3),
        ("limits.weekdays_allowed", ["Mon"]),
        ("target.confidence", 2),
    )
    assert list(problems_of(case)) == [
        "schema",
        "covariates.weight_kg",
        "doses[0].amount_mg",
        "doses[1].time_day",
        "samples[0].concentration_mg_per_L",
        "samples[1]",
        "target.confidence",
        "limits.weekdays_allowed",
    ]


def test_a_wrong_time_does_not_make_other_rows_wrong() -> None:
    assert list(problems_of(changed(("doses.0.time_day", "0")))) == ["doses[0].time_day"]
    assert list(problems_of(changed(("now_day", ABSENT), ("samples.1.time_day", "13.9")))) == ["samples[1].time_day"]


def test_list_of_wrong_rows_is_not_called_empty() -> None:
    assert list(problems_of(changed(("doses", [1, 2])))) == ["doses[0]", "doses[1]"]


def test_planned_dose_before_the_default_of_now_day_is_refused() -> None:
    case = changed(("now_day", ABSENT), ("planned.0.time_day", 10))
    assert "10 is before now_day 13.9 (the latest given dose or sample" in problems_of(case)["planned[0].time_day"]


def test_sample_at_the_start_of_the_first_dose_may_be_below_the_limit_or_excluded() -> None:
    below = {"time_day": 0, "censored": "below", "lloq_mg_per_L": 0.4}
    above = {"time_day": 0, "censored": "above", "uloq_mg_per_L": 20}
    assert read_case(changed(("samples", [below]))).samples[0].censored == "below"
    assert read_case(changed(("samples", [above | {"exclude": "drawn from the infusion line"}])))
    assert "no drug" in problems_of(changed(("samples", [above])))["samples[0].time_day"]


def test_samples_share_a_time_only_across_assays_or_where_excluded() -> None:
    sample = {"time_day": 3, "concentration_mg_per_L": 9.1}
    assert read_case(changed(("samples", [sample | {"assay": "A"}, sample | {"assay": "B"}])))
    assert read_case(changed(("samples", [sample | {"exclude": "clotted"}, sample])))
    twice = [sample | {"exclude": "clotted"}] * 2
    assert list(problems_of(changed(("samples", twice)))) == ["samples[1].time_day"]


def test_a_crp_is_measured_or_below_its_limit() -> None:
    problems = problems_of(changed(("covariates.crp_below_mg_per_L", 5)))
    assert problems == {"covariates.crp_below_mg_per_L": "5 is given beside crp_mg_per_L 30; expected one of the two"}


def test_covariate_over_time_is_refused_by_name_where_the_model_does_not_read_it() -> None:
    case = changed(("covariates_over_time", [{"time_day": 7, "crp_mg_per_L": 12}]))
    message = problems_of(case)["covariates_over_time[0].crp_mg_per_L"]
    assert "model niyigena_2026_asuc does not read crp_mg_per_L over time" in message


@pytest.fixture
def varying_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the default model read CRP over time and know two assays."""
    model = load_model("niyigena_2026_asuc")
    crp = replace(model.covariates["crp_mg_per_L"], time_varying=True)
    residual = replace(model.residual, by_assay={"ELISA": (0.1, 0.2), "LC-MS": (0.0, 0.1)})
    varying = replace(model, covariates={**model.covariates, "crp_mg_per_L": crp}, residual=residual)
    monkeypatch.setattr(case_model_checks, "load_model", lambda _: varying)


@pytest.mark.usefixtures("varying_model")
def test_covariate_over_time_is_read_where_the_model_declares_it() -> None:
    rows = [{"time_day": 0, "crp_mg_per_L": 30}, {"time_day": 7, "crp_mg_per_L": 12}]
    assert read_case(changed(("covariates_over_time", rows))).covariates_over_time[1].crp_mg_per_L == 12


@pytest.mark.usefixtures("varying_model")
def test_covariates_over_time_keep_order_and_agree_with_the_start() -> None:
    rows = [{"time_day": 0, "crp_mg_per_L": 31}, {"time_day": 0, "crp_mg_per_L": 30, "weight_kg": 60}]
    problems = problems_of(changed(("covariates_over_time", rows)))
    assert "31 on day 0 is not 30 as in covariates" in problems["covariates_over_time[0].crp_mg_per_L"]
    assert "0 repeats the time" in problems["covariates_over_time[1].time_day"]
    assert "60 on day 0 is not 63" in problems["covariates_over_time[1].weight_kg"]


@pytest.mark.usefixtures("varying_model")
def test_unknown_assay_is_refused_with_the_known_ones() -> None:
    message = problems_of(changed(("samples.0.assay", "Elisa")))["samples[0].assay"]
    assert message == '"Elisa" is not an assay of model niyigena_2026_asuc; expected one of "ELISA", "LC-MS", or none'


def test_assay_is_a_note_where_the_model_has_one_error_for_all() -> None:
    assert read_case(changed(("samples.0.assay", "Quantum Blue"))).samples[0].assay == "Quantum Blue"


def test_body_that_a_model_would_derive_as_impossible_is_refused() -> None:
    light = {"weight_kg": 10, "bmi_kg_per_m2": 100, "sex": "female"}
    assert "gives a fat-free mass of 2.79 kg" in problems_of(changed(("covariates", light)))["covariates.weight_kg"]


@pytest.mark.parametrize(
    ("source", "place", "message"),
    [
        (b"", "case", "nothing was given"),
        ("  \n", "case", "nothing was given"),
        (None, "case", "the top level is null"),
        ([], "case", "the top level is a list"),
        ("[]", "case", "the top level is a list"),
        ("3", "case", "the top level is 3"),
        ('"x"', "case", 'the top level is "x"'),
        ("NaN", "case", "the top level is NaN"),
        (b"\xff\xfe{\x00}\x00", "case", "byte 0xff at position 0 is not UTF-8"),
        ('{"label": "Jos\xe9"}'.encode("latin-1"), "case", "byte 0xe9 at position 14 is not UTF-8"),
        ('{"schema": 1,\n "label": }', "line 2, column 11", "a value is missing"),
        ('{"schema": 1', "line 1, column 13", "a comma or a closing bracket is missing"),
        ('{"schema" 1}', "line 1, column 11", "a colon"),
        ("{schema: 1}", "line 1, column 2", "a key in double quotes is missing"),
        ('{"a": 1} {}', "line 1, column 10", "text after the end"),
        ('{"a": "1}', "line 1, column 7", "no closing quote"),
        ('{"a": "\n"}', "line 1, column 8", "a line break or control character"),
        ('{"a": "\\x"}', "line 1, column 8", "a backslash"),
        ("[" * 100_000, "case", "nested too deep"),
        ('{"a":' * 50 + "1" + "}" * 50, "a.a", "nested more than 8 levels deep"),
        ({1: 2}, "case", "the key 1 is not text"),
        ('{"schema": "asuc-case/1", "schema": "asuc-case/1"}', "schema", "more than once"),
    ],
)
def test_what_is_no_case_at_all_is_refused_with_its_place(source: object, place: str, message: str) -> None:
    assert message in problems_of(source)[place]


def test_repeated_keys_are_refused_in_every_object() -> None:
    text = json.dumps(VALID).replace('"amount_mg": 600}', '"amount_mg": 600, "amount_mg": 700}', 1)
    assert list(problems_of(text)) == ["doses[0].amount_mg"]


@pytest.mark.parametrize(
    ("literal", "found"),
    [
        ("NaN", "NaN is not a finite number"),
        ("-Infinity", "-Infinity is not a finite number"),
        ("1e999", "1e999 is too large to be read"),
        ("1e-999", "1e-999 is too small to be told from zero"),
        ("9" * 5000, "is too large to be read"),
    ],
)
def test_number_that_no_float_holds_is_refused(literal: str, found: str) -> None:
    text = json.dumps(VALID).replace('"amount_mg": 600', f'"amount_mg": {literal}', 1)
    assert found in problems_of(text)["doses[0].amount_mg"]


def test_cyclic_dictionary_is_refused() -> None:
    case = changed()
    case["label"] = case
    assert any("nested more than 8 levels" in message for message in problems_of(case).values())


def test_value_of_another_python_type_is_refused() -> None:
    assert "a Python complex is not a number" in problems_of(changed(("now_day", 1j)))["now_day"]

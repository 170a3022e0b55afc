"""What the reader gives: values as given, defaults, codes, and a file that reads back as the same case."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

import dosing_app
from dosing_app.decision.case_schema import CaseDose, CaseLimits, CaseTarget
from dosing_app.decision.patient import PatientCase, case_json_schema, numeric_covariates, read_case, to_json
from pkpd.model.covariate import is_possible
from pkpd.model.library import load_model, model_names

MINIMAL = {"schema": "asuc-case/1", "covariates": {}, "doses": [{"time_day": 0, "amount_mg": 600}]}
EXAMPLES = sorted((Path(dosing_app.__file__).parent / "examples").glob("*.json"))
SCHEMA_FILE = Path(dosing_app.__file__).parents[1] / "docs" / "schema" / "asuc-case-1.schema.json"


def test_only_schema_doses_and_covariates_are_required() -> None:
    case = read_case(MINIMAL)
    assert case.model == "niyigena_2026_asuc"
    assert case.doses == (CaseDose(time_day=0, amount_mg=600, duration_hour=2),)
    assert (case.planned, case.samples, case.covariates_over_time) == ((), (), ())
    assert (case.label, case.start_date, case.heart_failure) == (None, None, None)
    assert case.target == CaseTarget(risk_day90=0.2, confidence=0.5, criterion="posterior")
    assert case.limits == CaseLimits(
        mg_per_kg_max=10,
        vial_mg=100,
        dose_step_mg=100,
        gap_day_min=3,
        doses_max_28_day=3,
        first_day=None,
        days_allowed=None,
        weekdays_allowed=None,
        reference="planned",
    )


def test_now_is_by_default_the_latest_given_dose_or_sample() -> None:
    sample = {"time_day": 5.5, "concentration_mg_per_L": 9}
    later_dose = [{"time_day": 0, "amount_mg": 600}, {"time_day": 7, "amount_mg": 600}]
    assert read_case(MINIMAL).now_day == 0
    assert read_case(MINIMAL | {"samples": [sample]}).now_day == 5.5
    assert read_case(MINIMAL | {"samples": [sample], "doses": later_dose}).now_day == 7
    assert read_case(MINIMAL | {"samples": [sample], "now_day": 6}).now_day == 6


def test_partial_target_and_limits_keep_the_other_defaults() -> None:
    case = read_case(MINIMAL | {"target": {"confidence": 0.9}, "limits": {"gap_day_min": 2.5}})
    assert case.target == CaseTarget(confidence=0.9)
    assert case.limits == CaseLimits(gap_day_min=2.5)


def test_null_of_an_optional_key_is_as_if_it_were_absent() -> None:
    nulls = {"now_day": None, "model": None, "planned": None, "samples": None, "label": None, "target": None}
    nulls |= {"limits": {"first_day": None, "vial_mg": None}, "heart_failure": None, "start_date": None}
    nulls |= {"covariates": {"weight_kg": None}, "doses": [{"time_day": 0, "amount_mg": 600, "duration_hour": None}]}
    assert read_case(MINIMAL | nulls) == read_case(MINIMAL)


def test_first_dose_after_day_0_is_possible() -> None:
    assert read_case(MINIMAL | {"doses": [{"time_day": 2, "amount_mg": 600}]}).doses[0].time_day == 2


def test_infusions_may_overlap() -> None:
    doses = [{"time_day": 0, "amount_mg": 300, "duration_hour": 24}, {"time_day": 0.5, "amount_mg": 300}]
    assert len(read_case(MINIMAL | {"doses": doses}).doses) == 2


def test_byte_order_mark_is_accepted_in_bytes_and_text() -> None:
    text = json.dumps(MINIMAL | {"label": "é"}, ensure_ascii=False)
    assert read_case(text.encode("utf-8-sig")) == read_case("\ufeff" + text) == read_case(text)


def test_source_is_left_as_it_was() -> None:
    source = json.loads(json.dumps(MINIMAL | {"limits": {"first_day": None}}))
    before = json.dumps(source)
    read_case(source)
    assert json.dumps(source) == before


def test_case_cannot_be_changed_in_place() -> None:
    case = read_case(MINIMAL)
    with pytest.raises(ValidationError):
        case.now_day = 3  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(ValidationError):
        case.limits.vial_mg = 50  # pyright: ignore[reportAttributeAccessIssue]
    assert hash(case) == hash(read_case(MINIMAL))


def test_covariates_are_coded_for_the_engine() -> None:
    covariates = {"sex": "male", "diagnosis": "CD", "steroid": True, "extensive": False, "mayo": 2, "weight_kg": 63}
    coded = numeric_covariates(read_case(MINIMAL | {"covariates": covariates}))
    given = {"sex": 1.0, "diagnosis": 1.0, "steroid": 1.0, "extensive": 0.0, "mayo": 2.0, "weight_kg": 63.0}
    assert coded == dict.fromkeys(coded) | given
    assert list(coded) == [
        "weight_kg",
        "crp_mg_per_L",
        "albumin_g_per_L",
        "sex",
        "age_year",
        "height_cm",
        "bmi_kg_per_m2",
        "fat_free_mass_kg",
        "ada_positive",
        "ada_ng_per_mL",
        "immunomodulator",
        "steroid",
        "extensive",
        "diagnosis",
        "mayo",
    ]
    others = numeric_covariates(read_case(MINIMAL | {"covariates": {"sex": "female", "diagnosis": "UC"}}))
    assert (others["sex"], others["diagnosis"]) == (0.0, 0.0)


@pytest.mark.parametrize(("limit", "taken"), [(5, 1.5), (1.5, 1.5), (0.6, 0.6)])
def test_a_crp_below_its_limit_is_taken_where_the_data_begin(limit: float, taken: float) -> None:
    case = read_case(MINIMAL | {"covariates": {"crp_below_mg_per_L": limit}})
    assert numeric_covariates(case)["crp_mg_per_L"] == taken
    assert case.covariates.crp_mg_per_L is None


def test_yes_or_no_may_be_written_as_1_or_0() -> None:
    case = read_case(MINIMAL | {"covariates": {"ada_positive": 1, "steroid": 0, "mayo": 3.0}})
    assert (case.covariates.ada_positive, case.covariates.steroid, case.covariates.mayo) == (True, False, 3)


def test_days_of_the_week_are_read_short_or_full_in_any_case() -> None:
    limits = {"weekdays_allowed": ["Mon", "thursday", "SUN"]}
    case = read_case(MINIMAL | {"limits": limits, "start_date": "2026-01-05"})
    assert case.limits.allowed_weekday_numbers() == {0, 3, 6}
    assert case.limits.weekdays_allowed == ("Mon", "thursday", "SUN")
    assert case.start_date == date(2026, 1, 5)
    assert read_case(MINIMAL).limits.allowed_weekday_numbers() is None


def test_file_holds_what_was_given_and_no_default() -> None:
    given = MINIMAL | {"label": "Zoë", "now_day": 3, "limits": {"gap_day_min": 2.5, "days_allowed": [14, 21.5]}}
    assert json.loads(to_json(read_case(given))) == given
    assert '"amount_mg":600}' in to_json(read_case(given), indent=None).replace(" ", "")


def test_changed_case_is_written_with_its_change() -> None:
    changed = read_case(MINIMAL).model_copy(update={"planned": (CaseDose(time_day=14, amount_mg=700),), "now_day": 2.0})
    again = read_case(to_json(changed))
    assert again == changed
    assert (again.planned[0].amount_mg, again.now_day) == (700, 2)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_case_is_valid_and_survives_a_round_trip(path: Path) -> None:
    case = read_case(path.read_bytes())
    assert read_case(to_json(case)) == case
    assert json.loads(to_json(case)) == {
        key: value for key, value in json.loads(path.read_bytes()).items() if value is not None
    }


def test_examples_show_what_their_names_say() -> None:
    cases = {path.stem: read_case(path.read_bytes()) for path in EXAMPLES}
    assert {"typical", "fast_clearance", "all_samples_censored", "contradictory_samples", "target_out_of_reach"} == set(
        cases
    )
    assert all(sample.censored for sample in cases["all_samples_censored"].samples)
    first, second = cases["contradictory_samples"].samples
    assert (first.concentration_mg_per_L or 0) < (second.concentration_mg_per_L or 0)
    assert len(cases["contradictory_samples"].doses) == 1


@pytest.mark.parametrize("name", model_names())
def test_every_covariate_that_a_case_may_hold_is_possible_for_every_model(name: str) -> None:
    for covariate, domain in load_model(name).covariates.items():
        limits = _limits(covariate)
        assert all(is_possible(domain, value) for value in limits), f"{covariate}: {limits} against {domain.hard_range}"


def _limits(covariate: str) -> list[float]:
    """Return values at both ends of what a case may hold, as the engine codes them."""
    ends = {
        "weight_kg": (10, 300),
        "crp_mg_per_L": (1e-3, 1000),
        "albumin_g_per_L": (5, 70),
        "sex": ("female", "male"),
        "age_year": (0, 120),
        "height_cm": (30, 250),
        "bmi_kg_per_m2": (8, 100),
        "fat_free_mass_kg": (5, 150),
        "ada_ng_per_mL": (1e-3, 1e6),
        "diagnosis": ("UC", "CD"),
        "mayo": (1, 3),
    }.get(covariate, (False, True))
    cases = [read_case(MINIMAL | {"covariates": {covariate: end}}) for end in ends]
    return [value for case in cases if (value := numeric_covariates(case)[covariate]) is not None]


def test_stored_json_schema_is_current() -> None:
    command = "python -c 'from dosing_app.decision.patient import case_json_schema as s; print(s(), end=\"\")'"
    assert SCHEMA_FILE.read_text(encoding="utf-8") == case_json_schema(), f"write {SCHEMA_FILE.name} with: {command}"


def test_json_schema_knows_every_key_and_the_required_ones() -> None:
    schema = json.loads(case_json_schema())
    assert list(schema["properties"]) == list(PatientCase.known_keys())
    assert schema["required"] == ["schema", "covariates", "doses"]
    assert schema["additionalProperties"] is False


def test_case_of_ten_thousand_samples_is_read_within_a_second() -> None:
    samples = [
        {"time_day": 0.1 + 0.2 * row, "concentration_mg_per_L": 5, "lloq_mg_per_L": 0.4} for row in range(10_000)
    ]
    text = json.dumps(MINIMAL | {"samples": samples})
    read_case(text)
    # The fastest of three: the others measure how busy the machine is.
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        assert len(read_case(text).samples) == 10_000
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 1


def test_reading_a_case_loads_no_numerical_library_that_it_does_not_use() -> None:
    program = (
        "import sys, dosing_app.decision.patient; "
        "print([name for name in ('pandas', 'scipy', 'numba', 'dash', 'plotly') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    assert found.stdout.strip() == "[]"

"""The numbers of the report are those of the forecast and of the view; nothing of a case is left out."""

from __future__ import annotations

import hashlib
import json
import math
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from dosing_app.decision.case_schema import CaseTarget
from dosing_app.decision.examples import example_case, example_names
from dosing_app.decision.patient import canonical_json, read_case, to_json
from dosing_app.decision.result_json import forecast_json
from dosing_app.findings.numbers import figures, interval_text, one_percent, percent
from dosing_app.report.content import ReportContent, case_hash
from dosing_app.ui.reading import read_screen
from dosing_app.ui.state import screen_from_case
from tests.dosing_app.findings.computed_cases import computed
from tests.dosing_app.report.reports import BARE, SOFTWARE, UNCALIBRATED, UNEXPLAINED, example_report, report_of

NAMES = example_names()
PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "report.md"
IN_JSON = {"Clearance": "cl_L_per_day", "Volume": "v_L", "Half-life": "half_life_day"}


def document(name: str) -> dict[str, Any]:
    view, _, average = computed(name)
    return forecast_json(view.forecast, average, view.warnings)


def method_of(content: ReportContent) -> dict[str, str]:
    return {fact.name: fact.value for fact in content.method}


@pytest.mark.parametrize("name", NAMES)
def test_the_risk_is_that_of_the_forecast(name: str):
    content, posterior = example_report(name), document(name)["posterior"]
    total, from_now = posterior["risk_day90_total"], posterior["risk_from_now_total"]

    assert content.risk.interval == interval_text(total["q05"], total["q95"])
    assert one_percent(total["q50"]) in content.risk.middle
    assert interval_text(from_now["q05"], from_now["q95"]) in content.risk.from_now
    chance = posterior["probability_target"]
    assert f" {percent(max(chance, 1.0 - chance))} chances in 100" in content.risk.answers[0]
    quantiles = ("q05", "q25", "q50", "q75", "q95")
    rows = content.risks.rows
    assert rows[0][1:] == tuple(percent(total[q]) for q in quantiles)
    assert rows[1][1:] == tuple(percent(posterior["risk_day90"][q]) for q in quantiles)


@pytest.mark.parametrize("name", NAMES)
def test_the_other_form_of_crp_stands_with_its_weight(name: str):
    view, _, average = computed(name)
    content = example_report(name)
    (other_id, other), *_ = view.other_forms.items()
    weight = next(one.weight for one in average.views if one.model.id == other_id)

    spread = interval_text(float(other.quantiles[0]), float(other.quantiles[-1]))
    assert method_of(content)["levels alone, other form of CRP"] == f"{spread}, weight {one_percent(weight)}"
    assert content.risks.rows[2][1:] == tuple(percent(float(value)) for value in other.quantiles)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_those_of_the_forecast(name: str):
    made, rows = document(name), example_report(name).parameters.rows
    by_name = {row[0].partition(" ")[0]: row for row in rows}
    for label, key in IN_JSON.items():
        _, before, best, middle, spread, _ = by_name[label]
        marginal = made["posterior"][key]
        assert before == figures(made["a_priori"][key])
        assert best == figures(made["map"][key])
        assert middle == figures(marginal["q50"])
        assert spread == f"{figures(marginal['q05'])}–{figures(marginal['q95'])}"
    area, ratio = rows[-2], rows[-1]
    assert area[2] == figures(made["exposure"]["auc_day14_28_mg_day_per_L"])
    assert area[3] == figures(made["posterior"]["auc_day14_28_mg_day_per_L"]["q50"])
    assert float(ratio[2]) == pytest.approx(made["exposure"]["log_auc_cl"], abs=0.005)
    assert float(ratio[3]) == pytest.approx(made["posterior"]["log_auc_cl"]["q50"], abs=0.005)


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_those_of_the_forecast(name: str):
    made, content = document(name), example_report(name)
    used = [row for row in content.samples.rows if len(row) == len(content.samples.titles)]
    for row, sample in zip(used, made["samples"], strict=True):
        before, percentile, best, residual, here = row[-5:]
        assert before == figures(sample["prediction_a_priori"])
        assert percentile == f"{sample['a_priori_percentile']:.0f}"
        assert best == figures(sample["prediction_map"])
        assert (residual == "–") == (sample["residual"] is None)
        if sample["residual"] is not None:
            assert float(residual.replace("−", "-")) == pytest.approx(sample["residual"], abs=0.05)
        low, high = here.partition("(")[2].rstrip(")").split("–")
        assert float(low.replace(",", "")) <= float(high.replace(",", ""))


@pytest.mark.parametrize("name", NAMES)
def test_regimens_are_those_of_the_search(name: str):
    _, search, _ = computed(name)
    content = example_report(name)
    assert search is not None
    assert content.regimens is not None
    named = {regimen.rank: regimen for regimen in search.regimens if regimen.kind}
    assert len(content.regimens.table.rows) == len(named)
    for row in content.regimens.table.rows:
        chance, spread = row[4].removesuffix(" in 100"), row[6]
        assert any(
            chance == percent(one.probability_target)
            and spread == interval_text(one.risk_day90.q05, one.risk_day90.q95)
            for one in named.values()
        )
    assert len(content.regimens.remarks) >= len(search.warnings) + len(search.relaxations)


@pytest.mark.parametrize("name", NAMES)
def test_everything_entered_and_every_warning_is_in_it(name: str):
    view, _, _ = computed(name)
    case, content = view.forecast.case, example_report(name)

    assert len(content.doses.rows) == len(case.doses) + len(case.planned)
    assert len(content.samples.rows) == len(case.samples)
    entered = [value for value in case.covariates.model_dump().values() if value is not None]
    assert len(content.inputs) >= len(entered) + 4
    assert len(content.checks) + len(content.notes) == len(view.warnings)
    assert content.label == case.label


def test_an_excluded_sample_stands_with_its_reason_in_the_table_and_among_what_was_left_out():
    content = example_report("typical")

    assert content.samples.rows[0][-1] == "not used: drawn from the infusion line"
    assert "Sample of day 1, >20 mg/L, not used: “drawn from the infusion line”." in content.left_out
    assert "Level of day 6.9 counts as above its assay's limit, not as a number." in content.left_out


def test_an_imputed_covariate_is_named_with_the_value_assumed():
    content = report_of(BARE)

    imputed = next(fact for fact in content.inputs if fact.name == "Imputed")
    assert (imputed.value, imputed.remark) == ("Weight: 63 kg", "the model's median")
    assert content.left_out[0].startswith("Weight: not entered, 63 kg assumed, the model's median.")
    assert ("CRP", "<3 mg/L") in [(fact.name, fact.value) for fact in content.inputs]


def test_dates_stand_beside_days_where_day_0_has_one():
    content = report_of(BARE)

    assert content.doses.rows[0][:2] == ("0", "2026-01-05")
    assert ("Date of day 0", "2026-01-05 08:30") in [(fact.name, fact.value) for fact in content.inputs]


def test_limits_and_target_are_written_down():
    regimens = report_of(BARE).regimens
    assert regimens is not None

    assert regimens.asked == (
        "target 20 % by day 90 at the best estimate; at most 10 mg/kg, vials of 100 mg, steps of 100 mg, gap 3 days, "
        "3 infusions in 28 days; from day 9; days 14, 15.5; Mon only"
    ).replace(" %", "\u202f%")


def test_no_name_of_the_file_is_in_a_remark_of_the_search():
    regimens = report_of(BARE).regimens
    assert regimens is not None

    assert not [remark for remark in regimens.remarks if "_" in remark]


def test_a_case_outside_the_study_says_so_in_the_headline():
    assert example_report("fast_clearance").risk.outside == "outside the study's range"
    assert example_report("typical").risk.outside == ""


def test_without_a_sample_the_middle_of_this_patient_is_left_out_and_the_log_evidence_is_no_minus_zero():
    content = report_of(BARE)

    assert {row[3] for row in content.parameters.rows} == {"–"}
    assert method_of(content)["Log evidence of the levels"] == "0.00"


def test_a_model_that_no_risk_is_calibrated_for_has_neither_risk_nor_regimens():
    content = report_of(UNCALIBRATED)

    assert (content.risk.interval, content.risks.rows, content.regimens) == ("", (), None)
    assert "not calibrated" in content.risk.sentences[0]


def test_samples_that_nothing_explains_leave_dashes():
    content = report_of(UNEXPLAINED)

    assert content.risk.answers[0].startswith("No parameter values explain these samples.")
    assert {row[3:5] for row in content.parameters.rows} == {("–", "–")}
    assert not [cell for row in content.parameters.rows for cell in row if "nan" in cell]


def test_model_versions_hashes_and_the_case_are_named():
    view, _, _ = computed("typical")
    content, model = example_report("typical"), view.forecast.model
    case = example_case("typical")

    assert content.case_sha256 == case_hash(case) == hashlib.sha256(canonical_json(case).encode()).hexdigest()
    for text in (model.version, model.sha256[:8], SOFTWARE, content.case_sha256[:8]):
        assert text in content.identity
    everything = " ".join(content.sources)
    for text in (model.sha256, view.forecast.event_model.sha256, content.case_sha256, model.citation):
        assert text in everything
    assert content.computed == "Computed 2026-11-20 14:05+01:00"


@pytest.mark.parametrize("name", NAMES)
def test_the_checksum_of_a_case_does_not_depend_on_who_wrote_its_file(name: str):
    case = example_case(name)
    on_screen = read_screen(screen_from_case(case)).case
    assert on_screen is not None
    backwards = dict(reversed(json.loads(to_json(case)).items()))

    assert case_hash(read_case(to_json(on_screen))) == case_hash(case)
    assert case_hash(read_case(backwards | {"target": {}, "heart_failure": case.heart_failure})) == case_hash(
        case.model_copy(update={"target": CaseTarget()})
    )


def test_the_checksum_of_a_case_is_that_of_its_values():
    case = read_case(BARE)
    same = BARE | {"doses": [{"amount_mg": 3e2, "time_day": 0.0, "duration_hour": 2}], "planned": [], "now_day": 0}

    assert case_hash(read_case(same)) == case_hash(case)
    assert case_hash(read_case(BARE | {"label": "another"})) != case_hash(case)
    assert case_hash(read_case(BARE | {"doses": [{"time_day": 0, "amount_mg": 300.5}]})) != case_hash(case)


def test_the_page_says_how_to_compute_the_checksum():
    snippet = re.search(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert snippet is not None
    said: dict[str, Any] = {"CASE": str(files("dosing_app").joinpath("examples", "typical.json"))}

    exec(snippet.group(1).replace('"CASE.json"', "CASE"), said)  # noqa: S102 - the page's own lines

    assert said["checksum"] == case_hash(example_case("typical"))


def test_numbers_are_written_as_the_language_writes_them():
    rows = example_report("typical", "de").parameters.rows

    assert rows[0][1] == figures(computed("typical")[0].forecast.a_priori["cl"]).replace(".", ",")
    assert math.isfinite(float(rows[0][1].replace(",", ".")))

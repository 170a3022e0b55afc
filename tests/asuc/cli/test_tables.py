"""What people read of forecasts, regimens and models."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache

import pytest

from asuc.cli import run
from asuc.cli.forecast_tables import print_forecast
from asuc.cli.regimen_tables import print_regimens
from asuc.cli.remarks import limited
from asuc.cli.wording import interval, percent, percent_interval
from dosing_app.decision.applicability import check_case
from dosing_app.decision.case_warning import note
from dosing_app.decision.examples import example_case
from dosing_app.decision.forecast import forecast
from dosing_app.decision.regimen_search import find_regimens
from dosing_app.decision.sensitivity import compare_models
from dosing_app.language import Message, message
from pkpd.errors import QuadratureStatus
from pkpd.model import model_names
from tests.asuc.shell import FAST, TYPICAL
from tte import load_event_model

WIDTHS = [40, 60, 80, 100, 140]
EVENT_MODEL = load_event_model()


@cache
def search():
    case = example_case("fast_clearance")
    return case, find_regimens(case, EVENT_MODEL)


@pytest.fixture
def shown(capsys, monkeypatch):
    """Return a function that runs a command at a width and returns its output as words and as lines."""

    def show(*arguments: str, width: int = 140) -> tuple[str, list[str]]:
        monkeypatch.setenv("COLUMNS", str(width))
        assert run(list(arguments)) == 0
        out = capsys.readouterr().out
        return " ".join(out.split()), out.splitlines()

    return show


def printed(capsys, monkeypatch, case) -> str:
    monkeypatch.setenv("COLUMNS", "140")
    result = forecast(case, EVENT_MODEL)
    print_forecast(result, compare_models(case, EVENT_MODEL), check_case(result))
    return capsys.readouterr().out


@pytest.mark.parametrize("width", WIDTHS)
def test_every_regimen_is_whole_at_every_width(shown, width):
    _, result = search()
    words, lines = shown("optimize", str(FAST), width=width)
    assert max(map(len, lines)) <= width
    assert "…" not in words
    for regimen in result.regimens:
        head = f"{regimen.rank}. {regimen.doses[0].amount_mg:g} mg d{regimen.doses[0].time_day:g}"
        row = words[words.index(head) :]
        for text in (f"{regimen.total_mg:g} mg", f"{regimen.probability_target * 100:.0f} in 100"):
            assert text in row


def test_a_narrow_terminal_shows_everything_of_a_regimen(shown):
    words, _ = shown("optimize", str(FAST), width=60)
    first = words[words.index("1. ") : words.index("2. ")].strip()
    kinds = "nearest, every 7 days"
    assert first == (
        "1. 700 mg d14 + 400 mg d42 drug: 700 mg; added: +300 mg; chance: 33 in 100; risk, 90 %: 9 to 51 %; "
        f"why: {kinds}: nearest to the target; no regimen within the limits reaches it"
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_forecast_and_models_are_whole_at_every_width(shown, width):
    for arguments in (["forecast", str(TYPICAL)], ["models"], ["models", "fasanmade_2011_combined"]):
        words, lines = shown(*arguments, width=width)
        assert max(map(len, lines)) <= width
        assert "…" not in words.replace("SHA-256", "").split("Published")[-1]
        if arguments != ["models", "fasanmade_2011_combined"]:
            assert all(name in words for name in model_names())


def test_piped_output_is_a_table_that_is_wide_enough(monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS", raising=False)

    def no_terminal(_: int) -> None:
        raise OSError

    monkeypatch.setattr("asuc.cli.layout.os.get_terminal_size", no_terminal)
    assert run(["optimize", str(FAST)]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if re.match(r"\d\. ", line)]
    assert len(rows) == len(search()[1].regimens)
    assert all(re.search(r" in 100 +\d+ to \d+ % +\w+", row) for row in rows)


def test_the_exposure_at_the_mode_is_that_of_the_forecast(shown):
    words, _ = shown("forecast", str(TYPICAL))
    exposure = forecast(example_case("typical"), EVENT_MODEL).exposure
    assert f"AUC, mg·day/L {math.exp(exposure.map_log_auc):.0f} " in words
    assert f"ln(AUC/CL) {exposure.map_log_auc_cl:.3g} " in words


def test_no_drug_in_the_window_is_said_in_words(capsys, monkeypatch):
    case = example_case("typical")
    late = case.doses[0].model_copy(update={"time_day": 40.0})
    case = case.model_copy(update={"doses": (late,), "planned": (), "samples": (), "now_day": 41.0})
    words = " ".join(printed(capsys, monkeypatch, case).split())
    assert "AUC, mg·day/L no drug no drug no drug ln(AUC/CL) no drug no drug no drug" in words


def test_samples_that_nothing_explains_leave_dashes_and_a_sentence(capsys, monkeypatch):
    case = example_case("typical")
    at_once = {"time_day": 0.0, "concentration_mg_per_L": 9.0, "censored": None}
    case = case.model_copy(update={"samples": (case.samples[1].model_copy(update=at_once),)})
    out = printed(capsys, monkeypatch, case)
    assert out.startswith(QuadratureStatus.NO_MASS.value)
    assert re.search(r"Clearance, L/day +0\.49 +– +– +–\n", out)
    assert re.search(r"AUC, mg·day/L +– +– +–\n", out)
    assert not re.search(r"\b(nan|inf)\b", out)
    assert "Left out of the comparison: dubinsky_2017, niyigena_2026_asuc, " in out


def test_risks_near_0_and_1_are_not_called_certain(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    case, result = search()
    first = result.regimens[0]
    sure = replace(first, risk_day90=replace(first.risk_day90, q05=0.0001, q95=0.9999), probability_target=0.9999)
    print_regimens(replace(result, regimens=(sure,)), case)
    out = capsys.readouterr().out
    assert ">99 in 100" in out
    assert "<1 to >99 %" in out


def test_a_weight_in_the_average_is_never_0(shown):
    words, _ = shown("forecast", str(FAST))
    assert re.search(r"song_2025 <1 % ", words)
    assert re.search(r"ternant_2008 – ", words)


def test_the_risk_from_a_day_after_the_horizon_on_is_left_out(capsys, monkeypatch):
    case = example_case("typical")
    assert "the same, from day 13.75 on" in printed(capsys, monkeypatch, case)
    assert "the same" not in printed(capsys, monkeypatch, case.model_copy(update={"now_day": 90.0}))


def left_out_sample(row: int, reason: str = "clotted") -> Message:
    return message("check.sample_excluded", day=str(row), reason=reason)


def test_of_many_warnings_of_a_kind_three_are_printed_and_the_rest_is_counted():
    many = [note("left_out", left_out_sample(row)) for row in range(190)]
    lines = list(limited([*many, note("other", message("check.weight_unknown"))], ["Note"] * 191))
    assert lines == [
        "Note: Sample of day 0 is left out: “clotted”.",
        "Note: Sample of day 1 is left out: “clotted”.",
        "Note: Sample of day 2 is left out: “clotted”.",
        "… and 187 more of the same kind (all are in --json).",
        "Note: Weight not entered: doses per kg cannot be checked.",
    ]
    assert len(list(limited(many[:3], ["Note"] * 3))) == 3


def test_the_count_follows_its_own_kind_where_kinds_alternate():
    pairs = [note(code, left_out_sample(row, code)) for row in range(5) for code in ("a", "b")]
    lines = list(limited(pairs, [""] * 10))
    assert [line for line in lines if "more" in line] == ["… and 2 more of the same kind (all are in --json)."] * 2
    third = ": Sample of day 2 is left out: “{}”."
    assert lines[4:8] == [third.format("a"), lines[5], third.format("b"), lines[5]]


def test_what_each_relaxed_limit_would_give_is_printed(shown):
    words, _ = shown("optimize", str(FAST))
    assert "With 4 instead of 3 infusions within 28 days: 700 mg d14 + 700 mg d17 + 400 mg d42; 47 chances" in words


def test_a_plug_in_target_is_named_and_its_risk_shown(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    case = example_case("typical")
    case = case.model_copy(update={"target": case.target.model_copy(update={"criterion": "plug_in"})})
    print_regimens(find_regimens(case, EVENT_MODEL), case)
    out = capsys.readouterr().out
    assert out.startswith("Target: a risk of 20 % or less at the mode. Reached.")
    assert re.search(r"risk, 90 % +at the mode +why", out)


def test_a_card_names_categories_instead_of_codes(shown):
    words, _ = shown("models", "fasanmade_2009")
    assert "sex male female, male" in words
    assert "In averages: yes. Adults," in words


@pytest.mark.parametrize("command", ["forecast", "optimize", "models", "app"])
def test_the_help_of_each_command_has_an_example(shown, command):
    for option in ("--help", "-h"):
        words, _ = shown(command, option)
        assert f"Example: asuc {command} " in words


def test_every_other_model_has_its_intervals(shown):
    words, _ = shown("forecast", str(TYPICAL))
    other = words[words.index("Other models (sensitivity)") : words.index("Not calibrated:")]
    views = compare_models(example_case("typical"), EVENT_MODEL).views
    assert other.count(" %, middle ") == len(views)
    for view in views:
        risk = percent_interval(view.risk_quantiles[0], view.risk_quantiles[4])
        assert f"{interval(view.cl_quantiles)} {risk}, middle {percent(view.risk_quantiles[2])}" in other


def test_without_a_sample_the_risk_does_not_come_from_levels(capsys, monkeypatch):
    out = printed(capsys, monkeypatch, example_case("typical").model_copy(update={"samples": ()}))
    risk = out[: out.index("Parameters")]
    assert "weight and CRP alone" in risk
    assert "weight, CRP and risk model together" in risk
    assert "levels" not in risk

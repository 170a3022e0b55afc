"""What stands on the screen becomes a case, or one sentence at the cell that is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from dosing_app.decision.examples import example_case, example_names
from dosing_app.decision.patient import read_case
from dosing_app.language import speaking
from dosing_app.ui.fields import BY_NAME
from dosing_app.ui.reading import read_screen, settled
from dosing_app.ui.state import Screen, default_text, empty_screen, new_dose, new_sample, screen_from_case

if TYPE_CHECKING:
    from dosing_app.ui.reading import Fault


def typical() -> Screen:
    return screen_from_case(example_case("typical"))


def with_sample(screen: Screen, row: int, **cells: str) -> Screen:
    rows = [dict(sample) for sample in screen.samples]
    rows[row] |= cells
    return replace(screen, samples=rows)


def with_dose(screen: Screen, row: int, **cells: str) -> Screen:
    rows = [dict(dose) for dose in screen.doses]
    rows[row] |= cells
    return replace(screen, doses=rows)


def with_field(screen: Screen, **fields: str) -> Screen:
    return replace(screen, fields=screen.fields | fields)


def only_fault(screen: Screen) -> Fault:
    reading = read_screen(screen)
    assert reading.case is None
    (fault,) = reading.faults
    return fault


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", example_names())
def test_a_case_comes_back_from_the_screen_unchanged(name: str, language: str):
    case = example_case(name)

    with speaking(language):
        assert read_screen(screen_from_case(case)).case == case


def test_a_german_screen_has_decimal_commas_in_its_inputs_and_a_semicolon_between_items():
    case = read_case(
        {
            "schema": "asuc-case/1",
            "covariates": {"weight_kg": 62.5, "crp_below_mg_per_L": 2.5},
            "doses": [{"time_day": 0.5, "amount_mg": 312.5}],
            "samples": [{"time_day": 7.25, "censored": "below", "lloq_mg_per_L": 0.4}],
            "target": {"risk_day90": 0.125},
            "limits": {"days_allowed": [14.5, 15]},
        }
    )
    with speaking("de"):
        screen = screen_from_case(case)
        read = read_screen(screen).case

    dose, sample = screen.doses[0], screen.samples[0]
    assert (dose["day"], dose["mg"], dose["hours"]) == ("0,5", "312,5", "2")
    assert (sample["day"], sample["level"], sample["lloq"]) == ("7,25", "<0,4", "0,4")
    shown = {name: screen.fields[name] for name in ("weight_kg", "crp_mg_per_L", "risk_day90", "days_allowed")}
    assert shown == {
        "weight_kg": "62,5",
        "crp_mg_per_L": "<2,5",
        "risk_day90": "12,5",
        "days_allowed": "14,5; 15",
    }
    assert read == case


def test_what_the_screen_does_not_show_is_kept():
    case = read_case(
        {
            "schema": "asuc-case/1",
            "covariates": {"weight_kg": 63},
            "doses": [{"time_day": 0, "amount_mg": 600}],
            "samples": [{"time_day": 5, "concentration_mg_per_L": 8, "assay": "rapid"}],
            "start_date": "2026-01-05",
            "target": {"criterion": "plug_in"},
            "limits": {"weekdays_allowed": ["Mon", "Tue"], "days_allowed": [14, 15], "reference": "label"},
        }
        | {"model": "niyigena_2026_asuc"}
    )

    read = read_screen(screen_from_case(case)).case

    assert read is not None
    assert read.start_date == case.start_date
    assert read.target == case.target
    assert read.limits == case.limits


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("amount", [1e-05, 1e-200, 0.1 + 0.2, 1.234, 12.345, 600.0, 1234.567, 1234.5678901234567])
def test_no_digit_is_lost_on_the_screen(amount: float, language: str):
    case = read_case({"schema": "asuc-case/1", "covariates": {}, "doses": [{"time_day": 0, "amount_mg": amount}]})

    with speaking(language):
        assert read_screen(screen_from_case(case)).case == case


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("fraction", [0.2, 0.07, 1 / 3, 1e-6, 0.12345, 0.999])
def test_no_digit_of_a_target_is_lost_on_the_screen(fraction: float, language: str):
    tree = {"schema": "asuc-case/1", "covariates": {}, "doses": [{"time_day": 0, "amount_mg": 600}]}
    case = read_case(tree | {"target": {"risk_day90": fraction}})

    with speaking(language):
        read = read_screen(screen_from_case(case)).case

    assert read is not None
    assert read.target.risk_day90 == pytest.approx(fraction, rel=1e-15)


def test_a_crp_below_its_limit_comes_back_from_the_screen():
    case = read_screen(with_field(typical(), crp_mg_per_L="< 5 mg/L")).case

    assert case is not None
    assert (case.covariates.crp_mg_per_L, case.covariates.crp_below_mg_per_L) == (None, 5.0)
    assert screen_from_case(case).fields["crp_mg_per_L"] == "<5"


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("albumin_g_per_L", "3,1 g/dL", 31.0),
        ("crp_mg_per_L", "4.2 mg/dl", 42.0),
        ("weight_kg", "63 kg", 63.0),
        ("height_cm", "1.78 m", 178.0),
    ],
)
def test_a_unit_may_be_typed_after_the_number(name: str, typed: str, value: float):
    case = read_screen(with_field(typical(), **{name: typed})).case

    assert case is not None
    assert getattr(case.covariates, name) == value


def test_a_unit_may_be_typed_in_a_cell():
    case = read_screen(with_dose(typical(), 0, mg="0.6 g", hours="90 min")).case

    assert case is not None
    assert (case.doses[0].amount_mg, case.doses[0].duration_hour) == (600.0, 1.5)


def test_another_unit_names_the_ones_that_are_read():
    fault = only_fault(with_field(typical(), albumin_g_per_L="31 mmol/L"))

    assert fault.sentence == "Albumin: “31 mmol/L” has the unit “mmol/L”. Type it in g/L or g/dL."


@pytest.mark.parametrize("typed", ["14, 16, 18", "14;16;18", "14,16,18"])
def test_days_are_typed_as_a_list(typed: str):
    case = read_screen(with_field(typical(), days_allowed=typed)).case

    assert case is not None
    assert case.limits.days_allowed == (14.0, 16.0, 18.0)


def test_a_wrong_item_of_a_list_is_named_at_its_field():
    fault = only_fault(with_field(typical(), weekdays_allowed="Mon, Tux", start_date="2026-01-05"))

    assert (fault.area, fault.row) == ("fields", "weekdays_allowed")
    assert fault.sentence.startswith('Days of the week allowed: "Tux" is not a day of the week')


def test_days_of_the_week_without_a_date_are_refused_in_the_words_of_the_screen():
    fault = only_fault(with_field(typical(), weekdays_allowed="Mon", start_date=""))

    assert fault.sentence.startswith("Days of the week allowed: they need the date of day 0")


def test_a_limit_is_named_as_on_the_screen():
    fault = only_fault(with_field(typical(), doses_max_28_day="2.5"))

    assert fault.sentence.startswith("Infusions within 28 days: ")
    assert "_" not in fault.sentence


def test_a_reason_without_a_sample_is_not_passed_over():
    screen = typical()
    more = replace(screen, samples=[*screen.samples, new_sample(screen.samples) | {"exclude": "clotted"}])

    assert read_screen(more).case is None


def test_an_emptied_limit_says_what_it_stands_for():
    assert default_text(BY_NAME["mg_per_kg_max"]) == "10"
    assert default_text(BY_NAME["confidence"]) == "50"
    assert default_text(BY_NAME["first_day"]) == ""


def test_typed_texts_are_read_as_the_laboratory_wrote_them():
    case = read_screen(with_sample(typical(), 2, level=" 18,4 mg/L")).case

    assert case is not None
    assert case.samples[2].concentration_mg_per_L == 18.4


def test_a_typed_limit_needs_no_limit_in_its_own_column():
    case = read_screen(with_sample(typical(), 2, level="> 25", uloq="")).case

    assert case is not None
    assert (case.samples[2].censored, case.samples[2].uloq_mg_per_L) == ("above", 25.0)


def test_a_typed_limit_that_contradicts_its_column_is_refused():
    fault = only_fault(with_sample(typical(), 2, level=">25"))

    assert (fault.area, fault.column) == ("samples", "level")
    assert "“>25” and the limit 20 of its row disagree" in fault.sentence


def test_a_wrong_level_names_its_row_and_what_to_type():
    fault = only_fault(with_sample(typical(), 2, level="1O.5"))

    assert (fault.area, fault.row, fault.column) == ("samples", "sample2", "level")
    assert fault.sentence.startswith("Samples row 3, level: “1O.5” has the letter O in it.")


def test_a_level_above_its_limit_is_said_in_the_words_of_the_screen():
    fault = only_fault(with_sample(typical(), 2, level="31"))

    assert fault.column == "level"
    assert "31 is above upper limit 20" in fault.sentence
    assert "mg_per_L" not in fault.sentence


def test_rows_may_stand_in_any_order():
    screen = typical()
    shuffled = replace(screen, doses=screen.doses[::-1], samples=screen.samples[::-1])

    assert read_screen(shuffled).case == example_case("typical")


def test_a_wrong_cell_of_a_row_out_of_order_is_still_found():
    screen = typical()
    shuffled = replace(screen, doses=screen.doses[::-1])

    fault = only_fault(with_dose(shuffled, 0, mg="-400"))

    assert (fault.row, fault.column) == ("dose3", "mg")
    assert fault.sentence.startswith("Dosing row 1, dose: -400 is negative")


def test_an_empty_row_is_passed_over():
    screen = typical()
    more = replace(
        screen,
        doses=[*screen.doses, new_dose(screen.doses)],
        samples=[*screen.samples, new_sample(screen.samples)],
    )

    assert read_screen(more).case == example_case("typical")


def test_a_missing_amount_is_named():
    fault = only_fault(with_dose(typical(), 1, mg=""))

    assert (fault.area, fault.row, fault.column) == ("doses", "dose1", "mg")
    assert "missing" in fault.sentence


def test_every_wrong_input_is_reported_at_once():
    screen = with_field(with_dose(with_sample(typical(), 2, level="?"), 0, mg="x"), weight_kg="1000", crp_mg_per_L="a")

    places = {(fault.area, fault.row, fault.column) for fault in read_screen(screen).faults}

    assert places == {
        ("samples", "sample2", "level"),
        ("doses", "dose0", "mg"),
        ("fields", "weight_kg", ""),
        ("fields", "crp_mg_per_L", ""),
    }


def test_a_target_is_typed_in_percent():
    case = read_screen(with_field(typical(), risk_day90="15", confidence="80")).case

    assert case is not None
    assert (case.target.risk_day90, case.target.confidence) == (0.15, 0.80)


def test_no_dose_is_one_sentence():
    assert "No infusion given" in only_fault(empty_screen()).sentence


def test_a_removed_row_leaves_its_name_free_for_no_other():
    rows = typical().doses

    assert new_dose([*rows[:1], *rows[2:]])["id"] not in {row["id"] for row in (*rows[:1], *rows[2:])}


def test_a_new_sample_takes_the_limits_of_the_assay_before():
    row = new_sample(typical().samples)

    assert (row["lloq"], row["uloq"], row["level"]) == ("0.4", "20", "")


@pytest.mark.parametrize("column", ["level", "exclude", "assay", "lloq", "uloq", "day"])
def test_a_cell_emptied_with_the_delete_key_is_an_empty_cell(column: str):
    screen = typical()
    rows = [dict(row) for row in screen.samples]
    emptied, nulled = [{**rows[0], column: ""}, *rows[1:]], [{**rows[0], column: None}, *rows[1:]]
    expected = read_screen(replace(screen, samples=emptied))
    found = read_screen(replace(screen, samples=nulled))  # pyright: ignore[reportArgumentType] - as the grid sends it
    assert found == expected


def screen_of_dates(date: str, **cells: str) -> Screen:
    first = new_dose([], date="2026-01-05", mg="600", status="given")
    sample = new_sample([], date=date, level="9.1")
    return Screen([first], [sample | cells], {"weight_kg": "60", "crp_mg_per_L": "30"}, {})


@pytest.mark.parametrize(
    ("date", "day"),
    [("11.01.2026", 6), ("11.01.26", 6), ("11 Jan 2026", 6), ("11. Januar 2026", 6), ("2026-01-11 12:00", 6.5)],
)
def test_dates_without_doubt_are_read(date: str, day: float):
    case = read_screen(screen_of_dates(date)).case
    assert case is not None
    assert case.samples[0].time_day == day


@pytest.mark.parametrize(
    ("date", "said"),
    [("11.01", "has no year"), ("19.01.", "has no year"), ("46027", "spreadsheet's number"), ("2026", "is no date")],
)
def test_a_date_that_is_none_is_never_taken_for_a_number_of_days(date: str, said: str):
    assert said in only_fault(screen_of_dates(date)).sentence


def test_a_day_that_may_be_a_date_is_asked_about_where_dates_are_typed():
    fault = only_fault(screen_of_dates("", day="19.01"))
    assert "may be a number of days or a date" in fault.sentence
    assert read_screen(screen_of_dates("", day="13.75")).case is not None


@pytest.mark.parametrize(("day", "status"), [("5", "given"), ("13", "planned"), ("14", "planned")])
def test_a_dose_whose_status_nobody_chose_is_given_before_now(day: str, status: str):
    first = new_dose([], day="0", mg="360")
    second = new_dose([first], day=day, mg="360")
    found = settled(Screen([first, second], [], {"now_day": "13"}, {}))
    assert [row["status"] for row in found.doses] == ["given", status]
    # Without now, what happened before the latest sample was given.
    sample = new_sample([], day="13", level="3")
    assert [row["status"] for row in settled(Screen([first, second], [sample], {}, {})).doses] == ["given", status]


def test_a_chosen_status_stays():
    first = new_dose([], day="0", mg="360")
    second = new_dose([first], day="5", mg="360") | {"status": "planned", "auto": ""}
    assert settled(Screen([first, second], [], {"now_day": "13"}, {})).doses[1]["status"] == "planned"


def test_a_status_that_is_none_is_refused_at_its_cell():
    screen = with_dose(typical(), 0, status="perhaps")
    faults = read_screen(screen).faults
    assert ("doses", "status") in {(fault.area, fault.column) for fault in faults}
    assert any("“perhaps” is neither given nor planned" in fault.sentence for fault in faults)


def test_an_amount_and_an_amount_per_kg_that_contradict_each_other_are_refused():
    screen = with_field(with_dose(typical(), 0, mg="600", per_kg="5"), weight_kg="60")
    assert "5 mg/kg of 60 kg are 300 mg, but 600 mg stand beside it" in only_fault(screen).sentence
    assert read_screen(with_dose(screen, 0, per_kg="10.0")).case is not None


@pytest.mark.parametrize("typed", ["3.1", "3,1", "3.1 g/L"])
def test_an_albumin_that_is_likely_in_other_units_is_asked_about(typed: str):
    assert only_fault(with_field(typical(), albumin_g_per_L=typed)).sentence == (
        "Albumin: 3.1 g/L is too low to be true. Did you mean 3.1 g/dL? Nothing was changed."
    )


def test_a_value_that_was_converted_is_named_as_typed_too():
    screen = replace(with_field(typical(), albumin_g_per_L="31"), units={"albumin_g_per_L": "g/dL"})
    assert only_fault(screen).sentence.endswith("Typed: 31 g/dL.")


@pytest.mark.parametrize(("typed", "censored"), [("BLQ", "below"), ("<LLOQ", "below"), ("> ULOQ", "above")])
def test_the_laboratory_s_abbreviations_stand_for_the_limits_of_their_row(typed: str, censored: str):
    case = read_screen(with_sample(typical(), 1, level=typed, lloq="0.4", uloq="20")).case
    assert case is not None
    assert case.samples[1].censored == censored
    assert "needs the assay's" in only_fault(with_sample(typical(), 1, level=typed, lloq="", uloq="")).sentence


@pytest.mark.parametrize("typed", ["Mo, Do", "mon, thu", "Montag; Donnerstag"])
def test_days_of_the_week_may_be_typed_in_german(typed: str):
    case = read_screen(with_field(typical(), weekdays_allowed=typed, start_date="2026-01-05")).case
    assert case is not None
    assert case.limits.allowed_weekday_numbers() == {0, 3}

"""The report of a screen says what was typed, in the units in which it was typed."""

from __future__ import annotations

from datetime import UTC, datetime

from dosing_app.decision.view import compute_view
from dosing_app.report.content import report_content
from dosing_app.ui.reading import read_screen
from dosing_app.ui.report_file import typed_on
from dosing_app.ui.state import Screen, new_dose, new_sample
from tte import load_event_model


def test_inputs_stand_in_the_report_as_typed():
    first = new_dose([], day="0", per_kg="10")
    planned = new_dose([first], day="14", mg="0.6 g", status="planned")
    drawn = new_sample([], day="6.9", level="9,1 µg/mL")
    samples = [drawn, new_sample([drawn], day="13.9", level="> 20")]
    fields: dict[str, str | None] = {
        "weight_kg": "60",
        "crp_mg_per_L": "3",
        "albumin_g_per_L": "3.1 g/dL",
        "now_day": "14",
    }
    screen = Screen([first, planned], samples, fields, {}, {"crp_mg_per_L": "mg/dL"})
    reading = read_screen(screen)
    assert reading.case is not None
    view = compute_view(reading.case, load_event_model())
    content = report_content(
        view,
        search=None,
        average=None,
        computed_at=datetime(2026, 1, 19, tzinfo=UTC),
        software="0",
        typed=typed_on(screen, reading),
    )

    remarks = {fact.name: fact.remark for fact in content.inputs}
    assert remarks["CRP"] == "typed: 3 mg/dL"
    assert any("typed: 3.1 g/dL" in remark for remark in remarks.values())
    assert [row[1] for row in content.doses.rows] == ["600 (typed: 10 mg/kg)", "600 (typed: 0.6 g)"]
    assert [row[1] for row in content.samples.rows] == ["9.1 (typed: 9,1 µg/mL)", ">20"]

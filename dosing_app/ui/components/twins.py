"""The table behind every figure: the same numbers, for who reads rather than looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dosing_app.decision.view import curves_at
from dosing_app.findings.case_words import level_text
from dosing_app.findings.numbers import UNKNOWN, figures, interval_text, percent, shown
from dosing_app.findings.risk_rows import risks_table
from dosing_app.findings.risk_words import early_events_words, shown_risk
from dosing_app.language import say
from dosing_app.ui.elements import Component, html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.case_schema import CaseSample
    from dosing_app.decision.view import View
    from pkpd.arrays import FloatArray

_SURVIVAL_DAYS = (0, 14, 30, 60, 90)


def concentration_table(view: View) -> Component:
    """Return the concentration on every whole day and at every sample, before samples and for this patient."""
    first, last = float(view.times[0]), float(view.times[-1])
    whole: FloatArray = np.arange(np.ceil(first), np.floor(last) + 1.0, dtype=np.float64)
    samples = view.forecast.case.samples
    days = np.unique(np.concatenate((whole, [sample.time_day for sample in samples])))
    prior, bands = curves_at(view, days)
    rows: list[list[str]] = []
    for i, day in enumerate(days.tolist()):
        row = [shown(day), figures(float(prior[i]))]
        if bands is None:
            row += [UNKNOWN] * 3
        else:
            q05, q25, q50, q75, q95 = map(figures, bands[i].tolist())
            row += [q50, f"{q25}–{q75}", f"{q05}–{q95}"]
        rows.append([*row, ", ".join(_sample(sample) for sample in samples if sample.time_day == day)])
    titles = ("day", "before", "middle", "half", "most", "sample")
    return table([say(f"twin.{title}") for title in titles], rows, caption=say("twin.concentration"))


def _sample(sample: CaseSample) -> str:
    if sample.exclude is None:
        return level_text(sample)
    return say("twin.left_out", level=level_text(sample), reason=sample.exclude)


def risk_table(view: View) -> Component | None:
    """Return the quantiles of the risk, one row for each thing that they rest on; None where there is no risk."""
    risks = risks_table(view)
    if not risks.rows:
        return None
    event_model = view.forecast.event_model
    is_early = view.forecast.case.now_day < event_model.window_day[1]
    words = early_events_words(event_model) if is_early else None
    note = None if words is None else html.P(words, className="note")
    return html.Div([table(risks.titles, risks.rows, caption=say("twin.risk")), note])


def survival_table(view: View) -> Component | None:
    """Return the fraction without colectomy on some days; None where there is no risk."""
    risk = shown_risk(view)
    if risk is None:
        return None
    rows: list[list[str]] = []
    for day in _SURVIVAL_DAYS:
        q05, _, q50, _, q95 = risk.total.survival[day].tolist()
        rows.append([str(day), percent(q50), interval_text(q05, q95)])
    return table([say("twin.day"), say("twin.middle_percent"), say("twin.most")], rows, caption=say("survival.title"))


def table(titles: Sequence[str], rows: Sequence[Sequence[Any]], *, caption: str) -> Component:
    """Return a table whose first column names its rows."""
    head = html.Thead(html.Tr([html.Th(title, scope="col") for title in titles]))
    body = html.Tbody([html.Tr([html.Th(row[0], scope="row"), *(html.Td(cell) for cell in row[1:])]) for row in rows])
    return html.Table([html.Caption(caption, className="only-heard"), head, body], className="twin-table")

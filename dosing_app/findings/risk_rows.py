"""The intervals of the risk and what each of them rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dosing_app.findings.numbers import interval, percent
from dosing_app.findings.risk_words import shown_risk
from dosing_app.findings.table import Table
from dosing_app.language import say

if TYPE_CHECKING:
    from dosing_app.decision.view import View
    from pkpd.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class RiskRow:
    """One interval of the risk.

    Parameters
    ----------
    name : str
        What it rests on, in words.
    quantiles : (5,) array
        Risk at 5, 25, 50, 75 and 95 %.
    is_headline : bool
        Whether it is the one that leads.
    """

    name: str
    quantiles: FloatArray
    is_headline: bool

    @property
    def with_interval(self) -> str:
        """Return its name and its interval."""
        return say("risk.row_with_interval", row=self.name, interval=interval(self.quantiles))


def risk_rows(view: View) -> tuple[RiskRow, ...]:
    """Return the intervals: of everything, from the levels alone, and with the other form of the CRP effect.

    There is none where there is no risk. Without a sample in use they rest on weight and CRP instead of levels.
    """
    risk = shown_risk(view)
    if risk is None:
        return ()
    has_sample = bool(view.forecast.samples)
    alone = say("risk.row_levels" if has_sample else "risk.row_no_sample")
    return (
        RiskRow(
            say("risk.row_total" if has_sample else "risk.row_total_no_sample"),
            risk.total.day90.quantiles,
            is_headline=True,
        ),
        RiskRow(alone, risk.day90.quantiles, is_headline=False),
        *(RiskRow(other_form_name(view), other.quantiles, is_headline=False) for other in view.other_forms.values()),
    )


def other_form_name(view: View) -> str:
    """Return what the risk with the other form of the CRP effect rests on."""
    return say("risk.row_other_form" if view.forecast.samples else "risk.row_other_form_no_sample")


def risks_table(view: View) -> Table:
    """Return the quantiles of the risk, one row for each thing that they rest on; no row where there is no risk."""
    titles = (say("twin.rests_on"), "5 %", "25 %", "50 %", "75 %", "95 %")
    rows = ((row.name, *(percent(float(value)) for value in row.quantiles)) for row in risk_rows(view))
    return Table(titles, tuple(rows))

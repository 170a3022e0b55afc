"""What a figure shows, in one sentence, for who does not see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.findings.numbers import figures, interval, interval_text, percent, shown
from dosing_app.findings.risk_words import shown_risk
from dosing_app.language import say

if TYPE_CHECKING:
    from dosing_app.decision.view import View


def concentration_label(view: View, *, samples: str) -> str:
    """Return the range of the concentration now, the time drawn, and the samples.

    Parameters
    ----------
    view : View
        The case.
    samples : str
        What is said of its samples.
    """
    first, last = (shown(round(float(view.times[end]), 1)) for end in (0, -1))
    if view.bands is None:
        return say("label.concentration_unknown", first=first, last=last, samples=samples)
    now_day = view.forecast.case.now_day
    now = int(abs(view.times - now_day).argmin())
    low, middle, high = (figures(float(view.bands[now, i])) for i in (0, 2, 4))
    return say(
        "label.concentration",
        first=first,
        last=last,
        low=low,
        middle=middle,
        high=high,
        day=shown(round(now_day, 1)),
        samples=samples,
    )


def risk_label(view: View) -> str:
    """Return the intervals of the risk."""
    risk = shown_risk(view)
    if risk is None:
        return say("label.no_risk")
    return say("label.risk", total=interval(risk.total.day90.quantiles), levels=interval(risk.day90.quantiles))


def survival_label(view: View) -> str:
    """Return the fraction without colectomy at day 90."""
    risk = shown_risk(view)
    if risk is None:
        return say("label.no_risk")
    q05, _, q50, _, q95 = risk.total.survival[-1].tolist()
    return say("label.survival", interval=interval_text(q05, q95), middle=percent(q50))

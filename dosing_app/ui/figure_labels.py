"""What a figure shows, in one sentence, for who does not see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dosing_app.language import say
from dosing_app.ui.wording import figures, interval, interval_text, percent, samples_in_words, shown

if TYPE_CHECKING:
    from dosing_app.decision.view import View


def concentration_label(view: View) -> str:
    """Return the range of the concentration over the time drawn, and the samples."""
    first, last = shown(round(float(view.times[0]), 1)), shown(round(float(view.times[-1]), 1))
    samples = samples_in_words(view.forecast.case)
    if view.bands is None:
        return say("label.concentration_unknown", first=first, last=last, samples=samples)
    now = int(abs(view.times - view.forecast.case.now_day).argmin())
    low, middle, high = (figures(float(view.bands[now, i])) for i in (0, 2, 4))
    day = shown(round(view.forecast.case.now_day, 1))
    return say(
        "label.concentration", first=first, last=last, day=day, low=low, middle=middle, high=high, samples=samples
    )


def risk_label(view: View) -> str:
    """Return the intervals of the risk."""
    risk = view.forecast.risk
    if risk is None or not view.has_mass:
        return say("label.no_risk")
    return say("label.risk", total=interval(risk.total.day90.quantiles), levels=interval(risk.day90.quantiles))


def survival_label(view: View) -> str:
    """Return the fraction without colectomy at day 90."""
    risk = view.forecast.risk
    if risk is None or not view.has_mass:
        return say("label.no_risk")
    q05, _, q50, _, q95 = risk.total.survival[-1].tolist()
    return say("label.survival", interval=interval_text(q05, q95), middle=percent(q50))

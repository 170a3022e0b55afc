"""Parts of a case in words: levels, infusions, samples and the model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dosing_app.findings.numbers import shown
from dosing_app.language import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dosing_app.decision.case_schema import CaseDose, CaseSample, PatientCase

_SIGNS = {"below": "<", "above": ">"}


def level_text(sample: CaseSample, number: Callable[[float], str] = shown) -> str:
    """Return a level as a laboratory reports it: 9.1, <0.4, >20.

    Parameters
    ----------
    sample : CaseSample
        The sample.
    number : callable
        How its number is written; in the language being spoken where left out.
    """
    sign, value = "", sample.concentration_mg_per_L
    if sample.censored is not None:
        sign = _SIGNS[sample.censored]
        value = sample.lloq_mg_per_L if sample.censored == "below" else sample.uloq_mg_per_L
    return sign + ("" if value is None else number(value))


def infusions(doses: Sequence[CaseDose]) -> str:
    """Return infusions in one line: 600 mg d14 + 400 mg d17."""
    one = (say("finder.infusion", mg=shown(dose.amount_mg), day=shown(dose.time_day)) for dose in doses)
    return " + ".join(one) or say("finder.no_infusion")


def total_mg(doses: Sequence[CaseDose]) -> str:
    """Return the drug in some infusions [mg]."""
    return shown(math.fsum(dose.amount_mg for dose in doses))


def sample_count(case: PatientCase) -> str:
    """Return how many samples there are and are used."""
    n, n_used = len(case.samples), sum(sample.exclude is None for sample in case.samples)
    if not n:
        return say("case.no_sample")
    return say("case.samples", count=n) if n == n_used else say("case.samples_used", n_used=str(n_used), count=n)


def samples_in_words(case: PatientCase) -> str:
    """Return how many samples there are, are used, and lie beyond a limit."""
    sides = [sample.censored for sample in case.samples if sample.exclude is None]
    beyond = [say(f"case.{side}", count=n) for side in ("above", "below") if (n := sides.count(side))]
    return ", ".join((sample_count(case), *beyond))


def model_name(model_id: str) -> str:
    """Return the id of a model as words: Niyigena 2026 ASUC."""
    words = model_id.replace("_", " ").replace("asuc", "ASUC")
    return words[:1].upper() + words[1:]

"""What was entered: covariates, doses and samples, and what of it was assumed or not used."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

import numpy as np

from dosing_app.decision.case_schema import COVARIATE_NAMES
from dosing_app.decision.time_text import moment_text
from dosing_app.decision.view import curves_at
from dosing_app.findings.case_words import level_text
from dosing_app.findings.numbers import UNKNOWN, figures, range_of, shown
from dosing_app.findings.table import Table
from dosing_app.language import say
from dosing_app.language.speaking import spoken_number
from dosing_app.report.covariate_text import covariate_text
from dosing_app.report.fact import Fact
from pkpd.model.covariate import covariate_floor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dosing_app.decision.case_schema import CaseSample, PatientCase
    from dosing_app.decision.forecast import SampleForecast
    from dosing_app.decision.view import View
    from dosing_app.report.typed import Typed
    from pkpd.arrays import FloatArray

_ANTIBODIES = ("ada_positive", "ada_ng_per_mL")


def input_facts(view: View, typed: Mapping[str, str]) -> tuple[Fact, ...]:
    """Return the single inputs, then how many values were imputed and samples left out.

    Parameters
    ----------
    view : View
        The case.
    typed : mapping of str to str
        Covariates as they were typed, with their unit.
    """
    case, covariates = view.forecast.case, view.forecast.covariates
    imputed = [_named(name, covariate_text(name, covariates.values[name])) for name in covariates.imputed]
    n_excluded = sum(sample.exclude is not None for sample in case.samples)
    return (
        *_moments(case),
        *_covariates(view, typed),
        Fact(say("report.heart_failure"), _yes_no(case.heart_failure)),
        Fact(
            say("report.imputed"),
            ", ".join(imputed) or say("report.none"),
            say("report.model_default") if imputed else "",
        ),
        Fact(
            say("report.left_out"),
            say("report.samples_left_out", count=n_excluded) if n_excluded else say("report.none"),
        ),
    )


def doses_table(view: View, typed: Typed) -> Table:
    """Return every infusion, given and planned, with its date where day 0 has one."""
    case, start = view.forecast.case, _start(view.forecast.case)
    weight_kg = case.covariates.weight_kg or view.forecast.covariates.values.get("weight_kg")
    doses = [(dose, "given") for dose in case.doses] + [(dose, "planned") for dose in case.planned]
    texts = (*_padded(typed.doses, len(case.doses)), *_padded(typed.planned, len(case.planned)))
    rows = tuple(
        (
            shown(dose.time_day),
            *([moment_text(dose.time_day, start)] if start else []),
            _as_typed(shown(dose.amount_mg), text),
            UNKNOWN if weight_kg is None else spoken_number(f"{dose.amount_mg / weight_kg:.1f}"),
            shown(dose.duration_hour),
            say(f"status.{status}"),
        )
        for (dose, status), text in zip(doses, texts, strict=True)
    )
    keys = ("day", *(["date"] if start else []), "mg", "per_kg", "hours", "status")
    return Table(tuple(say(f"report.column_{key}") for key in keys), rows)


def samples_table(view: View, typed: Typed) -> Table:
    """Return every sample with what was expected of it; of one that is not used, the reason instead."""
    case = view.forecast.case
    start = _start(case)
    used = [sample for sample in case.samples if sample.exclude is None]
    expected = {id(sample): forecast for sample, forecast in zip(used, view.forecast.samples, strict=True)}
    bands = _bands(view, used)
    rows = tuple(
        (
            shown(sample.time_day),
            *([moment_text(sample.time_day, start)] if start else []),
            _as_typed(level_text(sample), text),
            _assay(sample),
            *_expected(sample, expected.get(id(sample)), bands),
        )
        for sample, text in zip(case.samples, _padded(typed.samples, len(case.samples)), strict=True)
    )
    titles = (
        say("report.column_day"),
        *([say("report.column_date")] if start else []),
        say("report.column_level"),
        say("report.column_assay"),
        say("parameters.column_before"),
        say("report.column_percentile"),
        say("report.column_best"),
        say("report.column_residual"),
        say("report.column_middle"),
    )
    return Table(titles, rows, words=titles.index(say("report.column_assay")))


def _padded(texts: Sequence[str], n: int) -> Sequence[str]:
    return texts or [""] * n


def _as_typed(value: str, text: str) -> str:
    return f"{value} ({say('report.typed', typed=text)})" if text else value


def left_out(view: View) -> tuple[str, ...]:
    """Return in sentences what was assumed, computed, floored or not used, and what counts as beyond a limit."""
    said = (*_assumptions(view), *_excluded(view.forecast.case), *_beyond_limits(view.forecast.case))
    return (*(said or (say("report.nothing"),)), _held(view))


def _moments(case: PatientCase) -> Iterator[Fact]:
    yield Fact(say("field.now_day"), say("case.day", day=shown(case.now_day)))
    if case.start_date is not None:
        at = "" if case.start_time is None else f" {case.start_time}"
        yield Fact(say("field.start_date"), f"{case.start_date:%Y-%m-%d}{at}")


def _covariates(view: View, typed: Mapping[str, str]) -> Iterator[Fact]:
    case, model = view.forecast.case, view.forecast.model
    known = case.covariates
    for name in COVARIATE_NAMES:
        value = getattr(known, name)
        remarks = [say("report.typed", typed=typed[name])] if name in typed else []
        remarks += [] if name in model.covariates else [say("report.not_read")]
        remark = "; ".join(remarks)
        if value is not None:
            yield Fact(say(f"field.{name}"), covariate_text(name, value), remark)
        elif name == "crp_mg_per_L" and known.crp_below_mg_per_L is not None:
            yield Fact(say(f"field.{name}"), f"<{covariate_text(name, known.crp_below_mg_per_L)}", remark)
    if all(getattr(known, name) is None for name in _ANTIBODIES):
        yield Fact(say("field.ada_positive"), say("field.not_known"))
    for later in case.covariates_over_time:
        for name in COVARIATE_NAMES:
            value = getattr(later, name)
            if value is not None:
                is_read = name in model.covariates and model.covariates[name].time_varying
                label = say("report.on_day", name=say(f"field.{name}"), day=shown(later.time_day))
                yield Fact(label, covariate_text(name, value), "" if is_read else say("report.not_read"))


def _yes_no(answer: bool | None) -> str:  # noqa: FBT001 - a value of the case
    return say("field.not_known") if answer is None else say("choice.yes" if answer else "choice.no")


def _named(name: str, value: str) -> str:
    return say("report.fact", name=say(f"field.{name}"), value=value)


def _start(case: PatientCase) -> datetime | None:
    if case.start_date is None:
        return None
    clock = time() if case.start_time is None else time.fromisoformat(case.start_time)
    return datetime.combine(case.start_date, clock, UTC)


def _assay(sample: CaseSample) -> str:
    """Return the limits of a sample's assay, and its name."""
    return " · ".join(part for part in (_limits(sample), sample.assay) if part) or UNKNOWN


def _limits(sample: CaseSample) -> str:
    low, high = (None if x is None else shown(x) for x in (sample.lloq_mg_per_L, sample.uloq_mg_per_L))
    if low is not None and high is not None:
        return say("report.limits_both", low=low, high=high)
    if low is not None:
        return say("report.limit_low", low=low)
    return "" if high is None else say("report.limit_high", high=high)


def _bands(view: View, samples: Sequence[CaseSample]) -> dict[float, FloatArray]:
    """Return the quantiles of the concentration at the time of each sample [mg/L]."""
    days = np.unique(np.array([sample.time_day for sample in samples], dtype=np.float64))
    bands = curves_at(view, days)[1] if days.size else None
    return {} if bands is None else dict(zip(days.tolist(), bands, strict=True))


def _expected(sample: CaseSample, forecast: SampleForecast | None, bands: dict[float, FloatArray]) -> tuple[str, ...]:
    if forecast is None:
        return (say("report.not_used_because", reason=sample.exclude or ""),)
    band = bands.get(sample.time_day)
    return (
        figures(forecast.prediction_a_priori),
        f"{forecast.a_priori_percentile:.0f}",
        figures(forecast.prediction_map),
        _signed(forecast.residual),
        UNKNOWN if band is None else f"{figures(float(band[2]))} ({range_of(band)})",
    )


def _signed(residual: float | None) -> str:
    """Return a residual with its sign; a dash where there is none."""
    if residual is None or not np.isfinite(residual):
        return UNKNOWN
    return spoken_number(f"{residual:+.1f}").replace("-", "−")


def _assumptions(view: View) -> Iterator[str]:
    covariates, model = view.forecast.covariates, view.forecast.model
    for key, names in (("report.assumed", covariates.imputed), ("report.derived", covariates.derived)):
        for name in names:
            yield say(key, name=say(f"field.{name}"), value=covariate_text(name, covariates.values[name]))
    for name in covariates.floored:
        yield say("report.floored", name=say(f"field.{name}"), floor=covariate_text(name, covariate_floor(model, name)))


def _excluded(case: PatientCase) -> Iterator[str]:
    for sample in case.samples:
        if sample.exclude is not None:
            day = shown(sample.time_day)
            yield say("report.excluded", day=day, level=level_text(sample), reason=sample.exclude)


def _beyond_limits(case: PatientCase) -> Iterator[str]:
    for side in ("above", "below"):
        days = [shown(one.time_day) for one in case.samples if one.exclude is None and one.censored == side]
        if days:
            yield say(f"report.{side}", count=len(days), days=", ".join(days))


def _held(view: View) -> str:
    varying = [name for name, domain in view.forecast.model.covariates.items() if domain.time_varying]
    if varying and view.forecast.case.covariates_over_time:
        return say("report.held_but", names=", ".join(say(f"field.{name}") for name in varying))
    return say("report.held")

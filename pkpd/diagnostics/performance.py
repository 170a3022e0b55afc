"""Predictive performance of a model on a cohort that it was not fitted to: a priori, and forecast from earlier samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import kstest

from pkpd.data.histories import sample_histories
from pkpd.data.records import Censoring
from pkpd.data.usual_limits import with_usual_limits
from pkpd.diagnostics.calibration import (
    INTERVALS,
    BeyondLimit,
    Coverage,
    beyond_limit,
    coverage,
    drawn_places,
    histogram,
)
from pkpd.diagnostics.prediction_errors import Measured, PredictionErrors, draw_counts, prediction_errors
from pkpd.diagnostics.predictive_distribution import TOLERANCE, Predicted, predict_measurements
from pkpd.likelihood.population import bind_population
from pkpd.units import percent_from_fraction
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.arrays import BoolArray, FloatArray, IntArray
    from pkpd.data.cohort import Cohort
    from pkpd.likelihood.population import Population

SCHEMA = "asuc-performance/1"
_MOST_BEFORE = 3
_MEDIAN = 3  # of predictive_distribution.PROBABILITIES
_APRIORI_SHARE = 0.4
_UNITS = {"bias": "_mg_per_L", "rmse": "_mg_per_L", "within": "_30_pct"}


@dataclass(frozen=True, slots=True)
class Stage:
    """Performance on some of the samples.

    Parameters
    ----------
    n : int
        Samples, censored ones included.
    n_quantified : int
        Those that errors are computed of.
    point, median : PredictionErrors
        Of the concentration at the mode of the random effects (at 0 a priori), and of the median of what is expected.
    coverage : tuple of Coverage
        Of the prediction intervals.
    below, above : BeyondLimit or None
        Levels beyond the limits.
    places : (n,) array
        Place of each measurement in its predictive distribution, drawn where it is censored.
    log_score : float
        Mean logarithm of the density predicted for what was seen.
    """

    n: int
    n_quantified: int
    point: PredictionErrors
    median: PredictionErrors
    coverage: tuple[Coverage, ...]
    below: BeyondLimit | None
    above: BeyondLimit | None
    places: FloatArray
    log_score: float


@dataclass(frozen=True, slots=True)
class Performance:
    """Predictive performance of a model.

    Parameters
    ----------
    cohort : Cohort
        The samples, with the limits that were assumed.
    subject, n_before : (n_samples,) arrays
        Subject of each sample, and how many samples it has at earlier times.
    a_priori, forecast : Predicted
        Predictions of every sample without any sample, and from the subject's earlier ones.
    uniform : (n_samples,) array
        Draws for the places of censored levels.
    counts : (n_draws, n_subjects) array
        Draws of subjects.
    notes : tuple of str
        What was assumed.
    """

    cohort: Cohort
    subject: IntArray
    n_before: IntArray
    a_priori: Predicted
    forecast: Predicted
    uniform: FloatArray
    counts: IntArray
    notes: tuple[str, ...]

    @property
    def is_predicted(self) -> BoolArray:
        """Return which samples have predictions; the others follow samples that no parameters explain."""
        return np.isfinite(self.forecast.log_score) | np.isneginf(self.forecast.log_score)


def performance(
    population: Population,
    values: FloatArray,
    *,
    n_draws: int,
    seed: int,
    tell: Callable[[float], object] = lambda _: None,
) -> Performance:
    """Predict every sample of a cohort without any sample, and from its subject's earlier ones.

    Parameters
    ----------
    population : Population
        Model and subjects, with at least one sample.
    values : (n_parameters,) array
        Values of the model's parameters, in their order.
    n_draws : int
        How often subjects are drawn with replacement, for intervals.
    seed : int
        Of these draws, and of the places of censored levels.
    tell : callable, optional
        Told the share that is done.
    """
    cohort, notes = with_usual_limits(population.cohort)
    histories = sample_histories(cohort)
    bare = np.zeros(cohort.n_subjects, dtype=np.int64)
    a_priori = predict_measurements(
        bind_population(population.model, cohort), values, bare, tell=lambda share: tell(_APRIORI_SHARE * share)
    )
    forecast = predict_measurements(
        bind_population(population.model, histories.cohort),
        values,
        histories.n_before,
        tell=lambda share: tell(_APRIORI_SHARE + (1.0 - _APRIORI_SHARE) * share),
    )
    return Performance(
        cohort=cohort,
        subject=histories.subject,
        n_before=histories.n_before,
        a_priori=a_priori,
        forecast=forecast,
        uniform=np.random.default_rng(seed).random(cohort.level.size),
        counts=draw_counts(cohort.n_subjects, n_draws, seed),
        notes=notes,
    )


def stage(found: Performance, predicted: Predicted, rows: BoolArray) -> Stage:
    """Return the performance of predictions on some of the samples.

    Parameters
    ----------
    found : Performance
        Samples and draws.
    predicted : Predicted
        Its ``a_priori`` or ``forecast``.
    rows : (n_samples,) array
        Which samples; those without a prediction are left out.
    """
    data, used = found.cohort, rows & found.is_predicted
    is_level = used & (data.censoring == int(Censoring.NONE)) & (data.level > 0.0)
    subject = found.subject[used]
    places = drawn_places(predicted.place[used], found.uniform[used])

    def errors(of: FloatArray) -> PredictionErrors:
        return prediction_errors(of[is_level], data.level[is_level], found.subject[is_level], found.counts)

    def beyond(probability: FloatArray, kind: Censoring) -> BeyondLimit | None:
        # One known to lie between two values has no limit of quantification.
        is_scored = used & (data.censoring != int(Censoring.BETWEEN))
        return beyond_limit(
            probability[is_scored],
            data.censoring[is_scored] == int(kind),
            found.subject[is_scored],
            found.counts,
        )

    return Stage(
        n=int(used.sum()),
        n_quantified=int(is_level.sum()),
        point=errors(predicted.point),
        median=errors(predicted.quantiles[:, _MEDIAN]),
        coverage=tuple(coverage(places, subject, found.counts, wanted) for wanted in INTERVALS),
        below=beyond(predicted.p_below, Censoring.BELOW),
        above=beyond(predicted.p_above, Censoring.ABOVE),
        places=places,
        log_score=float(predicted.log_score[used].mean()) if used.any() else np.nan,
    )


def performance_document(found: Performance) -> dict[str, Any]:
    """Return predictive performance as a JSON document; levels in mg/L, shares in percent, None where there is none."""
    data, has_before = found.cohort, found.n_before > 0
    everyone = np.ones(found.subject.size, dtype=np.bool_)
    kinds = {name: int((data.censoring == int(kind)).sum()) for name, kind in _KINDS.items()}
    return {
        "schema": SCHEMA,
        "n_subjects": data.n_subjects,
        "n_samples": int(everyone.size),
        **kinds,
        "n_not_predicted": int((~found.is_predicted).sum()),
        "n_coarse": int((np.fmax(found.a_priori.error, found.forecast.error) >= TOLERANCE).sum()),
        "n_draws": len(found.counts),
        "a_priori": _stage_entry(stage(found, found.a_priori, everyone)),
        "forecast": _stage_entry(stage(found, found.forecast, has_before)),
        "a_priori_of_forecast": _stage_entry(stage(found, found.a_priori, has_before)),
        "by_samples_before": [_before_entry(found, n) for n in range(_MOST_BEFORE + 1)],
        "notes": list(found.notes),
        "warnings": _warnings(found),
    }


_KINDS = {
    "n_quantified": Censoring.NONE,
    "n_below": Censoring.BELOW,
    "n_above": Censoring.ABOVE,
    "n_between": Censoring.BETWEEN,
}


def _stage_entry(one: Stage) -> dict[str, Any]:
    return {
        "n": one.n,
        "n_quantified": one.n_quantified,
        "point": _errors_entry(one.point),
        "median": _errors_entry(one.median),
        "coverage": [_coverage_entry(interval) for interval in one.coverage],
        "below_lloq": None if one.below is None else _beyond_entry(one.below),
        "above_uloq": None if one.above is None else _beyond_entry(one.above),
        "places": histogram(one.places).tolist(),
        "places_uniform_p": float(kstest(one.places, "uniform").pvalue) if one.n else None,
        "log_score": _number(one.log_score),
    }


def _before_entry(found: Performance, n: int) -> dict[str, Any]:
    is_last = n == _MOST_BEFORE
    one = stage(found, found.forecast, found.n_before >= n if is_last else found.n_before == n)
    return {
        "samples_before": n,
        "or_more": is_last,
        "n": one.n,
        "n_quantified": one.n_quantified,
        **_errors_entry(one.point),
    }


def _errors_entry(errors: PredictionErrors) -> dict[str, Any]:
    return {f"{name}{_UNITS.get(name, '_pct')}": _measured(one) for name, one in errors._asdict().items()}


def _coverage_entry(one: Coverage) -> dict[str, Any]:
    return {
        "interval_pct": percent_from_fraction(one.wanted),
        "n": one.n,
        "inside": one.inside,
        "inside_pct": _measured(one.exact, percent_from_fraction(1.0)),
        "over_subjects_pct": _measured(one.drawn, percent_from_fraction(1.0)),
    }


def _beyond_entry(one: BeyondLimit) -> dict[str, Any]:
    return {
        "n": one.n,
        "seen": one.seen,
        "expected": one.expected,
        "expected_sd": one.sd,
        "brier": _measured(one.brier),
        "brier_reference": one.reference,
        "calibration": [
            {
                "n": group.n,
                "seen": group.seen,
                "predicted_pct": percent_from_fraction(group.expected),
                "seen_pct": _measured(group.share, percent_from_fraction(1.0)),
            }
            for group in one.groups
        ],
    }


def _measured(one: Measured, scale: float = 1.0) -> dict[str, float | None]:
    return {name: _number(scale * value) for name, value in one._asdict().items()}


def _warnings(found: Performance) -> list[dict[str, str]]:
    data, said = found.cohort, list[dict[str, str]]()
    n_censored = int((data.censoring != int(Censoring.NONE)).sum())
    if n_censored:
        text = (
            f"{n_censored} of {counted(data.level.size, 'level')} are censored. Errors are those of the quantified levels, a selection that "
            "looks biased under a true model too; coverage and probabilities take all."
        )
        said.append({"code": "errors_of_quantified_levels", "text": text})
    if n_zero := int(((data.censoring == int(Censoring.NONE)) & ~(data.level > 0.0)).sum()):
        text = f"{n_zero} quantified levels are not above zero and have no relative error; they are in no error."
        said.append({"code": "levels_of_zero", "text": text})
    if n_lost := int((~found.is_predicted).sum()):
        text = f"{n_lost} samples follow samples that no parameters explain, and are predicted by nothing; they are left out."
        said.append({"code": "not_predicted", "text": text})
    if n_coarse := int((np.fmax(found.a_priori.error, found.forecast.error) >= TOLERANCE).sum()):
        text = f"The distributions of {n_coarse} samples are less exact than the others."
        said.append({"code": "coarse", "text": text})
    if not (found.n_before > 0).any():
        text = "No subject has samples at two times, so that nothing is forecast from a sample."
        said.append({"code": "no_forecast", "text": text})
    return said


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

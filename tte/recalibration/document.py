"""A recalibration as a document, `tte-recalibrate/1`."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.units import percent_from_fraction
from pkpd.wording import counted
from tte.data.events import EventKind
from tte.estimation.document import finite, status_text
from tte.evaluation.threshold_document import finding_entry, rule_entry
from tte.model.coding import Coding
from tte.model.event_model import CovarianceUncertainty
from tte.recalibration.calibration import SLOPE_ANGLE
from tte.recalibration.closed_test import ALPHA
from tte.recalibration.parameters import log_hazard, parameters_of, risk_of
from tte.recalibration.population import HORIZON_DAY
from tte.recalibration.posterior import linear_quantiles, log_rate_quantiles, moments
from tte.recalibration.updates import Update

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pkpd.arrays import FloatArray
    from pkpd.diagnostics.prediction_errors import Measured
    from tte.evaluation.optimism import Optimism, OptimismResult
    from tte.recalibration.calibration import Calibration
    from tte.recalibration.closed_test import UpdateTest
    from tte.recalibration.parameters import RiskParameters
    from tte.recalibration.posterior import Posterior
    from tte.recalibration.recalibrate import Recalibration
    from tte.recalibration.threshold import ThresholdChoice

SCHEMA = "tte-recalibrate/1"
NAMES = ("log_lambda", "shape", "beta")
_ESTIMATES = ("lambda", "shape", "beta")
_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Events for each estimated parameter, below which estimates of a recalibration are rough.
_FEW_EVENTS = 10.0
_LARGE_EXPONENT = 700.0
# Distance of two ends of a risk interval from which on it is said.
_ROUGH = 0.01


def recalibration_entry(found: Recalibration, thresholds: Sequence[float]) -> dict[str, Any]:
    """Return the recalibration of one group of patients as it stands in the document.

    Parameters
    ----------
    found : Recalibration
        The recalibration.
    thresholds : sequence of float
        Exposures at which risks are given besides those of the patients.
    """
    events = found.events
    return {
        "from_day": found.from_day,
        "status": found.status,
        "status_text": found.status_text,
        "refusal": found.refusal,
        "n_subjects": events.n_subjects,
        "n_events": events.n_events,
        "n_interval_censored": int((events.kind == EventKind.INTERVAL).sum()),
        "parameters": {name: _parameter(found, k) for k, name in enumerate(NAMES)},
        "log_hazard_day90": _reference_hazard(found),
        "covariance": None
        if found.parameters is None
        else {"names": list(NAMES), "matrix": found.parameters.covariance.tolist()},
        "updates": _updates(found),
        "tests": [] if found.tested is None else [_test(one) for one in found.tested.tests],
        "steps": [] if found.tested is None else [_test(one) for one in found.tested.steps],
        "recommended": _recommended(found),
        "prior": None if found.prior is None or found.posterior is None else _prior(found, found.posterior),
        "risks": [_risk(found, *one) for one in _exposures(found, thresholds)],
        "calibration": {
            "before": None if found.before is None else _calibration(found.before),
            "after": None if found.after is None else _calibration(found.after),
            "optimism": None if found.optimism is None else _optimism(found.optimism),
            "remark": found.remark,
        },
        "warnings": list(_warnings(found)),
    }


def threshold_entry(found: Recalibration, choice: ThresholdChoice) -> dict[str, Any]:
    """Return the threshold as it stands in the document, with the risks at it."""
    old = found.request.model.threshold
    rule = choice.rule
    return {
        "log_auc_cl": choice.value,
        "source": "youden" if choice.is_chosen else "old",
        "why": choice.why,
        "interval": [finite(end) for end in choice.interval] if choice.interval else None,
        "old": old,
        "from_day": choice.from_day,
        "rule": None if rule is None else rule_entry(rule),
        "evaluation": None if choice.finding is None else finding_entry(choice.finding),
    }


def recommendation(found: Recalibration) -> str:
    """Return in one sentence which update the closed testing procedure ends with."""
    tested = found.tested
    if tested is None:
        return found.untested
    if tested.recommended is None:
        return "The closed testing procedure was not carried through: a fit that it needs has no maximum; --method bayes needs none."
    values = ", ".join(f"{test.smaller.value} {_p(test.p)}" for test in _made(found))
    name, few = tested.recommended.value, found.events.n_events < _FEW_EVENTS * Update.REFIT.n_estimated
    power = (
        f" With {counted(found.events.n_events, 'event')} such tests find little: bayes weighs the old model with the new patients instead of choosing."
        if few
        else ""
    )
    does = "keeping the old model" if tested.recommended is Update.ORIGINAL else f"the method {name}"
    return f"The closed testing procedure at {ALPHA:g} recommends {does} (full refit against {values}).{power}"


def _made(found: Recalibration) -> Iterator[UpdateTest]:
    """Yield the tests that the procedure came to."""
    assert found.tested is not None  # noqa: S101 - asked before
    for test in found.tested.tests:
        yield test
        if not test.p < ALPHA:
            return


def _p(p: float) -> str:
    return "p < 0.001" if p < 1e-3 else f"p = {p:.3f}"


def _parameter(found: Recalibration, k: int) -> dict[str, Any]:
    """Return the old and the new value of one parameter."""
    request = found.request
    held = ("log_lambda", "beta", "shape")[Update(request.method).n_estimated :] if request.method != "bayes" else ()
    is_held = NAMES[k] in held
    return {"old": _old(found, k), "new": _new(found, k, is_held=is_held), "held": is_held}


def _old(found: Recalibration, k: int) -> dict[str, Any]:
    """Return an old value with what its file says of its uncertainty: its covariance matrix, or what was printed."""
    model = found.request.model
    old = parameters_of(model)
    value, sd = float(old.values[k]), float(old.sd[k])
    z = _quantile(found)
    if isinstance(model.uncertainty, CovarianceUncertainty):
        ends, source = (value - z * sd, value + z * sd), "covariance matrix"
        return {"estimate": value, "se": sd, "interval": list(ends), "source": source}
    se, interval, sources = None, None, list[str]()
    if model.coding is not Coding.PROPORTIONAL_HAZARDS:
        source = "as printed in another coding"
        return {"estimate": value, "se": None, "interval": None, "source": source}
    printed = next(one for one in model.parameters if one.name == _ESTIMATES[k])
    if printed.rse_pct is not None:
        share = printed.rse_pct / percent_from_fraction(1.0)
        se = share if NAMES[k] == "log_lambda" else share * abs(value)
        sources.append("standard error as printed")
    if NAMES[k] == "beta" and sd > 0.0:  # the file may doubt what was printed
        se, sources = sd, ["standard deviation of the file's uncertainty"]
    if printed.bootstrap:
        interval = [_log_or_none(end) if NAMES[k] == "log_lambda" else end for end in printed.bootstrap[1:]]
        sources.append("bootstrap interval as printed")
    return {"estimate": value, "se": se, "interval": interval, "source": "; ".join(sources) or "none in the file"}


def _log_or_none(value: float) -> float | None:
    return math.log(value) if value > 0.0 else None


def _new(found: Recalibration, k: int, *, is_held: bool) -> dict[str, Any] | None:
    parameters = found.parameters
    if parameters is None:
        return None
    value, sd = float(parameters.values[k]), float(parameters.sd[k])
    if not sd > 0.0:
        return {"estimate": value, "se": None, "interval": None, "source": "held"}
    source = "held, with its old uncertainty" if is_held else "observed information"
    ends = _interval(found, parameters, k)
    if found.posterior is not None:
        source = "posterior"
        ends = _posterior_interval(found, found.posterior, k)
    return {"estimate": value, "se": sd, "interval": ends, "source": source}


def _interval(found: Recalibration, parameters: RiskParameters, k: int) -> list[float]:
    """Return an interval of the normal approximation, that of the shape on its logarithm."""
    z, value, sd = _quantile(found), float(parameters.values[k]), float(parameters.sd[k])
    if NAMES[k] != "shape":
        return [value - z * sd, value + z * sd]
    return [value * math.exp(-z * sd / value), value * math.exp(z * sd / value)]


def _posterior_interval(found: Recalibration, posterior: Posterior, k: int) -> list[float]:
    tail = 0.5 * (1.0 - found.request.level)
    ends = (tail, 1.0 - tail)
    if NAMES[k] == "log_lambda":
        return log_rate_quantiles(posterior, found.request.model.x_ref, ends).tolist()
    if NAMES[k] == "shape":
        return np.exp(linear_quantiles(posterior, (0.0, 1.0, 0.0), ends)).tolist()
    return linear_quantiles(posterior, (0.0, 0.0, 1.0), ends).tolist()


def _reference_hazard(found: Recalibration) -> dict[str, Any]:
    """Return ln H(90) at the median exposure of the patients, old and new: what the events say most of."""
    x = np.array([np.median(_exposure(found))])
    entry: dict[str, Any] = {"log_auc_cl": float(x[0])}
    for name, parameters in (("old", parameters_of(found.request.model)), ("new", found.parameters)):
        if parameters is None:
            entry[name] = None
            continue
        mean, sd = log_hazard(parameters, x, day=HORIZON_DAY)
        half = _quantile(found) * float(sd[0])
        value = float(mean[0])
        entry[name] = {
            "estimate": value,
            "se": float(sd[0]) or None,
            "interval": [value - half, value + half] if half > 0.0 else None,
        }
    return entry


def _updates(found: Recalibration) -> list[dict[str, Any]]:
    if found.nested is None:
        return []
    x_ref = found.request.model.x_ref
    return [
        {
            "update": update.value,
            "n_estimated": update.n_estimated,
            "status": fit.status.name.lower(),
            "status_text": status_text(fit),
            "log_likelihood": finite(fit.log_likelihood),
            "aic": finite(2.0 * update.n_estimated - 2.0 * fit.log_likelihood),
            "log_lambda": finite(float(fit.theta[0])),
            "shape": finite(math.exp(min(float(fit.theta[1]), _LARGE_EXPONENT))),
            "beta": finite(float(fit.theta[2])),
            "x_ref": x_ref,
        }
        for update, fit in found.nested.items()
    ]


def _test(one: UpdateTest) -> dict[str, Any]:
    return {
        "smaller": one.smaller.value,
        "larger": one.larger.value,
        "degrees_of_freedom": one.n_degrees,
        "statistic": finite(one.statistic),
        "p": finite(one.p),
    }


def _recommended(found: Recalibration) -> dict[str, Any]:
    best = None if found.tested is None else found.tested.recommended
    return {"update": None if best is None else best.value, "alpha": ALPHA, "sentence": recommendation(found)}


def _prior(found: Recalibration, posterior: Posterior) -> dict[str, Any]:
    """Return the prior, and how much of what is known afterwards is of it.

    The share of a parameter is its prior precision over its posterior precision; ``learned`` counts the parameters that the patients
    determined, 3 minus the trace of the prior precision times the posterior covariance.
    """
    prior = posterior.prior
    names = ("log_hazard_day90", "log_shape", "beta")
    sd = np.sqrt(np.diag(prior.covariance))
    entry: dict[str, Any] = {
        "weight": prior.weight,
        "log_auc_cl": prior.centre,
        "shape_source": prior.shape_source,
        "quadrature_error": finite(posterior.error),
        "log_evidence": finite(posterior.log_evidence),
        "parameters": {},
        "learned": None,
    }
    mean, covariance = (None, None) if found.parameters is None else moments(posterior, posterior.nodes)
    for k, name in enumerate(names):
        own = {"mean": float(prior.mean[k]), "sd": float(sd[k])}
        if mean is None or covariance is None:
            entry["parameters"][name] = {"prior": own, "posterior": None, "prior_share": None}
            continue
        after = {"mean": float(mean[k]), "sd": math.sqrt(float(covariance[k, k]))}
        share = float(covariance[k, k] / prior.covariance[k, k])
        entry["parameters"][name] = {"prior": own, "posterior": after, "prior_share": min(share, 1.0)}
    if covariance is not None:
        entry["learned"] = 3.0 - float(np.trace(np.linalg.solve(prior.covariance, covariance)))
    return entry


def _exposures(found: Recalibration, thresholds: Sequence[float]) -> list[tuple[str, float]]:
    shares = np.quantile(_exposure(found), _SHARES).tolist()
    rows = [
        (f"{percent_from_fraction(share):.0f} % of patients below", x) for share, x in zip(_SHARES, shares, strict=True)
    ]
    return [*rows, *(("threshold", x) for x in dict.fromkeys(thresholds))]


def _risk(found: Recalibration, name: str, x: float) -> dict[str, Any]:
    """Return the risk by day 90 at one exposure, old and new, with the interval that the app would show of the model alone."""
    entry: dict[str, Any] = {"at": name, "log_auc_cl": x, "posterior_interval": None}
    for key, parameters in (("old", parameters_of(found.request.model)), ("new", found.parameters)):
        if parameters is None:
            entry[key] = None
            continue
        mean, sd = log_hazard(parameters, np.array([x]), day=HORIZON_DAY)
        half = _quantile(found) * sd
        entry[key] = {
            "risk": float(risk_of(mean)[0]),
            "interval": [float(risk_of(end)[0]) for end in (mean - half, mean + half)] if sd[0] > 0.0 else None,
        }
    posterior = found.posterior
    if posterior is not None and found.parameters is not None:
        tail = 0.5 * (1.0 - found.request.level)
        ends = linear_quantiles(posterior, (1.0, 0.0, x - posterior.prior.centre), (tail, 1.0 - tail))
        entry["posterior_interval"] = risk_of(ends).tolist()
    return entry


def _calibration(one: Calibration) -> dict[str, Any]:
    slope, curve = one.slope, one.curve
    return {
        "observed": one.observed.observed,
        "expected": one.observed.expected,
        "observed_over_expected": _measured(one.observed.ratio),
        "intercept": _measured(slope.intercept),
        "slope": _measured(slope.slope),
        "p": finite(slope.p),
        "slope_status": slope.status.name.lower(),
        "slope_status_text": slope.status.value,
        "groups": [
            {
                "n": group.n,
                "n_events": group.n_events,
                "predicted": group.expected,
                "observed": _measured(group.observed),
            }
            for group in one.groups
        ],
        "ici": None if curve is None else finite(curve.ici.value),
        "ici_interval": None if curve is None or math.isnan(curve.ici.low) else [curve.ici.low, curve.ici.high],
        "curve_draws": 0 if curve is None else curve.n_draws,
        "curve_draws_failed": 0 if curve is None else curve.n_failed,
        "curve_status_text": "" if curve is None else curve.status.value,
        "remark": one.remark,
    }


def _optimism(found: OptimismResult) -> dict[str, Any]:
    measures = {one.name: one for one in found.measures}
    entry: dict[str, Any] = {"n_draws": found.n_draws, "n_failed": found.n_failed}
    entry["slope"] = _of_angle(measures[SLOPE_ANGLE])
    ratio = measures["log_observed_over_expected"]
    entry["observed_over_expected"] = {
        "apparent": _exponential(ratio.apparent),
        "corrected": _exponential(ratio.corrected),
    }
    brier = measures.get("brier")
    entry["brier"] = (
        None if brier is None else {"apparent": finite(brier.apparent), "corrected": finite(brier.corrected)}
    )
    return entry


def _of_angle(one: Optimism) -> dict[str, Any]:
    """Return slopes from their angles; one beyond a right angle is none."""
    right = 0.5 * math.pi
    return {
        name: finite(math.tan(angle)) if abs(angle) < right else None
        for name, angle in (("apparent", one.apparent), ("corrected", one.corrected))
    }


def _exponential(value: float) -> float | None:
    return math.exp(value) if math.isfinite(value) else None


def _measured(one: Measured) -> dict[str, float | None]:
    return {name: finite(value) for name, value in one._asdict().items()}


def _warnings(found: Recalibration) -> Iterator[dict[str, str]]:
    events, request = found.events, found.request
    n_estimated = 3 if request.method == "bayes" else Update(request.method).n_estimated
    if request.method != "bayes" and events.n_events < _FEW_EVENTS * n_estimated:
        text = f"{counted(events.n_events, 'event')} for {n_estimated} estimated {'parameter' if n_estimated == 1 else 'parameters'}: standard errors are rough."
        yield {"code": "few_events", "text": text}
    if request.method == "bayes" and not events.n_events:
        text = "There is no event among these patients: they say that the hazard is low, and how it depends on exposure only the old model says."
        yield {"code": "no_event", "text": text}
    beta = None if request.method == "intercept" else _new(found, NAMES.index("beta"), is_held=False)
    if not found.refusal and beta is not None and beta["interval"] is not None and beta["interval"][1] > 0.0:
        text = f"The interval of the effect of {request.covariate} reaches above 0: these patients do not show for certain that more exposure goes with less hazard."
        yield {"code": "effect_uncertain", "text": text}
    if found.people is not None and found.people.is_changing:
        text = f"{request.covariate} changes within subjects; calibration and threshold take its value at the start, or at the landmark."
        yield {"code": "exposure_changes", "text": text}
    if found.remark:
        yield {"code": "calibration", "text": found.remark}
    if found.refusal:
        yield {"code": "no_model", "text": found.refusal}
    if found.posterior is not None and (widest := _approximation(found)) > _ROUGH:
        text = (
            f"The model file keeps the posterior as a normal distribution; an end of a risk interval differs by up to "
            f"{percent_from_fraction(widest):.1f} percentage points from the posterior's own (risks, posterior_interval)."
        )
        yield {"code": "normal_approximation", "text": text}


def _approximation(found: Recalibration) -> float:
    """Return the largest distance between the ends of a risk interval by the normal distribution of the file and by the posterior."""
    entries = [_risk(found, *one) for one in _exposures(found, ())]
    return max(
        (
            abs(own - exact)
            for one in entries
            if one["new"] is not None and one["new"]["interval"] is not None
            for own, exact in zip(one["new"]["interval"], one["posterior_interval"], strict=True)
        ),
        default=0.0,
    )


def _exposure(found: Recalibration) -> FloatArray:
    return found.events.covariates[found.request.covariate.upper()]


def _quantile(found: Recalibration) -> float:
    return NormalDist().inv_cdf(0.5 + 0.5 * found.request.level)

"""A fit as a document, `asuc-fit/1`: estimates with their uncertainty, on the scales that readers expect."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.estimation.covariance import CovarianceKind, shrinkage, uncertainty_off_bounds, usable_kind
from pkpd.estimation.fit import FitStatus
from pkpd.estimation.objectives import MOST_BY_QUADRATURE, Method, is_flat_mode
from pkpd.kernels.codes import CENSORED
from pkpd.kernels.residual import LOG_2PI
from pkpd.likelihood.centres import CentreEvaluation
from pkpd.likelihood.importance import SampledEvaluation
from pkpd.likelihood.marginal import MarginalEvaluation
from pkpd.likelihood.population import idle_errors
from pkpd.model.population import ParameterKind
from pkpd.model.spec import RandomEffectShape
from pkpd.wording import counted

if TYPE_CHECKING:
    from pkpd.estimation.fit import Fit
    from pkpd.model.population import PopulationParameter
    from pkpd.model.spec import ModelSpec

SCHEMA = "asuc-fit/1"
_SMALL_EXP = 700.0
_NORMAL_95 = 1.959964
_MOST_NAMED = 10
# Points were placed for the standard error that is wanted; near there it differs a little.
_MISSED = 1.2
# Relative change of a subject's integral by leaving out nodes, above which it is named.
_ROUGH = 5e-2
# Scores of every subject below this are those of a parameter that no prediction depends on.
_SILENT = 1e-12
# Curvature, the largest being about 1, that differences of a gradient do not tell from none; part of a direction that counts.
_FLAT_CURVATURE, _PART = 1e-6, 0.2


def fit_document(fit: Fit, kind: CovarianceKind, *, seconds: float, data_sha256: str = "") -> dict[str, Any]:
    """Return a fit as plain dictionaries.

    Parameters
    ----------
    fit : Fit
        The fit.
    kind : CovarianceKind
        Which covariance matrix the standard errors come from.
    seconds : float
        How long it took.
    data_sha256 : str
        Hash of the cohort file.
    """
    wanted, kind = kind, usable_kind(fit, kind)
    places, known = uncertainty_off_bounds(fit, kind) or ([], None)
    by_place = dict(zip(places, known.se, strict=True)) if known else {}
    shrunk = shrinkage(fit)
    n_quantified = int((fit.population.packed.observations[:, CENSORED] == 0.0).sum())
    groups: dict[str, dict[str, Any]] = {"theta": {}, "omega": {}, "sigma": {}}
    model = fit.population.model
    etas = (*model.etas, *model.occasion_etas)
    for i, (one, value) in enumerate(zip(fit.parameters, fit.values, strict=True)):
        entry = _entry(one, float(value), by_place.get(i), one.name in fit.at_bound)
        if one.kind is ParameterKind.OMEGA and one.place[0] == "omega2":
            entry["cv_pct"] = _cv_pct(model, str(one.place[1]), float(value))
            if one.place[1] in etas:
                place = etas.index(str(one.place[1]))
                entry["shrinkage_pct"] = _finite(shrunk.sd[place])
                entry["shrinkage_variance_pct"] = _finite(shrunk.variance[place])
            elif isinstance(fit.evaluation, CentreEvaluation):
                effects = fit.evaluation.effects[:, model.centre_etas.index(str(one.place[1]))]
                entry["shrinkage_pct"] = _finite(100.0 * (1.0 - effects.std(ddof=1) / math.sqrt(value)))
                entry["shrinkage_variance_pct"] = _finite(100.0 * (1.0 - effects.var(ddof=1) / value))
        groups[one.kind.value][one.name] = entry
    return {
        "schema": SCHEMA,
        "method": fit.options.method.value,
        "status": fit.status.name.lower(),
        "status_text": fit.status.value + (f" At a bound: {', '.join(fit.at_bound)}." if fit.at_bound else ""),
        "ofv": _finite(fit.ofv),
        "ofv_with_log2pi": _finite(fit.ofv + n_quantified * LOG_2PI),
        "aic": _finite(fit.ofv + 2.0 * fit.scale.n_free),
        "n_subjects": fit.population.n_subjects,
        "n_observations": int(fit.population.packed.observations.shape[0]),
        "n_quantified": n_quantified,
        "n_parameters": fit.scale.n_free,
        **groups,
        "integration": _integration(fit),
        "covariance": kind.value if known else None,
        "gradient_norm": _finite(fit.gradient_norm),
        "condition_number": _finite(known.condition_number) if known else None,
        "evaluations": fit.n_evaluations,
        "seconds": round(seconds, 3),
        "model": {"name": model.id, "version": model.version, "sha256": model.sha256},
        "data": {"sha256": data_sha256},
        "warnings": [*_warnings(fit), *_few_centres(fit, wanted, kind)],
    }


def _integration(fit: Fit) -> dict[str, Any] | None:
    """Return how the exact objective was integrated, and how exact that is; None for objectives that are not."""
    if fit.options.method not in (Method.EXACT, Method.SAEM):
        return None
    found = fit.evaluation
    if not isinstance(found, SampledEvaluation):
        # Over the effects of centres the error of what is sampled inside is not known.
        kind = "importance_sampling" if fit.population.n_eta > MOST_BY_QUADRATURE else "quadrature"
        return {"kind": kind, "ofv_se": None, "points": None, "least_effective_sample_size": None}
    return {
        "kind": "importance_sampling",
        "ofv_se": _finite(found.ofv_se),
        "points": int(found.n_points.sum()),
        "least_effective_sample_size": _finite(float(found.effective.min(initial=np.inf))),
    }


def _entry(one: PopulationParameter, value: float, se: float | None, is_at_bound: bool) -> dict[str, Any]:  # noqa: FBT001
    entry: dict[str, Any] = {
        "estimate": value,
        "se": None if se is None else _finite(se),
        "rse_pct": None if se is None or value == 0.0 else _finite(100.0 * se / abs(value)),
        "fixed": one.is_fixed,
        "at_bound": is_at_bound,
    }
    entry["ci95_low"], entry["ci95_high"] = (None, None) if se is None else _interval(one, value, se)
    if one.kind is not ParameterKind.OMEGA:
        entry |= {"lower": _finite(one.lower), "upper": _finite(one.upper)}
    if one.kind is ParameterKind.OMEGA and one.place[0] == "omega2":
        sd = math.sqrt(value)
        entry["sd"] = sd
        # By the delta method: the relative standard error of a standard deviation is half that of its variance.
        entry["rse_sd_pct"] = None if se is None else _finite(50.0 * se / value)
    return entry


def _interval(one: PopulationParameter, estimate: float, se: float) -> tuple[float | None, float | None]:
    """Return the 95 % interval estimate ± 1.96 SE, of variances and residual errors on the scale of the logarithm, which leaves them positive."""
    reach = _NORMAL_95 * se
    if (one.kind is ParameterKind.SIGMA or one.place[0] == "omega2") and estimate > 0.0:
        # By the delta method: the standard error of a logarithm is the relative standard error.
        share = min(reach / estimate, _SMALL_EXP)
        return _finite(estimate * math.exp(-share)), _finite(estimate * math.exp(share))
    return _finite(estimate - reach), _finite(estimate + reach)


def _cv_pct(model: ModelSpec, eta: str, variance: float) -> float | None:
    """Return the coefficient of variation of what a random effect multiplies; None where its variance alone does not give it."""
    shapes = {term.eta: term.shape for term in model.terms}
    shapes |= {term.occasion_eta: term.shape for term in model.terms}
    shape = shapes.get(eta, RandomEffectShape.EXPONENTIAL)
    if shape is RandomEffectShape.PROPORTIONAL:
        return _finite(100.0 * math.sqrt(variance))
    if shape is not RandomEffectShape.EXPONENTIAL:
        return None
    return _finite(100.0 * math.sqrt(math.expm1(min(variance, _SMALL_EXP))))


def _not_informed(fit: Fit) -> tuple[list[str], list[str]]:
    """Return the parameters that no prediction depends on, and those of the direction in which the objective is flat."""
    names = np.array([fit.parameters[place].name for place in fit.scale.free])
    is_silent = np.abs(fit.scores).max(axis=0, initial=0.0) < _SILENT
    silent: list[str] = names[is_silent].tolist()
    matrix = fit.information
    if matrix is None or silent or not np.isfinite(matrix).all() or not (np.diag(matrix) > 0.0).all():
        return silent, []
    root = np.sqrt(np.diag(matrix))
    eigen = np.linalg.eigh(matrix / np.outer(root, root))
    if not abs(float(eigen.eigenvalues[0])) < _FLAT_CURVATURE:
        return silent, []
    together: list[str] = names[np.abs(eigen.eigenvectors[:, 0]) > _PART].tolist()
    # A covariance at its bound goes with its variances; that is told as the bound.
    return silent, [] if set(together) & set(fit.at_bound) else together


def _warnings(fit: Fit) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    failed = int((fit.evaluation.status != 0).sum())
    if failed:
        text = f"The empirical Bayes estimates of {counted(failed, 'subject')} did not converge."
        found.append({"code": "ebe_not_converged", "text": text})
    impossible: list[int] = np.flatnonzero(~np.isfinite(fit.evaluation.ofv_i)).tolist()
    if impossible:
        named = ", ".join(fit.population.cohort.ids[i] for i in impossible[:_MOST_NAMED])
        text = f"The observations of {counted(len(impossible), 'subject')} are impossible at these values: {named}."
        found.append({"code": "impossible_observations", "text": text})
    flat = is_flat_mode(fit.evaluation)
    if fit.options.method is Method.LAPLACE and flat.any():
        named = ", ".join(fit.population.cohort.ids[i] for i in map(int, np.flatnonzero(flat)[:_MOST_NAMED]))
        text = f"The modes of {counted(int(flat.sum()), 'subject')} are flat, where Laplace's approximation is worthless: {named}."
        found.append({"code": "flat_mode", "text": text})
    found += _too_few_nodes(fit)
    if isinstance(fit.evaluation, SampledEvaluation) and fit.evaluation.ofv_se > _MISSED * fit.options.sampling.target:
        text = (
            f"The objective is exact to a standard error of {fit.evaluation.ofv_se:.2g} only; expected "
            f"{fit.options.sampling.target:.2g}. Differences of objectives that are not much larger say nothing."
        )
        found.append({"code": "integration_not_exact", "text": text})
    if idle := idle_errors(fit.population):
        text = f"No level has the residual error {' or '.join(idle)}: held at its initial value."
        found.append({"code": "idle_error", "text": text})
    silent, together = _not_informed(fit)
    if silent:
        text = f"Nothing in the data depends on {', '.join(silent)}: fix it, or leave it out of the model."
        found.append({"code": "not_informed", "text": text})
    if together:
        text = f"The data do not tell {' and '.join(together)} apart: fix one of them, or leave it out of the model."
        found.append({"code": "not_told_apart", "text": text})
    if fit.status not in (FitStatus.CONVERGED, FitStatus.WITHIN_NOISE, FitStatus.EVALUATED):
        found.append({"code": fit.status.name.lower(), "text": fit.status.value})
    return found


def _too_few_nodes(fit: Fit) -> list[dict[str, str]]:
    """Return a warning on subjects whose integrals by quadrature still change with the nodes at the most nodes there are."""
    if not isinstance(fit.evaluation, MarginalEvaluation):
        return []
    doubt = fit.evaluation.doubt[:, 1:].max(axis=1)
    rough = np.flatnonzero((doubt > _ROUGH) & np.isfinite(fit.evaluation.ofv_i)).tolist()
    if not rough:
        return []
    named = ", ".join(fit.population.cohort.ids[i] for i in rough[:_MOST_NAMED])
    text = f"The integrals of {counted(len(rough), 'subject')} change with the nodes of the quadrature and may be wrong: {named}."
    return [{"code": "integration_not_exact", "text": text}]


def _few_centres(fit: Fit, wanted: CovarianceKind, kind: CovarianceKind) -> list[dict[str, str]]:
    if kind is wanted or not fit.scale.n_free or not fit.options.with_covariance:
        return []
    text = (
        f"{len(fit.scores)} centres are too few for the scores of {fit.scale.n_free} parameters: standard errors come from R instead of "
        f"{wanted.value}."
    )
    return [{"code": "few_centres", "text": text}]


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

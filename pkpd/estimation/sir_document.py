"""Sampling importance resampling as a document, `asuc-sir/1`: intervals, and whether they are to be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.estimation.bootstrap import USED
from pkpd.estimation.multi_start import SAME_OFV

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray
    from pkpd.estimation.fit import Fit
    from pkpd.estimation.sir import SirIteration, SirOptions

SCHEMA = "asuc-sir/1"
_QUANTILES = {"q025": 0.025, "q05": 0.05, "q50": 0.5, "q95": 0.95, "q975": 0.975}
# Effective vectors as a share of those kept, below which their weights are carried by few.
_FEW_EFFECTIVE = 1.0
# Change of the mean rise between the last two iterations, in standard errors, above which another iteration is needed.
_SETTLED = 3.0


def sir_document(original: Fit, iterations: Sequence[SirIteration], options: SirOptions) -> dict[str, Any]:
    """Return intervals of the parameters and diagnostics of each iteration.

    Parameters
    ----------
    original : Fit
        The fit.
    iterations : sequence of SirIteration
        All of them; the last one holds the result.
    options : SirOptions
        How they were made.
    """
    last = iterations[-1]
    steps = [_step(one, original.scale.n_free) for one in iterations]
    return {
        "schema": SCHEMA,
        "method": original.options.method.value,
        "status": original.status.name.lower(),
        "ofv": original.ofv,
        "n_parameters": original.scale.n_free,
        "n_samples": options.n_samples,
        "n_resamples": options.n_resamples,
        "seed": options.seed,
        "inflation": options.inflation,
        "proposal_rse_pct": None if options.rse is None else 100.0 * options.rse,
        "iterations": steps,
        "settled": is_settled(iterations),
        "parameters": {
            one.name: _spread(float(estimate), last.values[:, k], last, is_fixed=one.is_fixed)
            for k, (one, estimate) in enumerate(zip(original.parameters, original.values, strict=True))
        },
        "warnings": _warnings(original, iterations, options),
    }


def is_settled(iterations: Sequence[SirIteration]) -> bool | None:
    """Return whether the vectors that the last two iterations kept rise alike, within their sampling error; None of one iteration."""
    if len(iterations) < 2:
        return None
    before, after = (one.change[one.is_kept] for one in iterations[-2:])
    error = np.sqrt(before.var(ddof=1) / before.size + after.var(ddof=1) / after.size)
    return bool(abs(after.mean() - before.mean()) <= _SETTLED * error)


def weighted_quantile(values: FloatArray, weight: FloatArray, probability: float) -> float:
    """Return a quantile of weighted values: where their cumulated weight, each counted half at its own place, passes it."""
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weight[order]) - 0.5 * weight[order]
    return float(np.interp(probability, cumulated, values[order]))


def _step(one: SirIteration, n_free: int) -> dict[str, Any]:
    finite = one.change[np.isfinite(one.change)]
    kept = one.change[one.is_kept]
    return {
        "n_without_objective": int(one.change.size - finite.size),
        "effective_size": one.effective_size,
        "largest_weight": float(one.weight.max()),
        "lowest_ofv_change": float(finite.min()),
        # The mean of a chi-square distribution is its degrees of freedom.
        "degrees_of_freedom": n_free,
        "degrees_of_freedom_samples": float(finite.mean()),
        "degrees_of_freedom_resamples": float(kept.mean()),
    }


def _spread(estimate: float, values: FloatArray, last: SirIteration, *, is_fixed: bool) -> dict[str, Any]:
    names = ("mean", "se", *_QUANTILES, "weighted_q025", "weighted_q975")
    if is_fixed:
        return {"estimate": estimate, "fixed": True, **dict.fromkeys(names)}
    kept = values[last.is_kept]
    numbers = (
        kept.mean(),
        kept.std(ddof=1),
        *np.quantile(kept, list(_QUANTILES.values())),
        weighted_quantile(values, last.weight, 0.025),
        weighted_quantile(values, last.weight, 0.975),
    )
    return {"estimate": estimate, "fixed": False, **dict(zip(names, map(float, numbers), strict=True))}


def _warnings(original: Fit, iterations: Sequence[SirIteration], options: SirOptions) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    last = iterations[-1]
    if original.status not in USED:
        text = f"The fit did not converge: {original.status.value}"
        found.append({"code": "original_not_converged", "text": text})
    lowest = min(float(np.nanmin(one.change)) for one in iterations)
    if lowest < -SAME_OFV:
        text = f"A vector has an objective {-lowest:.3f} lower than the fit's: fit again from there (samples.csv)."
        found.append({"code": "lower_optimum", "text": text})
    if last.effective_size < _FEW_EFFECTIVE * options.n_resamples:
        text = (
            f"The last iteration's vectors are worth {last.effective_size:.0f} of equal weight, fewer than the {options.n_resamples} kept: "
            "draw more samples, or iterate more."
        )
        found.append({"code": "few_effective", "text": text})
    if is_settled(iterations) is False:
        text = "The last two iterations kept vectors that rise differently: iterate more."
        found.append({"code": "not_settled", "text": text})
    missing = int((~np.isfinite(last.change)).sum())
    if missing:
        text = f"{missing} of {options.n_samples} vectors of the last iteration have no finite objective and weigh nothing."
        found.append({"code": "without_objective", "text": text})
    return found

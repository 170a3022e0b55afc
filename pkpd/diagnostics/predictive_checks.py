"""The visual and the numerical predictive check of one model and cohort, as a document and as tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.data.usual_limits import with_usual_limits
from pkpd.diagnostics.npc import PREDICTION_INTERVALS, Npc, npc
from pkpd.diagnostics.strata import strata
from pkpd.diagnostics.vpc import Vpc, equal_bins, time_after_dose, vpc
from pkpd.simulation.replicates import simulate_replicates
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pkpd.arrays import FloatArray
    from pkpd.likelihood.population import Population
    from pkpd.simulation.replicates import Replicates

SCHEMA = "asuc-vpc/1"
_NAMES = ("p05", "p50", "p95")
_ENDS = ("low", "middle", "high")
# Simulated levels that are held at once, in single precision.
_MOST_LEVELS = 400_000_000
_SIMULATING, _COMPARING = 0.6, 0.9


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """How the checks are made.

    Parameters
    ----------
    n_replicates : int
        How often the population is drawn.
    seed : int
        The same seed draws the same replicates.
    n_bins : int or None
        Bins of the visual check at most; None for one for every twenty samples and at most eight.
    is_corrected : bool
        Whether levels are corrected for their predictions (pcVPC).
    is_after_dose : bool
        Whether they are binned by the time after the last dose.
    stratify : str or None
        What the visual check is also made for each value of (``strata``).
    """

    n_replicates: int = 1000
    seed: int = 1
    n_bins: int | None = None
    is_corrected: bool = True
    is_after_dose: bool = False
    stratify: str | None = None


@dataclass(frozen=True, slots=True)
class PredictiveChecks:
    """The checks of a model.

    Parameters
    ----------
    vpc : Vpc
        Over time.
    npc : Npc
        Of the prediction intervals.
    options : CheckOptions
        How they were made.
    notes : tuple of str
        What was assumed.
    strata : tuple of (str, Vpc)
        Visual checks of parts of the cohort, with what their samples have in common.
    """

    vpc: Vpc
    npc: Npc
    options: CheckOptions
    notes: tuple[str, ...]
    strata: tuple[tuple[str, Vpc], ...] = ()


def most_replicates(population: Population) -> int:
    """Return how often a population with at least one sample can be drawn within the memory that is meant for it."""
    return max(_MOST_LEVELS // population.cohort.level.size, 1)


def check_predictions(
    population: Population,
    values: FloatArray,
    options: CheckOptions,
    *,
    drawn: Replicates | None = None,
    tell: Callable[[float], object] = lambda _: None,
) -> PredictiveChecks:
    """Return the predictive checks of a model at given values.

    Parameters
    ----------
    population : Population
        Model and subjects, with at least one sample.
    values : (n_parameters,) array
        Values of the model's parameters, in their order.
    options : CheckOptions
        How the checks are made.
    drawn : Replicates, optional
        The replicates, where they were drawn elsewhere.
    tell : callable, optional
        Told the share that is done.

    Raises
    ------
    InputError
        For strata that the cohort does not have.
    """
    cohort, notes = with_usual_limits(population.cohort)
    chosen = () if options.stratify is None else strata(cohort, options.stratify)
    drawn = drawn or simulate_replicates(
        population, values, options.seed, options.n_replicates, tell=lambda share: tell(_SIMULATING * share)
    )
    time = time_after_dose(cohort) if options.is_after_dose else cohort.sample_time
    visual = vpc(
        cohort,
        drawn,
        time,
        equal_bins(time, options.n_bins),
        is_corrected=options.is_corrected,
        tell=lambda share: tell(_SIMULATING + (_COMPARING - _SIMULATING) * share),
    )
    tell(_COMPARING)
    if visual.n_uncorrected:
        notes = (*notes, f"{visual.n_uncorrected:,} samples are not corrected, because nothing is predicted for them")
    parts = tuple(
        (
            one.label,
            vpc(
                cohort,
                drawn,
                time,
                equal_bins(time[one.rows], options.n_bins),
                is_corrected=options.is_corrected,
                rows=one.rows,
            ),
        )
        for one in chosen
    )
    return PredictiveChecks(visual, npc(cohort, drawn), options, notes, parts)


def checks_document(checks: PredictiveChecks) -> dict[str, Any]:
    """Return the checks as a JSON document; levels in mg/L, times in days, shares in percent, None where open."""
    options = checks.options
    return {
        "schema": SCHEMA,
        "n_replicates": options.n_replicates,
        "seed": options.seed,
        "corrected": options.is_corrected,
        "time": "after_dose" if options.is_after_dose else "as_recorded",
        "notes": list(checks.notes),
        "bins": list(_bins(checks.vpc)),
        "npc": list(_intervals(checks.npc)),
        "stratify": options.stratify,
        "strata": [{"stratum": label, "bins": list(_bins(visual))} for label, visual in checks.strata],
    }


def _bins(visual: Vpc) -> Iterator[dict[str, Any]]:
    for k in range(visual.n.size):
        yield {
            "from_day": float(visual.edges[k]),
            "to_day": float(visual.edges[k + 1]),
            "median_day": float(visual.centre[k]),
            "n": int(visual.n[k]),
            **{
                name: {"observed": _number(visual.observed[k, p]), **_ends(visual.simulated[k, p])}
                for p, name in enumerate(_NAMES)
            },
            "below_lloq_pct": _share(float(visual.below[k]), visual.below_simulated[k]),
            "above_uloq_pct": _share(float(visual.above[k]), visual.above_simulated[k]),
        }


def _intervals(numerical: Npc) -> Iterator[dict[str, Any]]:
    for k, share in enumerate(PREDICTION_INTERVALS):
        yield {
            "interval_pct": percent_from_fraction(share),
            "expected_each_side_pct": percent_from_fraction(0.5 * (1.0 - share)),
            "below_pct": _share(float(numerical.below[k]), numerical.below_simulated[k]),
            "above_pct": _share(float(numerical.above[k]), numerical.above_simulated[k]),
        }


def _share(observed: float, simulated: FloatArray) -> dict[str, Any]:
    return {"observed": percent_from_fraction(observed), **_ends(percent_from_fraction(1.0) * simulated)}


def _ends(values: FloatArray) -> dict[str, float | None]:
    return {name: _number(value) for name, value in zip(_ENDS, values.tolist(), strict=True)}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

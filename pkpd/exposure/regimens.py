"""ln(AUC/CL) of many regimens over one posterior, from areas per mg that are computed once."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.records import Dose, Subject
from pkpd.errors import input_error
from pkpd.estimation.posterior import Marginal, marginal
from pkpd.exposure.metrics import (
    WEEK_2_TO_4,
    exposure_problems,
    log_auc_at,
    log_auc_table,
    parameter_tables,
    parameters_at,
)
from pkpd.kernels.regimen import (
    SearchLines,
    regimen_log_exposures,
    regimen_probabilities,
    regimen_probabilities_alone,
)

if TYPE_CHECKING:
    from pkpd.arrays import FloatArray, IntArray
    from pkpd.estimation.posterior import Posterior

# A search takes every second or fourth line where that changes no probability of single infusions by more than this.
_SAME = 2e-5
_TRIED_MG, _TRIED_LOG_AUC_CL = 500.0, np.linspace(2.0, 10.0, 33)
# Fewer regimens are done by the calling thread: waking the others costs more.
_MANY = 4_000
_NOTHING = 1e-7
# Numba's fallback threading layer allows a single caller at a time, and a web server has several threads.
_PARALLEL = threading.Lock()


@dataclass(frozen=True, slots=True)
class ExposureTable:
    """Everything that the exposure of a regimen follows from.

    Parameters
    ----------
    posterior : Posterior
        Posterior over lines of constant rate constants.
    log_areas : (n_times, n_lines) array
        ln(AUC/CL) per mg of an infusion at each time, AUC over days 14 to 28, at the first node of each line.
    log_fixed : (n_lines,) array
        ln(AUC/CL) of the doses that every regimen holds, likewise; -inf without drug.
    lines : SearchLines
        For the compiled search: areas per mg at each time, then those of an infusion that is everywhere as good as the
        best (``best_index``), on as many lines as it needs.
    mode_areas, mode_fixed, mode_offset : (n_times, 1), (1,) arrays, float
        The same at the maximum a posteriori estimate.
    """

    posterior: Posterior
    log_areas: FloatArray
    log_fixed: FloatArray
    lines: SearchLines
    mode_areas: FloatArray
    mode_fixed: FloatArray
    mode_offset: float

    @property
    def best_index(self) -> int:
        """Return the index of an infusion that gives the most of all times at every point: a bound, no regimen."""
        return len(self.log_areas)


def exposure_table(
    posterior: Posterior,
    subject: Subject,
    *,
    fixed_doses: tuple[Dose, ...],
    times: FloatArray,
    durations: FloatArray,
) -> ExposureTable:
    """Return the areas per mg of infusions at the given times.

    Parameters
    ----------
    posterior : Posterior
        The patient's posterior.
    subject : Subject
        The patient; its doses are replaced.
    fixed_doses : tuple of Dose
        Given and kept doses.
    times, durations : (n_times,) arrays
        Start and duration [day] of the infusions that regimens are made of.

    Raises
    ------
    InputError
        For a model whose clearance and volume do not both carry a random effect.
    """
    if posterior.problem.subjects.line_scale[0] == 0.0:
        raise input_error(
            posterior.problem.model.id, "regimens are searched with a model with random effects on all parameters"
        )
    sets = [fixed_doses, *((Dose(float(t), 1.0, float(d)),) for t, d in zip(times, durations, strict=True))]
    log_cl = parameter_tables(posterior)[0][:, 0]
    eta = posterior.mode.eta[0]
    mode_log_cl = float(np.log(parameters_at(posterior.problem, eta)["cl"]))
    regimens = [Subject(doses, subject.samples, subject.covariates) for doses in sets]
    exposures = exposure_problems(posterior.problem, regimens, window=WEEK_2_TO_4)
    log_areas = np.array([log_auc_table(posterior, exposure)[:, 0] for exposure in exposures])
    # Scaling each line by its largest entry keeps areas of extreme clearances from underflowing.
    peak = log_areas.max(axis=0)
    peak = np.where(np.isfinite(peak), peak, 0.0)
    scaled = np.exp(log_areas - peak)
    mode_log = np.array([log_auc_at(exposure, eta) for exposure in exposures])
    mode_peak = float(mode_log.max()) if np.isfinite(mode_log.max()) else 0.0
    mode_scaled = np.exp(mode_log - mode_peak)
    areas = np.vstack((scaled[1:], scaled[1:].max(axis=0, initial=0.0)))
    fall = 2.0 * posterior.problem.subjects.line_scale[0] * posterior.step
    lines = SearchLines(
        areas, scaled[0].copy(), peak - log_cl, fall, posterior.step, posterior.density, posterior.integral
    )
    return ExposureTable(
        posterior=posterior,
        log_areas=log_areas[1:] - log_cl,
        log_fixed=log_areas[0] - log_cl,
        lines=_as_few_as_needed(_with_mass(lines)),
        mode_areas=np.append(mode_scaled[1:], mode_scaled[1:].max(initial=0.0))[:, None],
        mode_fixed=mode_scaled[:1].copy(),
        mode_offset=mode_peak - mode_log_cl,
    )


def probability_at_least(
    table: ExposureTable, time_index: IntArray, amounts: FloatArray, log_auc_cl: float
) -> FloatArray:
    """Return P(ln(AUC/CL) >= log_auc_cl) of every regimen.

    Parameters
    ----------
    time_index : (n_regimens, k) array
        Infusion times, -1 for none.
    amounts : (n_regimens, k) array
        Amounts [mg].
    log_auc_cl : float
        Target.

    Returns
    -------
    (n_regimens,) array
        Probabilities over the posterior.
    """
    index = np.ascontiguousarray(time_index)
    return _probabilities(table.lines, index, np.ascontiguousarray(amounts, dtype=np.float64), log_auc_cl)


def _probabilities(lines: SearchLines, time_index: IntArray, amounts: FloatArray, log_auc_cl: float) -> FloatArray:
    result = np.empty(len(time_index))
    if len(time_index) <= _MANY:
        regimen_probabilities_alone(lines, time_index, amounts, log_auc_cl, result)
    else:
        with _PARALLEL:
            regimen_probabilities(lines, time_index, amounts, log_auc_cl, result)
    return result


def _as_few_as_needed(lines: SearchLines) -> SearchLines:
    """Return every fourth or second line where that is exact enough for single infusions at each time, else all.

    The choice is made once for a table, so that every regimen of a search is measured alike.
    """
    index = np.arange(-1, len(lines.areas), dtype=np.int64)[:, None]
    amounts = np.full(index.shape, _TRIED_MG)
    every = [_probabilities(lines, index, amounts, float(target)) for target in _TRIED_LOG_AUC_CL]
    for stride in (4, 2):
        thinned = _every(lines, stride)
        found = [_probabilities(thinned, index, amounts, float(target)) for target in _TRIED_LOG_AUC_CL]
        if np.abs(np.array(found) - np.array(every)).max() < _SAME:
            return thinned
    return lines


def _every(lines: SearchLines, stride: int) -> SearchLines:
    """Return every so many lines: the trapezoidal rule with wider steps."""
    areas, fixed, offset, fall, step, density, integral = lines
    kept = slice(None, None, stride)
    mass = integral[kept, -1].sum()
    return SearchLines(
        np.ascontiguousarray(areas[:, kept]),
        fixed[kept].copy(),
        offset[kept].copy(),
        fall[kept].copy(),
        step[kept].copy(),
        density[kept] / mass,
        integral[kept] / mass,
    )


def _with_mass(lines: SearchLines) -> SearchLines:
    """Leave out lines that hold next to nothing of the posterior at either end."""
    areas, fixed, offset, fall, step, density, integral = lines
    below = np.cumsum(integral[:, -1])
    kept = slice(int(np.searchsorted(below, _NOTHING)), int(np.searchsorted(below, 1.0 - _NOTHING)) + 1)
    return SearchLines(
        np.ascontiguousarray(areas[:, kept]),
        fixed[kept].copy(),
        offset[kept].copy(),
        fall[kept].copy(),
        step[kept].copy(),
        density[kept].copy(),
        integral[kept].copy(),
    )


def log_auc_cl_at_mode(table: ExposureTable, time_index: IntArray, amounts: FloatArray) -> FloatArray:
    """Return ln(AUC/CL) of every regimen at the maximum a posteriori estimate; -inf without drug in the window."""
    result = np.empty(len(time_index))
    regimen_log_exposures(
        table.mode_areas,
        table.mode_fixed,
        table.mode_offset,
        np.ascontiguousarray(time_index),
        np.ascontiguousarray(amounts, dtype=np.float64),
        result,
    )
    return result


def log_auc_cl_marginal(
    table: ExposureTable, time_index: IntArray, amounts: FloatArray, probabilities: FloatArray
) -> tuple[Marginal, FloatArray]:
    """Return the distribution of ln(AUC/CL) of one regimen, and its table of node values.

    Parameters
    ----------
    time_index, amounts : (k,) arrays
        One regimen; with drug in the window.
    """
    posterior = table.posterior
    used = (time_index >= 0) & (amounts > 0.0)
    # In logarithms, since what an early infusion leaves can be less than the smallest number on some lines.
    parts = np.vstack((table.log_fixed, table.log_areas[time_index[used]] + np.log(amounts[used])[:, None]))
    first = np.logaddexp.reduce(parts, axis=0)
    fall = 2.0 * posterior.problem.subjects.line_scale[0] * posterior.step
    nodes = np.arange(posterior.density.shape[1], dtype=np.float64)
    values: FloatArray = first[:, None] - fall[:, None] * nodes
    return marginal(posterior, values, sign=-1.0, is_log=False, probabilities=probabilities), values

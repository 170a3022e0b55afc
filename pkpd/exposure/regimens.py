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
    exposure_problem,
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

# A large search takes every second or fourth line where a sample of its regimens shows that this changes nothing.
_MANY, _SAMPLE, _SAME = 4_000, 64, 1e-4
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
    areas : (n_times, n_lines) array
        Scaled area over days 14 to 28 per mg of an infusion at each time, at the first node of each line.
    fixed : (n_lines,) array
        Scaled area of the doses that every regimen holds.
    offset : (n_lines,) array
        ln(AUC/CL) at the first node is ln(scaled area) + offset.
    lines : SearchLines
        The same for the compiled search, without the lines that hold next to nothing.
    mode_areas, mode_fixed, mode_offset : (n_times, 1), (1,) arrays, float
        The same at the maximum a posteriori estimate.
    """

    posterior: Posterior
    areas: FloatArray
    fixed: FloatArray
    offset: FloatArray
    lines: SearchLines
    mode_areas: FloatArray
    mode_fixed: FloatArray
    mode_offset: float


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
    logs: list[FloatArray] = []
    mode_logs: list[float] = []
    for doses in sets:
        regimen = Subject(doses, subject.samples, subject.covariates)
        exposure = exposure_problem(posterior.problem, regimen, window=WEEK_2_TO_4)
        logs.append(log_auc_table(posterior, exposure)[:, 0])
        mode_logs.append(log_auc_at(exposure, eta))
    log_areas = np.array(logs)
    # Scaling each line by its largest entry keeps areas of extreme clearances from underflowing.
    peak = log_areas.max(axis=0)
    peak = np.where(np.isfinite(peak), peak, 0.0)
    scaled = np.exp(log_areas - peak)
    mode_log = np.array(mode_logs)
    mode_peak = float(mode_log.max()) if np.isfinite(mode_log.max()) else 0.0
    mode_scaled = np.exp(mode_log - mode_peak)
    areas, fixed, offset = np.ascontiguousarray(scaled[1:]), scaled[0].copy(), peak - log_cl
    fall = 2.0 * posterior.problem.subjects.line_scale[0] * posterior.step
    return ExposureTable(
        posterior=posterior,
        areas=areas,
        fixed=fixed,
        offset=offset,
        lines=_with_mass(
            SearchLines(areas, fixed, offset, fall, posterior.step, posterior.density, posterior.integral)
        ),
        mode_areas=np.ascontiguousarray(mode_scaled[1:, None]),
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
    given = np.ascontiguousarray(amounts, dtype=np.float64)
    lines = table.lines
    if len(index) > _MANY:
        few = slice(None, None, len(index) // _SAMPLE)
        sample = np.ascontiguousarray(index[few]), np.ascontiguousarray(given[few])
        truth = _probabilities(lines, *sample, log_auc_cl)
        for stride in (4, 2):
            thinned = _every(lines, stride)
            if np.abs(_probabilities(thinned, *sample, log_auc_cl) - truth).max() < _SAME:
                lines = thinned
                break
    return _probabilities(lines, index, given, log_auc_cl)


def _probabilities(lines: SearchLines, time_index: IntArray, amounts: FloatArray, log_auc_cl: float) -> FloatArray:
    result = np.empty(len(time_index))
    if len(time_index) <= _MANY:
        regimen_probabilities_alone(lines, time_index, amounts, log_auc_cl, result)
    else:
        with _PARALLEL:
            regimen_probabilities(lines, time_index, amounts, log_auc_cl, result)
    return result


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
        One regimen.
    """
    posterior = table.posterior
    used = time_index >= 0
    total = table.fixed + amounts[used] @ table.areas[time_index[used]]
    fall = 2.0 * posterior.problem.subjects.line_scale[0] * posterior.step
    nodes = np.arange(posterior.density.shape[1], dtype=np.float64)
    values: FloatArray = (np.log(total) + table.offset)[:, None] - fall[:, None] * nodes
    return marginal(posterior, values, sign=-1.0, is_log=False, probabilities=probabilities), values

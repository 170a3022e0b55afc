"""A cohort as the rows of a data set of NONMEM: numbers alone, one record for each dose, level and change of a covariate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.records import Censoring
from pkpd.model.residual import error_group
from pkpd.model.spec import ResidualKind, is_oral
from pkpd.problem import error_groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nonmem_ref.writing.effect_code import Item
    from pkpd.arrays import FloatArray
    from pkpd.data.cohort import Cohort
    from pkpd.model.spec import ModelSpec

_CENS = {Censoring.NONE: 0, Censoring.BELOW: 1, Censoring.ABOVE: -1, Censoring.BETWEEN: 2}
# Kinds of records at one time, in their order: a level before a dose, one right after a bolus behind it.
_LEVEL, _DOSE, _AFTER, _COVARIATES = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class WrittenError:
    """A residual error as it is written: the general one, or that of an assay or centre.

    Parameters
    ----------
    name : str or None
        Assay or centre; None is the general error.
    code : int
        Its number in the item that tells errors apart.
    prefix : str
        What the engine's names of its parameters begin with.
    additive_sd, proportional_sd : float
        Standard deviations, as of ``ResidualError``.
    """

    name: str | None
    code: int
    prefix: str
    additive_sd: float
    proportional_sd: float


def data_rows(
    cohort: Cohort, model: ModelSpec, items: Sequence[Item], *, has_logarithms: bool = True
) -> Iterator[tuple[object, ...]]:
    """Yield the records of a cohort.

    Parameters
    ----------
    cohort : Cohort
        No covariate of the model is missing.
    model : ModelSpec
        For the compartments of doses and the scale of levels.
    items : sequence of Item
        Covariates.
    has_logarithms : bool
        Whether levels under a logarithmic error are written as logarithms.

    Yields
    ------
    tuple
        ID (the subject's number, from 1), TIME, AMT, RATE, EVID, MDV, CMT, DV, CENS, LIMIT, the occasion where the model has effects of
        them, the code of the assay (or centre) where it has errors of these, and the covariates in force at the record. Times are those of the cohort, of a subject with earlier ones from its first.
        DV is the level, or the limit that it is beyond; of an interval DV and LIMIT are its ends. Of a logarithmic error they are
        logarithms.
    """
    is_log = has_logarithms and model.residual.kind is ResidualKind.LOGARITHMIC
    central = 2 if is_oral(model.parameterization) else 1
    covariates = [one.values(cohort.covariates[one.covariate]) for one in items]
    if model.occasion_variances:
        covariates.insert(0, cohort.occasion.astype(np.float64) + 1.0)

    codes = error_codes(model)
    group_of, group = error_groups(model, cohort)
    code_of = [codes[error_group(model, name)] for name in group_of]
    has_groups = error_item(model) is not None

    def scaled(value: float) -> object:
        return "." if np.isnan(value) else float(np.log(value)) if is_log else value

    for i in range(cohort.n_subjects):
        doses = slice(int(cohort.dose_start[i]), int(cohort.dose_start[i + 1]))
        samples = slice(int(cohort.sample_start[i]), int(cohort.sample_start[i + 1]))
        first, last = int(cohort.row_start[i]), int(cohort.row_start[i + 1])
        row_time = cohort.row_time[first:last]
        boluses = cohort.dose_time[doses][cohort.dose_duration[doses] == 0.0]
        rows: list[tuple[float, int, tuple[object, ...], int]] = []
        for time, amount, duration in zip(
            cohort.dose_time[doses].tolist(),
            cohort.dose_amount[doses].tolist(),
            cohort.dose_duration[doses].tolist(),
            strict=True,
        ):
            rate = amount / duration if duration > 0.0 else 0.0
            compartment = central if duration > 0.0 else 1
            rows.append((time, _DOSE, (amount, rate, 1, 1, compartment, ".", 0, "."), 0))
        for s in range(samples.start, samples.stop):
            kind = Censoring(int(cohort.censoring[s]))
            lloq, uloq = float(cohort.lloq[s]), float(cohort.uloq[s])
            level = {Censoring.NONE: float(cohort.level[s]), Censoring.BELOW: lloq, Censoring.ABOVE: uloq}.get(
                kind, lloq
            )
            limit = scaled(uloq) if kind is Censoring.BETWEEN else "."
            time, place = _drawn(float(cohort.sample_time[s]), boluses)
            cells = (".", ".", 0, 0, central, scaled(level), _CENS[kind], limit)
            rows.append((time, place, cells, code_of[int(group[s])]))
        known = {time for time, _, _, _ in rows}
        rows += [
            (time, _COVARIATES, (".", ".", 2, 1, central, ".", 0, "."), 0)
            for time in row_time.tolist()
            if time not in known and time > min(known, default=time)
        ]
        rows.sort(key=lambda row: row[:2])
        start = min(0.0, rows[0][0]) if rows else 0.0
        for time, _, cells, code in rows:
            at = first + max(int(np.searchsorted(row_time, time, side="right")) - 1, 0)
            own = [float(values[at]) for values in covariates]
            if has_groups:
                own.insert(int(bool(model.occasion_variances)), float(code))
            yield (i + 1, time - start, *cells, *own)


def error_item(model: ModelSpec) -> str | None:
    """Return the data item that tells residual errors apart, or None where there is one error."""
    if model.residual.by_centre:
        return "CENTRE"
    return "ASSAY" if model.residual.by_assay else None


def error_codes(model: ModelSpec) -> dict[str | None, int]:
    """Return the number in that item of each assay or centre with an error of its own; None, the general error, is 0."""
    names = (*model.residual.by_assay, *model.residual.by_centre)
    return {None: 0, **{name: i for i, name in enumerate(names, start=1)}}


def error_names(model: ModelSpec, cohort: Cohort) -> tuple[str | None, ...]:
    """Return the assays or centres of a cohort's levels that have an error of their own, and None where some have the general one."""
    names, group = error_groups(model, cohort)
    present: list[int] = np.unique(group).tolist()
    return tuple(dict.fromkeys(error_group(model, names[i]) for i in present)) or (None,)


def written_errors(model: ModelSpec, names: Sequence[str | None]) -> tuple[WrittenError, ...]:
    """Return the errors of some assays or centres (`error_names`), in the order of their codes."""
    residual = model.residual
    sds = {None: (residual.additive_sd, residual.proportional_sd), **residual.by_assay, **residual.by_centre}
    return tuple(
        WrittenError(name, code, "sigma" if name is None else f"sigma_{name}", *sds[name])
        for name, code in error_codes(model).items()
        if name in names
    )


def _drawn(time: float, boluses: FloatArray) -> tuple[float, int]:
    """Return when a level is recorded, and whether behind a bolus of that time, which it is drawn right after."""
    at = boluses[np.nextafter(boluses, np.inf) == time]
    return (float(at[0]), _AFTER) if at.size else (time, _LEVEL)

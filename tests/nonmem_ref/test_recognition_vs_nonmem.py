"""Control stream and data of reference runs, recognized and handed to the engine, have NONMEM's objective at the initial estimates.

The objective of iteration 0 stands in the first row of each .ext file.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nonmem_ref.control.read import read_control
from nonmem_ref.dataset.read import Dataset, read_dataset
from nonmem_ref.recognition.recognize import RecognizedModel, recognize
from nonmem_ref.recognition.values import coefficient_value, covariate_values
from pkpd.data.cohort import Cohort
from pkpd.data.records import Censoring
from pkpd.kernels.laplace import Approximation
from pkpd.likelihood.population import bind_population, evaluate
from pkpd.model import load_model
from pkpd.model.spec import (
    CovariateDomain,
    Effect,
    EtaVariance,
    ModelSpec,
    Parameterization,
    ResidualError,
    ResidualKind,
    Structure,
    Term,
)
from tests.pkpd.likelihood.pheno import ext_row

if TYPE_CHECKING:
    from pathlib import Path

    from nonmem_ref.recognition.parameter import Covariate


def name_of(covariate: Covariate) -> str:
    words = (
        [covariate.item] if covariate.relation is None else [covariate.item, covariate.relation, str(covariate.value)]
    )
    return "_".join(words)


def covariates_of(model: RecognizedModel) -> dict[str, Covariate]:
    return {name_of(one.covariate): one.covariate for p in model.parameters.values() for one in p.effects}


def engine_model(model: RecognizedModel) -> ModelSpec:
    """Return a recognized model as the engine's, days and mg standing for whatever the data have."""
    known = {f"THETA({i})": value for i, value in enumerate(model.thetas, start=1)}
    terms: list[Term] = []
    for name, one in model.parameters.items():
        value = coefficient_value(one.typical, known)
        if one.is_log:
            value = one.typical.factor * math.exp(known[f"THETA({one.typical.theta})"])
        effects = tuple(
            Effect(name_of(e.covariate), e.form, coefficient_value(e.coefficient, known), e.reference)
            for e in one.effects
        )
        eta = None if one.random is None else f"eta{one.random.eta}"
        terms.append(Term(name, value, effects, eta))
    omega = model.omega
    etas = tuple(term.eta for term in terms if term.eta is not None)
    place = [int(eta.removeprefix("eta")) - 1 for eta in etas]
    residual = model.residual
    return replace(
        load_model("hanzel_2021"),
        structure=Structure.ONE_COMPARTMENT if "v" in model.parameters else Structure.TWO_COMPARTMENT,
        parameterization=Parameterization.CL_V if "v" in model.parameters else Parameterization.CL_V1_Q_V2,
        parameters=(),
        terms=tuple(terms),
        etas=etas,
        variances=tuple(EtaVariance(eta, omega[i, i]) for eta, i in zip(etas, place, strict=True)),
        correlations=tuple(
            (etas[a], etas[b], omega[i, j] / math.sqrt(omega[i, i] * omega[j, j]))
            for a, i in enumerate(place)
            for b, j in enumerate(place[:a])
            if omega[i, j]
        ),
        residual=ResidualError(residual.additive, residual.proportional, {}, residual.kind),
        covariates={
            name: CovariateDomain(
                name, name, "", 1.0, "", (0.0, 1e3), "", (0.0, 1e3), low_excluded=False, time_varying=True
            )
            for name in covariates_of(model)
        },
    )


def engine_cohort(model: RecognizedModel, data: Dataset) -> Cohort:
    """Return a data set as the engine's cohort, every record a covariate row."""
    columns, n = data.columns, len(data.names)

    def starts(where: np.ndarray) -> np.ndarray:
        return np.concatenate(([0], np.cumsum(np.bincount(data.individual[where], minlength=n))))

    doses, samples = np.flatnonzero(columns["EVID"] == 1.0), np.flatnonzero(columns["MDV"] == 0.0)
    rate = columns.get("RATE", np.zeros(data.lines.size))[doses]
    amount = columns["AMT"][doses]
    is_log = model.residual.kind is ResidualKind.LOGARITHMIC
    level = np.exp(columns["DV"][samples]) if is_log else columns["DV"][samples].copy()
    censoring, lloq = np.zeros(samples.size, dtype=np.int64), np.full(samples.size, np.nan)
    if model.residual.censoring is not None:
        found = model.residual.censoring
        at = np.searchsorted(samples, found.record)
        censoring[at] = int(Censoring.BELOW)
        lloq[at] = np.exp(found.limit) if is_log else found.limit
        level[at] = np.nan
    return Cohort(
        ids=data.names,
        dose_start=starts(doses),
        dose_time=columns["TIME"][doses],
        dose_amount=amount,
        dose_duration=np.divide(amount, rate, out=np.zeros(doses.size), where=rate > 0.0),
        sample_start=starts(samples),
        sample_time=columns["TIME"][samples],
        level=level,
        censoring=censoring,
        lloq=lloq,
        uloq=np.full(samples.size, np.nan),
        assay=np.zeros(samples.size, dtype=np.int64),
        assays=(None,),
        row_start=starts(np.arange(data.lines.size)),
        row_time=columns["TIME"],
        covariates={name: covariate_values(one, columns) for name, one in covariates_of(model).items()},
        sample_line=data.lines[samples],
        occasion=np.zeros(data.lines.size, dtype=np.int64),
        centre=np.zeros(n, dtype=np.int64),
    )


def recognized(path: Path) -> tuple[RecognizedModel, Dataset]:
    (control,) = read_control(path).problems_read
    found = read_dataset(str(path.parent / control.data.file), control.items, control.data.options)
    assert found.dataset is not None
    model = recognize(control, found.dataset).model
    assert model is not None
    return model, found.dataset


def evaluated(model: RecognizedModel, data: Dataset, approximation: Approximation):
    population = bind_population(engine_model(model), engine_cohort(model, data))
    return evaluate(population, np.array([parameter.value for parameter in population.parameters]), approximation)


@pytest.mark.parametrize(
    "listing", ["pheno_focei/pheno.lst", "pheno_focei/pheno_real.lst", "inf1cpt_focei_N012/runN012.lst"]
)
def test_the_objective_at_the_initial_estimates_is_nonmem_s(reference_dir: Path, listing: str):
    path = reference_dir / "nonmem" / listing
    first = path.with_suffix(".ext").read_text(encoding="utf-8").splitlines()[2].split()
    assert first[0] == "0"
    ours = evaluated(*recognized(path), Approximation.FOCEI)
    assert (ours.status == 0).all()
    assert ours.ofv == pytest.approx(float(first[-1]), abs=2e-3)


def test_objectives_with_recognized_limits_are_nonmem_s(reference_dir: Path):
    """Of a run by LAPLACE, whose subject 10 NONMEM itself could not compute: at the final estimates, subject by subject."""
    path = reference_dir / "nonmem" / "m3_laplace_ad3tr4" / "ad3tr4_loqb_lap.res"
    model, data = recognized(path)
    final = ext_row(path.with_suffix(".ext"), -1000000000)
    omega = np.zeros((4, 4))
    omega[np.tril_indices(4)] = final[6:16]
    omega = omega + np.tril(omega, -1).T
    residual = replace(model.residual, additive=float(final[4] * math.sqrt(final[5])))
    moved = replace(model, thetas=tuple(final[:5].tolist()), omega=omega, residual=residual)
    ours = evaluated(moved, data, Approximation.LAPLACE)
    theirs = np.loadtxt(path.with_suffix(".phi"), skiprows=2)[:, -1]
    others = np.arange(100) != 9
    np.testing.assert_allclose(ours.ofv_i[others], theirs[others], atol=1e-3)

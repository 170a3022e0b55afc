"""Exported runs: read again by our own importer, they have the objective of the model that was written, for every model that is written."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from nonmem_ref.comparison.engine import cohort_of_run
from nonmem_ref.translation.translate import translate
from nonmem_ref.writing.control_text import control_text
from nonmem_ref.writing.data_rows import data_rows, error_names
from pkpd.data.records import Censoring
from pkpd.errors import InputError
from pkpd.kernels.laplace import Approximation
from pkpd.likelihood.population import bind_population, evaluate
from pkpd.model import load_model
from pkpd.model.library import model_names
from pkpd.model.population import population_parameters
from pkpd.model.spec import EtaVariance, ResidualError, ResidualKind
from pkpd.simulation.virtual_cohort import Design, virtual_cohort

if TYPE_CHECKING:
    from pathlib import Path

    from pkpd.data.cohort import Cohort
    from pkpd.model.spec import ModelSpec

NIYIGENA = load_model("niyigena_2026_asuc")
DRAWN = virtual_cohort(NIYIGENA, Design(24, missing=0.0), np.random.default_rng(2))


def cohort_for(model: ModelSpec) -> Cohort:
    """Return patients with covariates that the model can have, changing over time where it reads that."""
    rng = np.random.default_rng(3)
    covariates = {}
    first = np.repeat(DRAWN.row_start[:-1], np.diff(DRAWN.row_start))
    for name, domain in model.covariates.items():
        codes = [code for _, code in domain.categories]
        drawn = (
            rng.choice(codes, DRAWN.row_time.size) if codes else rng.uniform(*domain.soft_range, DRAWN.row_time.size)
        )
        covariates[name] = drawn if domain.time_varying else drawn[first]
    if not model.residual.by_assay:
        return replace(DRAWN, covariates=covariates)
    # Samples of every assay, in upper case too, and some that name none.
    assays = (None, *model.residual.by_assay, next(iter(model.residual.by_assay)).upper())
    assay = rng.integers(len(assays), size=DRAWN.assay.size)
    return replace(DRAWN, covariates=covariates, assays=assays, assay=assay)


def exported(folder: Path, model: ModelSpec, cohort: Cohort) -> Path:
    n_occasions = int(cohort.occasion.max()) + 1
    assays = error_names(model, cohort)
    parameters = population_parameters(model)
    written = control_text(model, parameters, data="data.csv", n_occasions=n_occasions, assays=assays)
    (folder / "run.ctl").write_text(written.text, encoding="utf-8")
    with (folder / "data.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(written.items)
        writer.writerows(data_rows(cohort, model, written.covariates))
    return folder / "run.ctl"


def objectives(model: ModelSpec, cohort: Cohort) -> np.ndarray:
    population = bind_population(model, cohort)
    values = np.array([one.value for one in population.parameters])
    return evaluate(population, values, Approximation.LAPLACE).ofv_i


def assert_same(folder: Path, model: ModelSpec, cohort: Cohort) -> None:
    run = translate(exported(folder, model, cohort))
    ours, theirs = objectives(model, cohort), objectives(run.model.spec, cohort_of_run(run))
    assert np.isfinite(ours).all()
    np.testing.assert_allclose(theirs, ours, rtol=0.0, atol=1e-9)


@pytest.mark.requirement("NM-04")
@pytest.mark.parametrize("name", model_names())
def test_every_shipped_model_has_its_objective_after_the_round_trip(tmp_path: Path, name: str):
    model = load_model(name)
    assert_same(tmp_path, model, cohort_for(model))


@pytest.mark.parametrize("column", ["WEIGHT_AT_THE_FIRST_DOSE", "2WT", "BODY WEIGHT", "TIME", "CL", "TVCL"])
def test_items_have_names_that_nm_tran_takes(tmp_path: Path, column: str):
    covariates = {
        name: replace(one, column=column if name == "weight_kg" else one.column)
        for name, one in NIYIGENA.covariates.items()
    }
    model = replace(NIYIGENA, covariates=covariates)
    cohort = cohort_for(model)
    assert_same(tmp_path, model, cohort)
    text = (tmp_path / "run.ctl").read_text(encoding="utf-8")
    items = next(line for line in text.splitlines() if line.startswith("$INPUT")).split()[1:]
    assert len(set(items)) == len(items)
    assert all(len(one) <= 20 for one in items)
    assert "XCOV" in "".join(items)
    assert f" is {column}\n" in text


def test_a_sum_of_terms_without_random_effects_of_its_own(tmp_path: Path):
    model = load_model("ternant_2008")
    terms = tuple(replace(term, eta=None) if term.eta == "v1_sex" else term for term in model.terms)
    variances = tuple(one for one in model.variances if one.eta != "v1_sex")
    etas = tuple(one.eta for one in variances)
    model = replace(model, terms=terms, variances=variances, etas=etas)
    assert_same(tmp_path, model, cohort_for(model))


def test_variances_of_categories_are_each_an_omega(tmp_path: Path):
    model = load_model("ternant_2008")
    text = exported(tmp_path, model, cohort_for(model)).read_text(encoding="utf-8")
    assert "$OMEGA 0.051 ; cl_negative\n$OMEGA 0.075 ; cl_positive\n" in text
    assert "IF (ADA.EQ.0) CATCL = ETA(1)\nIF (ADA.EQ.1) CATCL = ETA(2)\n" in text
    assert " ETA1 ETA2 ETA3 ETA4 ETA5 ETA6 ETA7 NOAPPEND" in text


def test_what_is_not_written_says_why(tmp_path: Path):
    ternant = load_model("ternant_2008")
    with pytest.raises(InputError, match="has correlations of a random effect with a variance for each category"):
        exported(tmp_path, replace(ternant, correlations=(("cl", "q", 0.3),)), cohort_for(ternant))
    centre = replace(NIYIGENA, centre_variances=(EtaVariance("centre_cl", 0.1),))
    with pytest.raises(InputError, match="has random effects of centres, which are not written"):
        exported(tmp_path, centre, cohort_for(NIYIGENA))


@pytest.mark.parametrize(
    "residual",
    [
        ResidualError(0.7, 0.3, {}, ResidualKind.VARIANCES_ADD),
        ResidualError(0.7, 0.3, {}, ResidualKind.SDS_ADD),
        ResidualError(1.2, 0.0, {}, ResidualKind.VARIANCES_ADD),
        ResidualError(0.4, 0.0, {}, ResidualKind.LOGARITHMIC),
    ],
)
def test_residual_errors(tmp_path: Path, residual: ResidualError):
    assert_same(tmp_path, replace(NIYIGENA, residual=residual), cohort_for(NIYIGENA))


BY_CENTRE = {"centre 2": (0.5, 0.4), "centre 3": (1.1, 0.2)}


@pytest.mark.parametrize(
    "residual",
    [
        ResidualError(0.7, 0.3, {}, by_centre=BY_CENTRE),
        ResidualError(0.7, 0.3, {}, ResidualKind.SDS_ADD, by_centre=BY_CENTRE),
        ResidualError(0.4, 0.0, {}, ResidualKind.LOGARITHMIC, by_centre={"centre 2": (0.3, 0.0)}),
        ResidualError(0.7, 0.3, {}, exponent=0.8, by_centre=BY_CENTRE),
        ResidualError(0.0, 0.3, {}, exponent=1.2, is_exponent_free=True),
        ResidualError(0.7, 0.3, {}, ResidualKind.SDS_ADD, exponent=0.6),
        ResidualError(1.2, 0.0, {"elisa_b": (0.0, 0.3), "rapid": (0.9, 0.2), "elisa_a": (0.5, 0.2)}),
    ],
)
def test_residual_errors_by_assay_or_centre_and_with_a_power(tmp_path: Path, residual: ResidualError):
    names = ("centre 1", "centre 2", "centre 3")
    cohort = replace(cohort_for(NIYIGENA), centres=names, centre=np.arange(DRAWN.n_subjects) % 3)
    assert_same(tmp_path, replace(NIYIGENA, residual=residual), cohort)


def test_errors_of_assays_that_no_level_has_are_left_out(tmp_path: Path):
    model = load_model("zhao_2026_pediatric")
    cohort = cohort_for(model)
    alone = replace(cohort, assays=("Caltag",), assay=np.zeros(cohort.assay.size, dtype=np.int64))
    assert_same(tmp_path, model, alone)
    text = (tmp_path / "run.ctl").read_text(encoding="utf-8")
    assert "sigma_Caltag_proportional" in text
    assert "sigma_Sanquin_proportional" not in text
    assert "; ASSAY 3 is Caltag\n" in text


def test_levels_right_after_a_bolus_stay_there(tmp_path: Path):
    cohort = cohort_for(NIYIGENA)
    first = cohort.dose_time[cohort.dose_start[:-1]]
    time = cohort.sample_time.copy()
    time[cohort.sample_start[:-1]] = np.nextafter(first, np.inf)
    bolus = replace(cohort, dose_duration=np.zeros(cohort.dose_time.size), sample_time=time)
    assert_same(tmp_path, NIYIGENA, bolus)


def test_the_control_stream_says_what_nonmem_needs(tmp_path: Path):
    text = exported(tmp_path, NIYIGENA, cohort_for(NIYIGENA)).read_text(encoding="utf-8")
    assert "$ESTIMATION METHOD=1 LAPLACE INTER NUMERICAL SLOW NOABORT NSIG=3 SIGL=9 PRINT=1 MAXEVAL=9999\n" in text
    assert "ONEHEADER" in text
    assert "FORMAT=s1PE15.8" in text
    assert "; CRPLN is ln max(CRP, 1.5)\n" in text
    assert "$THETA 0.75 FIX ; cl_weight_kg\n" in text
    assert all(len(line) <= 160 for line in text.splitlines())
    rows = (tmp_path / "data.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "ID,TIME,AMT,RATE,EVID,MDV,CMT,DV,CENS,LIMIT,WT,CRPLN"
    cens = [row.split(",")[8] for row in rows[1:]]
    assert cens.count("1") == int((DRAWN.censoring == int(Censoring.BELOW)).sum())
    assert cens.count("-1") == int((DRAWN.censoring == int(Censoring.ABOVE)).sum())

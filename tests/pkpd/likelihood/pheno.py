"""The PHENO example of NONMEM, read from the reference folder, and its two models as model files in hours."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pkpd.data.records import Censoring, CovariateRow, Dose, Sample, Subject
from pkpd.model import load_model

if TYPE_CHECKING:
    from pathlib import Path

    from pkpd.model.spec import ModelSpec

_HEAD = """
schema = "asuc-model/1"
id = "pheno"
version = "1"
title = "phenobarbital in newborns, times in hours"
citation = "the classic example of NONMEM"
population = "59 newborns"
route = "iv"
structure = "one_compartment"
parameterization = "cl_v"
in_default_panel = false
panel_reason = "another drug"

[domain]
adult = false
disease = "seizures"

[residual]
proportional_sd = {sigma}

[iiv.cl]
omega2 = {omega_cl}

[iiv.v]
omega2 = {omega_v}

[parameters.cl]
value = {cl}
unit = "L/day"

[parameters.v]
value = {v}
unit = "L"
"""
_COVARIATES = """
[[parameters.cl.effects]]
covariate = "newborn_kg"
form = "power"
reference = 1
coefficient = 1
fixed = true

[[parameters.v.effects]]
covariate = "newborn_kg"
form = "power"
reference = 1
coefficient = 1
fixed = true

[[parameters.v.effects]]
covariate = "low_apgar"
form = "linear_fraction"
category = "yes"
coefficient = {low_apgar}

[covariates.newborn_kg]
column = "WGT"
unit = "kg"
median = 1.3
median_source = "the data"
soft_range = [0.5, 4]
soft_source = "the data"
hard_range = [0.1, 10]
time_varying = false

[covariates.low_apgar]
column = "LOWAPGR"
unit = "category"
categories = {{ no = 0, yes = 1 }}
median = 0
median_source = "the data"
time_varying = false

[checks.one]
covariates = {{ newborn_kg = 1, low_apgar = 0 }}
expected = {{ cl = {cl}, v = {v} }}
source = "the values themselves"
"""
_NO_COVARIATES = """
[checks.one]
covariates = {{}}
expected = {{ cl = {cl}, v = {v} }}
source = "the values themselves"
"""


def simple_model(folder: Path, *, cl: float, v: float, omega_cl: float, omega_v: float, sigma2: float) -> ModelSpec:
    """Return CL and V without covariates."""
    values = {"cl": cl, "v": v, "omega_cl": omega_cl, "omega_v": omega_v, "sigma": math.sqrt(sigma2)}
    return _written(folder, (_HEAD + _NO_COVARIATES).format(**values))


def covariate_model(
    folder: Path, *, thetas: tuple[float, float, float], omegas: tuple[float, float], sigma2: float
) -> ModelSpec:
    """Return CL and V proportional to weight, V with an effect of an Apgar score below 5."""
    values = dict(zip(("cl", "v", "low_apgar", "omega_cl", "omega_v"), (*thetas, *omegas), strict=True))
    return _written(folder, (_HEAD + _COVARIATES).format(**values, sigma=math.sqrt(sigma2)))


def _written(folder: Path, text: str) -> ModelSpec:
    path = folder / "pheno.toml"
    path.write_text(text, encoding="utf-8")
    return load_model(str(path))


def pheno_subjects(reference_dir: Path) -> list[Subject]:
    """Return the 59 newborns."""
    rows = pd.read_csv(reference_dir / "nonmem" / "pheno_focei" / "pheno.dta", sep=r"\s+")
    return [_subject(records) for _, records in rows.groupby("ID", sort=False)]


def _subject(records: pd.DataFrame) -> Subject:
    doses = records[records["AMT"] > 0.0]
    observed = records[records["AMT"] == 0.0]
    first = records.iloc[0]
    covariates = {"newborn_kg": float(first["WGT"]), "low_apgar": float(first["APGR"] < 5.0)}
    return Subject(
        tuple(Dose(float(t), float(a), 0.0) for t, a in zip(doses["TIME"], doses["AMT"], strict=True)),
        tuple(
            Sample(float(t), float(y), Censoring.NONE, math.nan, math.nan)
            for t, y in zip(observed["TIME"], observed["DV"], strict=True)
        ),
        (CovariateRow(0.0, covariates),),
    )


def ext_row(path: Path, code: int) -> np.ndarray:
    """Return a row of an .ext file by its iteration, without the iteration."""
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = line.split()
        if cells and cells[0] == str(code):
            return np.array([float(cell) for cell in cells[1:]])
    message = f"no row {code} in {path}"
    raise ValueError(message)

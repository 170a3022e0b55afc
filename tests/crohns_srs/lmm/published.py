"""The reference fits of lme4 and lmerTest, and the rows that they were made from."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crohns_srs.design import Design, create_design, grouping

if TYPE_CHECKING:
    from pathlib import Path

FITS = {"crohns_biologics_sample.csv": "sample_fits.json", "srs_sim5703.csv": "srs_sim5703_fits.json"}
_TREATMENT = {"placebo": "Placebo", "anti_tnf": "TNFi"}


class Reference(NamedTuple):
    """One fit of R with its rows."""

    design: Design
    outcome: np.ndarray
    fit: dict[str, Any]


def references(folder: Path) -> dict[tuple[str, str], Reference]:
    """Return the four reference fits by data set and model; the anti-TNF outcomes are what lme4's placebo model leaves over."""
    found: dict[tuple[str, str], Reference] = {}
    for table, fits in FITS.items():
        with (folder / table).open(encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        told = json.loads((folder / fits).read_text(encoding="utf-8"))["fits"]
        for model, treatment in _TREATMENT.items():
            own = [row for row in rows if row["Treatment"] == treatment]
            outcome = np.array([float(row["CDAI_reduction"]) for row in own])
            if model != "placebo":
                placebo = told["placebo"]
                matrix = np.column_stack([np.ones(len(own)), *_columns(own, placebo["terms"]).values()])
                outcome = outcome - matrix @ np.array(placebo["estimate"])
            groups = grouping("Trial", [row["Trial"] for row in own])
            design = create_design(f"{table}, {model}", _columns(own, told[model]["terms"]), [groups])
            found[table, model] = Reference(design, outcome, told[model])
    return found


def _columns(rows: list[dict[str, str]], terms: list[str]) -> dict[str, np.ndarray]:
    return {term: np.array([float(row[term]) for row in rows]) for term in terms[1:]}

"""Control stream and data of reference runs, translated and handed to the engine, have NONMEM's objective.

That of iteration 0 stands in the first row of each .ext file, at the initial estimates; those of the subjects in the .phi file, at the final ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nonmem_ref.comparison.correspondence import with_values
from nonmem_ref.comparison.engine import cohort_of_run, evaluated
from nonmem_ref.ext import FINAL, read_ext
from nonmem_ref.translation.translate import translate
from pkpd.estimation.objectives import Method

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.requirement("NM-03")
@pytest.mark.parametrize(
    "listing", ["pheno_focei/pheno.lst", "pheno_focei/pheno_real.lst", "inf1cpt_focei_N012/runN012.lst"]
)
def test_the_objective_at_the_initial_estimates_is_nonmem_s(reference_dir: Path, listing: str):
    path = reference_dir / "nonmem" / listing
    first = path.with_suffix(".ext").read_text(encoding="utf-8").splitlines()[2].split()
    assert first[0] == "0"
    run = translate(path)
    ours = evaluated(run, run.control, cohort_of_run(run), Method.FOCEI).evaluation
    assert (ours.status == 0).all()
    assert ours.ofv == pytest.approx(float(first[-1]), abs=1e-4)


def test_objectives_with_recognized_limits_are_nonmem_s(reference_dir: Path):
    """Of a run by LAPLACE, whose subject 10 NONMEM itself could not compute: at the final estimates, subject by subject."""
    path = reference_dir / "nonmem" / "m3_laplace_ad3tr4" / "ad3tr4_loqb_lap.res"
    run = translate(path)
    table = read_ext(path.with_suffix(".ext")).tables[-1]
    final = dict(zip(table.names, table.rows[FINAL].values.tolist(), strict=True))
    ours = evaluated(run, with_values(run.control, final), cohort_of_run(run), Method.LAPLACE)
    theirs = np.loadtxt(path.with_suffix(".phi"), skiprows=2)[:, -1]
    others = np.arange(100) != 9
    np.testing.assert_allclose(ours.evaluation.ofv_i[others], theirs[others], atol=1e-3)

"""The limits of quantification of samples whose file names none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pkpd.data.cohort import Cohort


def with_usual_limits(cohort: Cohort) -> tuple[Cohort, tuple[str, ...]]:
    """Return a cohort in which samples without a limit have that of their assay, and what was assumed.

    A file may name a limit only where a level lies beyond it. An assay has a usual limit where all samples that name one name
    the same; where they differ, the others stay without.
    """
    limits = {"lloq": cohort.lloq.copy(), "uloq": cohort.uloq.copy()}
    notes: list[str] = []
    for name, limit in limits.items():
        for place, assay in enumerate(cohort.assays):
            rows = cohort.assay == place
            is_missing = rows & np.isnan(limit)
            known = np.unique(limit[rows & ~np.isnan(limit)])
            if not is_missing.any() or known.size == 0:
                continue
            of_assay = f" of {assay}" if assay else ""
            if known.size == 1:
                limit[is_missing] = known[0]
                notes.append(
                    f"{int(is_missing.sum()):,} samples{of_assay} take the {name.upper()} of the others, {known[0]:g} mg/L"
                )
            else:
                notes.append(
                    f"{int(is_missing.sum()):,} samples{of_assay} name no {name.upper()} and the others name {known.size}; "
                    "their simulations are not censored there"
                )
    return replace(cohort, lloq=limits["lloq"], uloq=limits["uloq"]), tuple(notes)

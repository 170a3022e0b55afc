"""Options for doses that were planned and never given, and what they add to a cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from asuc.cli.output import report
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pkpd.arrays import FloatArray
    from pkpd.data.cohort import Cohort
    from pkpd.data.planned_doses import PlannedCohort

PlannedFile = Annotated[
    str | None,
    typer.Option(
        metavar="PLANNED.csv", help="Doses planned but not given: ID TIME AMT [DUR|RATE], after what was given."
    ),
]
Plan = Annotated[
    Literal["label"] | None,
    typer.Option(help="Go on by the label, 5 mg/kg on days 0, 14 and 42, after a subject's last record."),
]
_MOST_NAMED = 20


def with_planned(cohort: Cohort, planned: str | None, plan: str | None, *, events: FloatArray) -> PlannedCohort | None:
    """Return a cohort with the planned doses that options ask for, and say on standard error what was left out; None without any.

    Parameters
    ----------
    cohort : Cohort
        Given doses.
    planned, plan : str or None
        A file, or ``label``.
    events : (n_subjects,) array
        Day of each subject's event, after which planned doses stand; -inf without one.

    Raises
    ------
    InputError
        For both at once, and with every problem of the file.
    """
    import numpy as np  # noqa: PLC0415 - the engine loads after the words are read

    from pkpd.data.planned_doses import (  # noqa: PLC0415
        add_planned_doses,
        label_doses,
        last_record,
        read_planned_doses,
    )

    if planned is not None and plan is not None:
        raise input_error("--planned, --plan", "both are given; expected one of them")
    if plan is not None:
        now = np.maximum(last_record(cohort), events)
        return add_planned_doses(cohort, label_doses(cohort, now), now)
    if planned is None:
        return None
    found = add_planned_doses(cohort, read_planned_doses(planned), events)
    n = int(found.n_left_out.sum())
    if n:
        names = [name for name, left in zip(cohort.ids, found.n_left_out.tolist(), strict=True) if left]
        report(
            f"{planned}: {n:,} planned doses stand at or before a subject's last dose, or before its event, and are left out ({listed(names)})."
        )
    return found


def listed(names: Sequence[str]) -> str:
    """Return some names, and how many more there are."""
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"

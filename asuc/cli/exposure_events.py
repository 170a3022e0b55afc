"""The file of event times with exposures as further columns, ready for a model of event times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asuc.cli.cohort_source import write_csv
from pkpd.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from asuc.cli.exposure_inputs import Regimens
    from asuc.cli.exposure_table import Columns, Row
    from pkpd.data.cohort_table import CohortTable
    from pkpd.exposure.measures import Wanted

_LN, _LOG = "ln_", "LOG_"
_AT_RISK, _PLANNED_FROM, _HYPOTHETICAL = "AT_RISK_", "PLANNED_FROM_DAY", "HYPOTHETICAL"


def event_columns(
    columns: Columns, wanted: Wanted, further: Sequence[str], landmark: float | None, regimens: Regimens
) -> dict[str, str]:
    """Return the further columns, and which column of the subjects' table each is taken from.

    Names are those of the measures in capital letters, ``ln_`` being LOG_. A first window other than days 14 to 28 is named by its days,
    since LOG_AUC_CL means days 14 to 28 to a model of event times.

    Parameters
    ----------
    columns : Columns
        Of the subjects' table.
    wanted : Wanted
        Windows and days.
    further : sequence of str
        Columns that are no measures.
    landmark : float or None
        Day of the landmark.
    regimens : Regimens
        The doses.
    """
    from pkpd.exposure.metrics import WEEK_2_TO_4  # noqa: PLC0415 - loads the engine

    start, end = wanted.windows[0]
    days = "" if wanted.windows[0] == WEEK_2_TO_4 else f"_{start:g}_{end:g}"
    of_first = {"auc", "ln_auc_cl", "cmin", "cmax"}
    found = {
        _capitals(f"{name}{days}" if name in of_first else name): f"{name}_{columns.point}" for name in columns.names
    }
    found |= {_capitals(name): name for name in further}
    if landmark is not None:
        found[f"{_AT_RISK}{landmark:g}"] = f"at_risk_{landmark:g}"
    if regimens.planned_from is not None:
        found[_PLANNED_FROM] = "planned_from_day"
    if regimens.hypothetical is not None:
        found[_HYPOTHETICAL] = "regimen"
    return found


def tells_outcome(column: str) -> bool:
    """Return whether a column of the file says who had the event, or which doses were meant: then it predicts nothing."""
    return column.startswith(_AT_RISK) or column in (_PLANNED_FROM, _HYPOTHETICAL)


def _capitals(name: str) -> str:
    return (_LOG + name.removeprefix(_LN) if name.startswith(_LN) else name).upper()


def check_event_columns(table: CohortTable, names: Mapping[str, str]) -> None:
    """Refuse event times that have a column of a name that is to be written.

    Raises
    ------
    InputError
        With each of them.
    """
    if both := [name for name in names if name in table.columns]:
        raise InputError(
            Problem(table.file, f"has a column {name} already; expected event times without exposures") for name in both
        )


def write_event_file(
    file: Path, table: CohortTable, rows: Sequence[Row], names: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """Write event times with the exposure of each row's subject, and return what was matched and sentences on what was not.

    Parameters
    ----------
    file : Path
        File to write.
    table : CohortTable
        The event times as they were read; every column and row stays.
    rows : sequence of Row
        The subjects' table.
    names : mapping of str to str
        As ``event_columns``.
    """
    from pkpd.data.cohort_table import texts  # noqa: PLC0415
    from pkpd.data.planned_doses import listed  # noqa: PLC0415

    cells = {name: [str(one) for one in texts(table, name).to_pylist()] for name in table.columns}
    own = {row["id"]: [_value(name, row[column]) for name, column in names.items()] for row in rows}
    write_csv(file, [*cells, *names], _lines(cells, own, len(names)))
    in_events = dict.fromkeys(cells["ID"])
    strangers = [name for name in in_events if name not in own]
    without = [name for name in own if name not in in_events]
    said: list[str] = []
    if strangers:
        said.append(f"{table.file}: subjects that are not in the cohort have no exposure: {listed(strangers)}.")
    if without:
        said.append(f"{table.file}: has no event times of {listed(without)}.")
    matched = {
        "file": file.name,
        "n_subjects": len(in_events) - len(strangers),
        "columns": list(names),
        "not_in_cohort": strangers,
        "without_event_times": without,
    }
    return matched, said


def _value(name: str, value: str) -> str:
    return str(int(bool(value))) if name == "HYPOTHETICAL" else value


def _lines(cells: Mapping[str, list[str]], own: Mapping[str, list[str]], n: int) -> Iterator[list[str]]:
    nothing = [""] * n
    for name, *line in zip(cells["ID"], *cells.values(), strict=True):
        yield [*line, *own.get(name, nothing)]

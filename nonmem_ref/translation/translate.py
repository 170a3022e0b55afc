"""From a control stream and its data to the engine's files, or to each reason why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nonmem_ref.control.read import read_control
from nonmem_ref.dataset.read import read_dataset
from nonmem_ref.recognition.recognize import recognize
from nonmem_ref.translation.cohort_rows import cohort_rows
from nonmem_ref.translation.first_records import with_first_records
from nonmem_ref.translation.model_file import translated_model
from pkpd.errors import InputError, Problem, input_error

if TYPE_CHECKING:
    from pathlib import Path

    from nonmem_ref.control.read import ControlProblem
    from nonmem_ref.dataset.read import Dataset
    from nonmem_ref.recognition.recognize import RecognizedModel
    from nonmem_ref.translation.model_file import TranslatedModel


@dataclass(frozen=True, slots=True)
class Translation:
    """A run in the engine's terms.

    Parameters
    ----------
    control : ControlProblem
        The control stream.
    dataset : Dataset
        Its data.
    recognized : RecognizedModel
        Its model.
    model : TranslatedModel
        The model file.
    head, rows : tuple and list
        The cohort file.
    notes : tuple of str
        What was passed over or assumed.
    """

    control: ControlProblem
    dataset: Dataset
    recognized: RecognizedModel
    model: TranslatedModel
    head: tuple[str, ...]
    rows: list[tuple[float | str, ...]]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A control stream with its data.

    Parameters
    ----------
    path : Path
        The control stream, or the listing that echoes it.
    control : ControlProblem
        What it says.
    dataset : Dataset
        Its data.
    notes : tuple of str
        What was passed over or assumed.
    """

    path: Path
    control: ControlProblem
    dataset: Dataset
    notes: tuple[str, ...]

    @property
    def has_event_times(self) -> bool:
        """Whether it is read for times to an event: a model that $PRED says."""
        return self.control.code("PRED") is not None


def read_run(path: Path, *, problem: int = 1, data: Path | None = None, folder: Path | None = None) -> Run:
    """Read a control stream, or the listing that echoes one, and its data.

    Parameters
    ----------
    path : Path
        The control stream or listing.
    problem : int
        Which $PROBLEM, from 1.
    data : Path, optional
        The data in place of the file that $DATA names; that is looked for from the folder of `path`, and there by its name alone.
    folder : Path, optional
        Another folder where it is looked for by its name then.

    Raises
    ------
    InputError
        With every line that is not understood; where a file cannot be read. Records that are not supported are told when the run is translated,
        together with what else the engine has not.
    """
    try:
        reading = read_control(path)
    except OSError as error:
        raise input_error(
            str(path), f"cannot be read: {error.strerror}; expected a control stream or a listing"
        ) from None
    if reading.problems and not reading.problems_read:
        raise InputError(within(path, reading.problems))
    n = len(reading.problems_read)
    if not 1 <= problem <= n:
        raise input_error("--problem", f"is {problem}, but {path} has {n} $PROBLEM; expected 1 to {n}")
    control = reading.problems_read[problem - 1]
    file = _data_file(path, control.data.file, folder) if data is None else data
    found = read_dataset(str(file), control.items, control.data.options, has_events=control.code("PRED") is None)
    if found.dataset is None:
        raise InputError([*within(path, control.unsupported), *found.problems])
    several = (f"{path} has {n} $PROBLEM; this is number {problem}.",) if n > 1 else ()
    control, dataset, notes = with_first_records(control, found.dataset)
    return Run(path, control, dataset, (*several, *reading.notes, *found.notes, *notes))


def translate(path: Path, *, problem: int = 1, data: Path | None = None) -> Translation:
    """Translate the control stream of a model of levels; parameters and errors as in `read_run` and `translated`."""
    return translated(read_run(path, problem=problem, data=data))


def translated(run: Run) -> Translation:
    """Translate a model of levels.

    Parameters
    ----------
    run : Run
        Control stream and data.

    Raises
    ------
    InputError
        With every construct that the engine has not, by line and record.
    """
    control, dataset = run.control, run.dataset
    recognition = recognize(control, dataset)
    if recognition.model is None:
        if not recognition.problems:
            raise input_error(
                str(run.path), "has no $PK and $ERROR with ADVAN1 to ADVAN4, which are what is translated"
            )
        raise InputError(within(run.path, recognition.problems))
    head, rows = cohort_rows(dataset, recognition.model)
    model = translated_model(control, dataset, recognition.model, source=run.path.name)
    return Translation(control, dataset, recognition.model, model, head, rows, (*run.notes, *recognition.notes))


def within(path: Path, problems: tuple[Problem, ...]) -> list[Problem]:
    """Return problems with the file that their lines are of."""
    return [
        Problem(f"{path}: {one.place}" if one.place.startswith("line ") else one.place, one.message) for one in problems
    ]


def _data_file(path: Path, name: str, folder: Path | None) -> Path:
    """Return where the file of $DATA is: as named, beside the control stream, or in another folder."""
    plain = name.replace("\\", "/")
    named, alone = path.parent / plain, plain.rpartition("/")[2]
    others = [path.parent / alone, *([folder / alone] if folder is not None else [])]
    return next((one for one in (named, *others) if one.is_file()), named)

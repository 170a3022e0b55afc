"""Persons of a database read by `asuc crohns omop`: some by name, or many as they come."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asuc.cli.omop_files import person_file
from asuc.cli.progress import shown_progress
from pkpd.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from asuc.cli.crohns_recommend import UncertaintyName
    from crohns_srs.omop.cohort import Cohort
    from crohns_srs.omop.database import Database
    from crohns_srs.omop.options import ReadOptions
    from crohns_srs.omop.person_inputs import PersonInputs
    from crohns_srs.omop.vocabulary import Vocabulary

_EVERY = 200  # persons between two looks at the clock
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class ReadingTask:
    """What is read, and how.

    Parameters
    ----------
    database, vocabulary, options : Database, Vocabulary, ReadOptions
        Where from, and by which rules.
    day : date
        Index date.
    uncertainty : str
        Error of an effect in answers of the models.
    """

    database: Database
    vocabulary: Vocabulary
    options: ReadOptions
    day: date
    uncertainty: UncertaintyName


def read_named(task: ReadingTask, ids: Sequence[int], *, is_answered: bool) -> list[dict[str, Any]]:
    """Return the entries of some persons.

    Raises
    ------
    InputError
        With one problem for each person who is not in the database, or whom the models do not speak for.
    """
    from crohns_srs.omop import stream_inputs  # noqa: PLC0415 - loads SQLAlchemy
    from crohns_srs.omop.answers import answer_for  # noqa: PLC0415
    from crohns_srs.omop.document import person_entry  # noqa: PLC0415
    from crohns_srs.predict.effects import Uncertainty  # noqa: PLC0415
    from crohns_srs.predict.library import shipped_models  # noqa: PLC0415

    wanted = list(dict.fromkeys(ids))
    found = {
        one.person_id: one for one in stream_inputs(task.database, task.vocabulary, wanted, task.day, task.options)
    }
    problems = _unknown(task, [one for one in wanted if one not in found])
    refusals = {one: found[one].refusal for one in wanted if one in found}
    problems += [Problem(f"person {one}", refusal) for one, refusal in refusals.items() if refusal]
    if problems:
        raise InputError(problems)
    entries = [person_entry(found[one]) for one in wanted]
    if is_answered:
        for one, entry in zip(wanted, entries, strict=True):
            entry["recommendation"] = answer_for(found[one], shipped_models(), Uncertainty(task.uncertainty))
    return entries


def write_entries(file: Path, entries: Sequence[dict[str, Any]], *, is_answered: bool) -> None:
    """Write the entries of some persons."""
    with person_file(file, *_columns(is_answered=is_answered)) as write:
        for entry in entries:
            write(entry)


def read_many(
    task: ReadingTask, ids: Sequence[int] | None, since: int, file: Path | None, *, is_answered: bool, is_labelled: bool
) -> Cohort:
    """Read persons one after the other, write them where that is asked for, and return how many there are of which kind.

    Parameters
    ----------
    task : ReadingTask
        What is read.
    ids : sequence of int or None
        Persons; None for everybody with Crohn's disease.
    since : int
        Year from which a first biologic counts apart.
    file : Path or None
        File for a row or a line of each.
    is_answered, is_labelled : bool
        Whether the models' whole answers are written, and whether their labels are counted.

    Raises
    ------
    InputError
        With one problem for each person who is not in the database; nothing is written then.
    """
    from crohns_srs.omop import stream_inputs  # noqa: PLC0415 - loads SQLAlchemy
    from crohns_srs.omop.cohort import Cohort  # noqa: PLC0415
    from crohns_srs.omop.document import person_entry  # noqa: PLC0415
    from crohns_srs.omop.stream import count_people  # noqa: PLC0415

    n_all = count_people(task.database, task.vocabulary) if ids is None else len(ids)
    counted, seen = Cohort(since), set[int]()
    written = nullcontext(None) if file is None else person_file(file, *_columns(is_answered=is_answered))
    with written as write, shown_progress("Reading persons") as tell:
        people = stream_inputs(task.database, task.vocabulary, ids, task.day, task.options)
        told = _told(task, people, is_answered=is_answered and write is not None, is_labelled=is_labelled)
        for i, (one, label, answer) in enumerate(told):
            counted.add(one, label)
            if write is not None:
                write({**person_entry(one), **({"recommendation": answer} if is_answered else {})})
            if ids is not None:
                seen.add(one.person_id)
            if i % _EVERY == 0:
                tell(min(1.0, i / max(n_all, 1)))
        if problems := _unknown(task, [one for one in ids or () if one not in seen]):
            raise InputError(problems)
    return counted


def _told(
    task: ReadingTask, people: Iterable[PersonInputs], *, is_answered: bool, is_labelled: bool
) -> Iterator[tuple[PersonInputs, str, dict[str, Any] | None]]:
    """Yield persons with the models' label and whole answer, as far as they are asked for: an answer holds the label."""
    from crohns_srs.omop.answers import answer_for, labelled_persons  # noqa: PLC0415 - loads SQLAlchemy
    from crohns_srs.predict.effects import Uncertainty  # noqa: PLC0415
    from crohns_srs.predict.library import shipped_models  # noqa: PLC0415

    models, uncertainty = shipped_models(), Uncertainty(task.uncertainty)
    if is_answered:
        for one in people:
            answer = answer_for(one, models, uncertainty)
            yield one, "" if answer is None else answer["label"], answer
    elif is_labelled:
        for one, label in labelled_persons(people, models, uncertainty):
            yield one, label, None
    else:
        for one in people:
            yield one, "", None


def _columns(*, is_answered: bool) -> tuple[Sequence[str], Sequence[str] | None]:
    """Return the inputs, and the classes of drugs where answers are written."""
    from crohns_srs.omop.person_inputs import KEYS  # noqa: PLC0415 - loads SQLAlchemy
    from crohns_srs.predict.library import shipped_models  # noqa: PLC0415

    return KEYS, [one.id for one in shipped_models().classes] if is_answered else None


def _unknown(task: ReadingTask, ids: Sequence[int]) -> list[Problem]:
    said = f"is not in table person of {task.database.name}"
    found = [Problem(f"person {one}", said) for one in ids[:_MOST_NAMED]]
    if len(ids) > _MOST_NAMED:
        found.append(Problem("persons", f"{len(ids) - _MOST_NAMED:,} more are not there either"))
    return found

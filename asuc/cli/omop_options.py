"""What the words behind `asuc crohns omop` mean: persons and files, dates, units."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from asuc.cli.omop_files import PERSON_KINDS, TABLE_KINDS, check_file
from pkpd.errors import InputError, Problem, input_error

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST_ID = 2**63 - 1
_DAY = "expected a day such as 2024-06-30"
_MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom the words ask for, and where what is read of them is written.

    Parameters
    ----------
    kind : "named", "listed" or "cohort"
        Some persons by name, those of a file, or everybody with Crohn's disease.
    ids : list of int or None
        Persons; None for everybody.
    file : Path or None
        File for a row or a line of each person.
    tables : tuple of Path
        Files for the table of a cohort.
    """

    kind: Literal["named", "listed", "cohort"]
    ids: list[int] | None
    file: Path | None
    tables: tuple[Path, ...]

    @property
    def files(self) -> list[Path]:
        """Return every file that is written."""
        return [*([] if self.file is None else [self.file]), *self.tables]


def wanted_of(
    person: Sequence[int] | None,
    persons: str | None,
    *,
    cohort: bool,
    out: str | None,
    table: Sequence[str] | None,
    force: bool,
) -> Wanted:
    """Return whom the words ask for.

    Parameters
    ----------
    person, persons, cohort, out, table, force
        The options of the command.

    Raises
    ------
    InputError
        Where they name nobody or several, a file of ids cannot be read, or one that is written may not be.
    """
    if (bool(person) + (persons is not None) + cohort) != 1:
        raise input_error("--person", "expected --person ID, --persons FILE or --cohort, one of them")
    if table and not cohort:
        raise input_error("--table", "is that of a cohort; expected --cohort as well")
    ids = list(person) if person else None if persons is None else persons_of(persons)
    file = None if out is None else check_file("--out", out, PERSON_KINDS, force=force)
    tables = tuple(check_file("--table", name, TABLE_KINDS, force=force) for name in table or ())
    if persons is not None and file is None:
        raise input_error("--out", "is missing; expected FILE.csv or FILE.jsonl for the persons of a file")
    return Wanted("cohort" if cohort else "named" if person else "listed", ids, file, tables)


def index_day(text: str | None) -> date:
    """Return the index date.

    Raises
    ------
    InputError
        Where it is missing or no day.
    """
    if text is None:
        raise input_error("--index-date", f"is missing: inputs are those of a day; {_DAY}")
    # Of what Python takes for a date, weeks and days without hyphens are too easily mistyped.
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        with suppress(ValueError):
            return date.fromisoformat(text)
    raise input_error("--index-date", f"{text!r} is no day; {_DAY}")


def persons_of(file: str) -> list[int]:
    """Return the ids in a file, one on each line; empty lines are passed over.

    Raises
    ------
    InputError
        Where it cannot be read, or with one problem for each line that is no id.
    """
    try:
        lines = Path(file).read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise input_error(
            file, f"cannot be read ({error.strerror or error}); expected a person_id on each line"
        ) from None
    except UnicodeDecodeError as error:
        raise input_error(
            file, f"byte {error.start + 1} is not UTF-8 text; expected a person_id on each line"
        ) from None
    found: list[int] = []
    problems: list[Problem] = []
    for i, line in enumerate(lines, start=1):
        if not (word := line.strip()):
            continue
        if not (word.isascii() and word.removeprefix("-").isdigit() and abs(int(word[:40])) <= LARGEST_ID):
            problems.append(Problem(f"{file}: line {i}", f"{word[:40]!r} is no person_id; expected a whole number"))
            if len(problems) == _MOST_TOLD:
                break
        else:
            found.append(int(word))
    if problems:
        raise InputError(problems)
    if not found:
        raise input_error(file, "holds no line; expected a person_id on each")
    return list(dict.fromkeys(found))


def unit_words(words: list[str]) -> tuple[tuple[str, str, str], ...]:
    """Return what source values of units mean: ``crp:mg/l=mg/L``; ``bmi:=kg/m2`` for values without one.

    Raises
    ------
    InputError
        With one problem for each that means nothing.
    """
    from crohns_srs.omop.measurements import QUANTITIES  # noqa: PLC0415 - the engine loads after the words are read

    kinds = {kind: one.convert for kind, one in QUANTITIES.items() if one.convert}
    found: list[tuple[str, str, str]] = []
    problems: list[Problem] = []
    for word in words:
        kind, _, rest = word.partition(":")
        source, is_there, code = rest.rpartition("=")
        if kind not in kinds or not is_there:
            expected = f"KIND:SOURCE=UCUM with one of {', '.join(kinds)}, such as crp:mg/l=mg/L"
            problems.append(Problem("--unit", f"{word!r} says nothing; expected {expected}"))
        elif code not in kinds[kind]:
            problems.append(
                Problem("--unit", f"{code!r} is no unit of {kind}; expected one of {', '.join(kinds[kind])}")
            )
        else:
            found.append((kind, source.strip(), code))
    if problems:
        raise InputError(problems)
    return tuple(found)

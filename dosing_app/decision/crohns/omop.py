"""A person of an OMOP database as a case, with where every value comes from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from crohns_srs.omop import Database, ReadOptions, open_database, people, read_people
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crohns_srs.omop import InputValue, Listing, PersonInputs

MOST_LISTED = 50
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class OmopSource:
    """A database that persons are chosen from.

    Parameters
    ----------
    database : Database
        Opened.
    index_date : date or None
        Day on which the inputs are taken unless another is entered; today where None.
    options : ReadOptions
        Rules by which they are read.
    """

    database: Database
    index_date: date | None = None
    options: ReadOptions = field(default_factory=ReadOptions)

    def listed(self, search: str) -> Listing:
        """Return the persons with Crohn's disease whose id begins with a text.

        Raises
        ------
        InputError
            Where the database does not answer.
        """
        return people(self.database, search, MOST_LISTED)

    def read(self, person: int, on: date) -> PersonInputs:
        """Return what the database says of a person on a day, numbers with as many digits as are entered by hand.

        Raises
        ------
        InputError
            Where it does not know the person, or does not answer.
        """
        found = read_people(self.database, [person], on, self.options)[0]
        return replace(found, values={key: _rounded(one) for key, one in found.values.items()})

    @property
    def name(self) -> str:
        """Return what the database is called, without where it lies."""
        return self.database.name.rsplit("/", 1)[-1]

    @property
    def usual_date(self) -> date:
        """Return the day on which the inputs are taken unless another is entered."""
        return self.index_date or date.today()  # noqa: DTZ011 - the day at this place, as records have it


def _rounded(found: InputValue) -> InputValue:
    """Return an input whose number nobody would type: a BMI that was reckoned from pounds and inches has sixteen digits."""
    value = found.value
    return replace(found, value=float(f"{value:.{_DIGITS}g}")) if isinstance(value, float) else found


def open_source(
    url: str, *, schema: str | None, index_date: date | None, cdai_concepts: Sequence[int], is_reached_by_anybody: bool
) -> OmopSource:
    """Return a database after a look at its tables.

    Parameters
    ----------
    url : str
        As SQLAlchemy reads it, or the path of a file of SQLite.
    schema : str or None
        Schema of its tables; the database's default where None.
    index_date : date or None
        Day on which inputs are taken unless another is entered; today where None.
    cdai_concepts : sequence of int
        Concepts that hold the CDAI.
    is_reached_by_anybody : bool
        Whether the app answers other computers without asking who they are.

    Raises
    ------
    InputError
        Where there is no such database, or where anybody could read its persons.
    """
    if is_reached_by_anybody:
        message = "whoever reaches this server could read every person of the database"
        raise input_error("--omop", f"{message}; add a sign-on (--user-header), or listen on 127.0.0.1 only")
    return OmopSource(open_database(url, schema), index_date, ReadOptions(cdai_concepts=tuple(cdai_concepts)))

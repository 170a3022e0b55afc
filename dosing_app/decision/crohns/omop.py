"""A person of an OMOP database as a case, with where every value comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from crohns_srs.omop import Database, ReadOptions, people, read_people

if TYPE_CHECKING:
    from crohns_srs.omop import Listing, PersonInputs

MOST_LISTED = 50


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
        """Return what the database says of a person on a day.

        Raises
        ------
        InputError
            Where it does not know the person, or does not answer.
        """
        return read_people(self.database, [person], on, self.options)[0]

    @property
    def name(self) -> str:
        """Return what the database is called, without where it lies."""
        return self.database.name.rsplit("/", 1)[-1]

    @property
    def usual_date(self) -> date:
        """Return the day on which the inputs are taken unless another is entered."""
        return self.index_date or date.today()  # noqa: DTZ011 - the day at this place, as records have it

"""The table of a cohort as it is printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asuc.cli.layout import Sheet
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = {"anti_tnf": "anti-TNF", "anti_il12_23": "anti-IL-12/23", "anti_integrin": "anti-integrin"}
_HEAD = ("Age", "Sex", "Crohn's", "Biologic", "Since {since}", "No anti-IL-12/23")
_WHO = {"everybody": "everybody", "women_from_50": "women from 50 years"}
RECKONED = (
    "Persons with a diagnosis on or before the index date. Age is the year of the index date less the year of birth. “Biologic” are those ever given one up to "
    "the index date, “no anti-IL-12/23” those of them who were given none against IL-12/23; the first biologic counts by its year and class."
)
CAVEAT = "What a database holds is what was recorded there: treatment elsewhere, or before the records begin, is not in it. Research use only."


@dataclass(frozen=True, slots=True)
class Counts:
    """A table of counts.

    Parameters
    ----------
    name, title : str
        What it is called in a page, and what it holds.
    head : tuple of str
        Of the columns.
    rows : tuple of tuples
        Words and counts.
    """

    name: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]


def cohort_parts(document: Mapping[str, Any]) -> list[Sheet | str]:
    """Return what is printed of a cohort."""
    sheets = [
        Sheet(one.title, one.head, tuple(tuple(str(cell) for cell in row) for row in one.rows))
        for one in cohort_tables(document)
    ]
    return [*sheets, *sentences(document), *missing_sentences(document), *document["warnings"], CAVEAT]


def sentences(document: Mapping[str, Any]) -> list[str]:
    """Return the publication's findings of this database."""
    older: Mapping[str, Any] = document["women_from_50"]
    found = [
        f"{document['n_crohns']:,} persons with Crohn's disease, {document['everybody']['ever_biologic']:,} of them ever given a biologic."
    ]
    if document["n_refused"]:
        found.append(
            f"Not counted, because the diagnosis or the birth lies after the index date, or has no date: {document['n_refused']:,}."
        )
    if older["n"]:
        found.append(
            f"Women from 50 years: {older['n']:,} ({_percent(older['share_of_crohns'])} of all), {older['ever_biologic']:,} of them "
            f"({_percent(older['share_ever_biologic'])}) ever given a biologic."
        )
    if older["ever_biologic"]:
        share = _percent(older["share_of_biologic_without_anti_il12_23"])
        found.append(
            f"Of these, {older['biologic_without_anti_il12_23']:,} ({share}) were never given an anti-IL-12/23."
        )
    return found


def cohort_tables(document: Mapping[str, Any]) -> list[Counts]:
    """Return persons by age and sex, and labels where there are any."""
    since = str(document["first_biologic_since"])
    head = (*(one.format(since=since) for one in _HEAD), *(f"First: {name}" for name in _NAMES.values()))
    rows = tuple((_band(one), one["sex"], *_cells(one)) for one in document["groups"])
    total = ("all", "", *_cells(document["everybody"]))
    found = [Counts("cohort", "Persons with Crohn's disease by age and sex", head, (*rows, total))]
    labels: Mapping[str, Mapping[str, int]] = document["labels"]
    if labels["everybody"]:
        names = list(labels["everybody"])
        counts = tuple((name, *(labels[who].get(name, 0) for who in _WHO)) for name in names)
        name = document["uncertainty"]
        missing = "is averaged over" if name == "coherent" else "stands for the usual value"
        said = f"What the models say ({name} uncertainty; what is missing {missing})"
        found.append(Counts("labels", said, ("Label", *_WHO.values()), counts))
    return found


def missing_sentences(document: Mapping[str, Any]) -> list[str]:
    """Return how often each input is missing."""
    missing: Mapping[str, int] = document["missing"]
    if not missing:
        return []
    return [f"Persons of whom an input is missing: {', '.join(f'{key} {n:,}' for key, n in missing.items())}."]


def _band(one: Mapping[str, Any]) -> str:
    return "unknown" if one["age_from"] is None else f"{one['age_from']}–{one['age_to']}"


def _cells(one: Mapping[str, int]) -> tuple[int, ...]:
    firsts = (one[f"first_{name}"] for name in _NAMES)
    return (one["n"], one["ever_biologic"], one["first_biologic_since"], one["biologic_without_anti_il12_23"], *firsts)


def _percent(share: float) -> str:
    return f"{percent_from_fraction(share):.0f} %"

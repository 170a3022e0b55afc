"""The publication's table of patients outside trials: who has Crohn's disease, by age and sex, and which biologics they were given."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crohns_srs.omop.concepts import ANTI_IL12_23, BIOLOGICS

if TYPE_CHECKING:
    from crohns_srs.omop.person_inputs import PersonInputs

BAND_YEARS = 5
"""Width of a band of ages [year]."""
OLDER_FROM = 50
"""Age from which women are counted apart, as the publication does [year]."""
UNKNOWN = "unknown"
_OLDEST = 120


@dataclass(slots=True)
class Count:
    """Persons of one group.

    Parameters
    ----------
    n : int
        With Crohn's disease.
    ever : int
        Ever given a biologic.
    since : int
        Given the first one in a year or after.
    first : Counter of str
        By the class of the first one.
    given : Counter of str
        By each class that was ever given.
    without : int
        Given biologics, none of them against IL-12/23.
    labels : Counter of str
        By what the models say.
    """

    n: int = 0
    ever: int = 0
    since: int = 0
    first: Counter[str] = field(default_factory=Counter[str])
    given: Counter[str] = field(default_factory=Counter[str])
    without: int = 0
    labels: Counter[str] = field(default_factory=Counter[str])

    def add(self, one: PersonInputs, since: int, label: str) -> None:
        """Count a person."""
        self.n += 1
        if label:
            self.labels[label] += 1
        if not one.biologics:
            return
        classes = {drug.drug_class for drug in one.biologics}
        self.ever += 1
        self.since += one.biologics[0].first.year >= since
        # Of several biologics begun on the same first day, the one whose name comes first in the alphabet counts.
        self.first[one.biologics[0].drug_class] += 1
        self.given.update(classes)
        self.without += ANTI_IL12_23 not in classes


@dataclass(slots=True)
class Cohort:
    """Persons with Crohn's disease, counted one by one so that a database of any size fits.

    Parameters
    ----------
    since : int
        Year from which a first biologic counts apart.
    groups : dict of (int or None, str) to Count
        By the lowest age of a band and by sex.
    everybody, older_women : Count
        All, and women from `OLDER_FROM` years on.
    n_refused : int
        Persons whom the models do not speak for; they are counted nowhere else.
    missing : Counter of str
        How often each input is missing.
    """

    since: int
    groups: dict[tuple[int | None, str], Count] = field(default_factory=dict[tuple[int | None, str], Count])
    everybody: Count = field(default_factory=Count)
    older_women: Count = field(default_factory=Count)
    n_refused: int = 0
    missing: Counter[str] = field(default_factory=Counter[str])

    def add(self, one: PersonInputs, label: str = "") -> None:
        """Count a person; with what the models say, where that is asked for."""
        if one.refusal:
            self.n_refused += 1
            return
        age, sex = calendar_age(one), str(one.values["sex"].value or UNKNOWN)
        band = None if age is None else age - age % BAND_YEARS
        for count in (self.everybody, self.groups.setdefault((band, sex), Count())):
            count.add(one, self.since, label)
        if sex == "female" and age is not None and age >= OLDER_FROM:
            self.older_women.add(one, self.since, label)
        self.missing.update(one.missing)


def calendar_age(one: PersonInputs) -> int | None:
    """Return the year of the index date less that of birth, as the publication reckons; None where that is no age."""
    if one.year_of_birth is None:
        return None
    age = one.index_date.year - one.year_of_birth
    return age if 0 <= age <= _OLDEST else None


def cohort_document(cohort: Cohort) -> dict[str, object]:
    """Return the counts as JSON; shares stand beside what they are of, and are null where that is nobody."""
    ordered = sorted(cohort.groups.items(), key=lambda pair: (pair[0][0] is None, pair[0][0] or 0, pair[0][1]))
    older = cohort.older_women
    return {
        "first_biologic_since": cohort.since,
        "n_crohns": cohort.everybody.n,
        "n_refused": cohort.n_refused,
        "groups": [{**_ages(band), "sex": sex, **_counts(one)} for (band, sex), one in ordered],
        "everybody": _counts(cohort.everybody),
        "women_from_50": {
            **_counts(older),
            "share_of_crohns": _share(older.n, cohort.everybody.n),
            "share_ever_biologic": _share(older.ever, older.n),
            "share_of_biologic_without_anti_il12_23": _share(older.without, older.ever),
        },
        "labels": {"everybody": _labels(cohort.everybody), "women_from_50": _labels(older)},
        "missing": dict(sorted(cohort.missing.items())),
    }


def _ages(band: int | None) -> dict[str, object]:
    return {"age_from": band, "age_to": None if band is None else band + BAND_YEARS - 1}


def _counts(one: Count) -> dict[str, object]:
    return {
        "n": one.n,
        "ever_biologic": one.ever,
        "first_biologic_since": one.since,
        "biologic_without_anti_il12_23": one.without,
        **{f"first_{name}": one.first[name] for name in BIOLOGICS},
        **{f"ever_{name}": one.given[name] for name in BIOLOGICS},
    }


def _labels(one: Count) -> dict[str, int]:
    return dict(sorted(one.labels.items(), key=lambda pair: (-pair[1], pair[0])))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None

"""Drugs: whether there ever was an anti-TNF, what is current, and which biologics somebody had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from crohns_srs.omop.concepts import ANTI_TNF, BIOLOGICS, STEROID, ingredients_of
from crohns_srs.omop.input_value import InputValue, exposure_source, missing
from crohns_srs.omop.observation import observed_since
from crohns_srs.omop.reason import Said, of_input, said
from crohns_srs.omop.tables import DRUG_ERA
from crohns_srs.omop.vocabulary import Reach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crohns_srs.omop.options import ReadOptions
    from crohns_srs.omop.records import Exposure, Period
    from crohns_srs.omop.vocabulary import Vocabulary

_LONGEST_SUPPLY = 3_660


@dataclass(frozen=True, slots=True)
class Biologic:
    """A biologic that somebody had.

    Parameters
    ----------
    ingredient, drug_class : str
        Which.
    first : date
        First day.
    """

    ingredient: str
    drug_class: str
    first: date


def biologics_of(exposures: Sequence[Exposure], vocabulary: Vocabulary, options: ReadOptions) -> tuple[Biologic, ...]:
    """Return the biologics of somebody by their first day."""
    classes = {
        name: drug_class
        for drug_class in BIOLOGICS
        for name in ingredients_of(drug_class, with_optional=options.golimumab)
    }
    first: dict[str, date] = {}
    for one in exposures:
        for name in vocabulary.drugs.meaning.get(one.concept, frozenset[str]()):
            if name in classes and one.start is not None:
                first[name] = min(one.start, first.get(name, one.start))
    found = (Biologic(name, classes[name], day) for name, day in first.items())
    return tuple(sorted(found, key=lambda one: (one.first, one.ingredient)))


def anti_tnf_history(
    exposures: Sequence[Exposure], periods: Sequence[Period], index: date, vocabulary: Vocabulary, options: ReadOptions
) -> InputValue:
    """Return whether an anti-TNF was begun before the index date; "no" only after enough time under observation."""
    of_group = [one for one in _of_group(exposures, ANTI_TNF, vocabulary, options) if one.start and one.start < index]
    if of_group:
        first = min(of_group, key=lambda one: (one.start or date.max, one.table, one.id))
        return InputValue(value=True, how=said("drug.ever"), records=(exposure_source(first),))
    if ANTI_TNF in vocabulary.absent:
        return missing(said("drug.not_in_vocabulary", drug=said(f"drug.{ANTI_TNF}")))
    since = observed_since(periods, index, options.gap_days)
    if isinstance(since, Said):
        return missing(said("drug.never_unobserved", why=since))
    if (index - since).days < options.history_days:
        return missing(said("drug.never_too_short", since=since, days=options.history_days))
    return InputValue(value=False, how=said("drug.never", since=since))


def current_use(
    group: str,
    exposures: Sequence[Exposure],
    periods: Sequence[Period],
    index: date,
    vocabulary: Vocabulary,
    options: ReadOptions,
) -> InputValue:
    """Return whether a steroid or an immunomodulator is being taken on the index date; "no" only under observation.

    Parameters
    ----------
    group : str
        `STEROID`, of which only what reaches the whole body counts, or `IMMUNOMODULATOR`.
    exposures, periods : sequence
        Records.
    index : date
        Index date.
    vocabulary, options : Vocabulary, ReadOptions
        Concepts and rules.
    """
    name = said(f"drug.{group}")
    reached = [
        one
        for one in _of_group(exposures, group, vocabulary, options)
        if one.table != DRUG_ERA.name and _is_current(one, index, options)
    ]
    reaches = [_reach(one, vocabulary) if group == STEROID else Reach.SYSTEMIC for one in reached]
    systemic = [one for one, reach in zip(reached, reaches, strict=True) if reach is Reach.SYSTEMIC]
    if systemic:
        latest = max(systemic, key=lambda one: (one.start or date.min, one.id))
        how = said("drug.current", last=last_day(latest, options))
        return InputValue(
            value=True, how=how, records=(exposure_source(latest),), warnings=tuple(_end_warnings(latest, group))
        )
    unknown = [one for one, reach in zip(reached, reaches, strict=True) if reach is Reach.UNKNOWN]
    if unknown:
        return missing(said("drug.no_route", drug=name, id=unknown[0].id))
    if group in vocabulary.absent:
        return missing(said("drug.not_in_vocabulary", drug=name))
    since = observed_since(periods, index, options.gap_days)
    if isinstance(since, Said):
        return missing(said("drug.not_current_unobserved", why=since))
    if reached:
        return InputValue(value=False, how=said("drug.not_current_local", since=since, n=len(reached)))
    return InputValue(value=False, how=said("drug.not_current", since=since))


def last_day(one: Exposure, options: ReadOptions) -> date:
    """Return the last day of an exposure: its end, else that of its supply, else a number of days from its start."""
    start = one.start or date.min
    if one.end is not None and one.end >= start:
        return one.end
    is_supplied = one.supply is not None and 0 < one.supply <= _LONGEST_SUPPLY
    days = one.supply if is_supplied and one.supply is not None else options.supply_days
    return date.fromordinal(min(start.toordinal() + days, date.max.toordinal()))


def _is_current(one: Exposure, index: date, options: ReadOptions) -> bool:
    if one.start is None:
        return False
    slack = timedelta(days=options.current_days)
    return one.start - index <= slack and index - last_day(one, options) <= slack


def _reach(one: Exposure, vocabulary: Vocabulary) -> Reach:
    by_route = vocabulary.routes.get(one.route, Reach.UNKNOWN)
    return by_route if by_route is not Reach.UNKNOWN else vocabulary.dose_forms.get(one.concept, Reach.UNKNOWN)


def _of_group(
    exposures: Sequence[Exposure], group: str, vocabulary: Vocabulary, options: ReadOptions
) -> list[Exposure]:
    names = frozenset(ingredients_of(group, with_optional=options.golimumab))
    meaning = vocabulary.drugs.meaning
    return [one for one in exposures if not names.isdisjoint(meaning.get(one.concept, frozenset[str]()))]


def _end_warnings(one: Exposure, group: str) -> list[Said]:
    if one.end is None or one.start is None or one.end >= one.start:
        return []
    return [of_input(group, said("drug.ends_before_start", table=one.table, id=one.id, end=one.end))]

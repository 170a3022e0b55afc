"""Concepts of the database at hand: names, codes and hierarchy of its own vocabulary, looked up when it is read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select, union

from crohns_srs.omop.concepts import (
    BIOLOGICS,
    CROHNS,
    IMMUNOMODULATOR,
    STEROID,
    ingredients_of,
    shipped_concepts,
)
from crohns_srs.omop.database import missing_in
from crohns_srs.omop.options import CDAI, CRP
from crohns_srs.omop.tables import CONCEPT, CONCEPT_ANCESTOR, CONCEPT_RELATIONSHIP, DRUG_ERA, OBSERVATION
from pkpd.errors import InputError, input_error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Connection, Select

    from crohns_srs.omop.database import Database
    from crohns_srs.omop.options import ReadOptions

FEMALE, MALE = 8532, 8507
"""Concepts of `gender_concept_id`."""
_HIGH_SENSITIVITY = "crp_high_sensitivity"


class Reach(Enum):
    """How far into the body a route or a dose form goes."""

    SYSTEMIC = "the whole body"
    LOCAL = "one place"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Domain:
    """Concepts of one kind of record.

    Parameters
    ----------
    ancestors : tuple of int
        Concepts that were asked for.
    meaning : dict of int to frozenset of str
        What a concept stands for: groups of conditions, ingredients, or kinds of measurements. Descendants, and concepts of other vocabularies
        that are mapped to one of them, stand for the same.
    """

    ancestors: tuple[int, ...]
    meaning: dict[int, frozenset[str]]

    def accepts(self, standard: ColumnElement[int], source: ColumnElement[int] | None = None) -> ColumnElement[bool]:
        """Return the condition that a record holds one of the concepts; the source counts where nothing standard was found for it."""
        accepted = _accepted(self.ancestors)
        if source is None:
            return standard.in_(accepted)
        return or_(standard.in_(accepted), (func.coalesce(standard, 0) == 0) & source.in_(accepted))

    def concept_of(self, standard: int | None, source: int | None) -> int:
        """Return the concept by which a record counts."""
        return source if not standard and source is not None else standard or 0


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All that is looked for, as ids of one database.

    Parameters
    ----------
    conditions, drugs, measurements : Domain
        Crohn's disease and its places; ingredients; kinds of measurements.
    absent : frozenset of str
        Groups of drugs and kinds of measurements of which the vocabulary has nothing; of drugs also where its hierarchy has nothing below any of them.
    units : dict of int to (str, str)
        UCUM code and name of each unit.
    names : dict of int to str
        Names of routes.
    routes, dose_forms : dict of int to Reach
        How far each route goes, and each drug by its dose form.
    notes : tuple of str
        What the vocabulary has not, in one sentence each.
    """

    conditions: Domain
    drugs: Domain
    measurements: Domain
    absent: frozenset[str]
    units: dict[int, tuple[str, str]]
    names: dict[int, str]
    routes: dict[int, Reach]
    dose_forms: dict[int, Reach]
    notes: tuple[str, ...]


def read_vocabulary(database: Database, options: ReadOptions) -> Vocabulary:
    """Look up everything in a database's vocabulary.

    Raises
    ------
    InputError
        Where it does not know Crohn's disease, or nothing below it: without it nothing can be said of anybody. Where a table is asked for that is not there.
    """
    asked = ((DRUG_ERA, options.drug_era), (OBSERVATION, bool(options.cdai_concepts or options.cdai_sources)))
    problems = list(missing_in(database, [table for table, is_asked in asked if is_asked]))
    if problems:
        raise InputError(problems)
    with database.connect() as connection:
        conditions = crohns_domain(connection, database.name)
        groups = {
            group: ingredients_of(group, with_optional=options.golimumab)
            for group in (*BIOLOGICS, STEROID, IMMUNOMODULATOR)
        }
        ids = _ingredient_ids(connection, [name for names in groups.values() for name in names])
        drugs = _domain(connection, {one: name for name, found in ids.items() for one in found})
        codes = {kind: list(of) for kind, of in shipped_concepts().measurements.items() if kind != _HIGH_SENSITIVITY}
        if options.high_sensitivity:
            codes[CRP] += shipped_concepts().measurements[_HIGH_SENSITIVITY]
        kinds = _measurement_ids(connection, codes)
        measurements = _domain(connection, {**kinds, **dict.fromkeys(options.cdai_concepts, CDAI)})
        lost = [name for names in groups.values() for name in names if name not in ids]
        above = _ancestors_among(connection, [one for found in ids.values() for one in found])
        bare = [
            name for names in groups.values() for name in names if name in ids and not above.intersection(ids[name])
        ]
        unknown = {group for group, names in groups.items() if all(name in (*lost, *bare) for name in names)}
        unmeasured = {kind for kind in codes if kind not in kinds.values()}
        places = {one for ids in shipped_concepts().conditions.values() for one in ids}
        routes = _routes(connection)
        return Vocabulary(
            conditions,
            drugs,
            measurements,
            frozenset(unknown | unmeasured),
            _units(connection),
            dict(routes),
            {one: _route_reach(name) for one, name in routes.items()},
            _dose_forms(connection, [one for name in groups[STEROID] for one in ids.get(name, ())]),
            tuple(_notes(sorted(places - _known(connection, places)), lost, bare, sorted(unmeasured))),
        )


def crohns_domain(connection: Connection, name: str) -> Domain:
    """Return the concepts of Crohn's disease and of its places.

    Raises
    ------
    InputError
        Where the vocabulary does not know the disease, or nothing below it; `name` is what the database is called then.
    """
    wanted: dict[int, set[str]] = {}
    for group, ids in shipped_concepts().conditions.items():
        for one in ids:
            wanted.setdefault(one, set()).add(group)
    crohns = shipped_concepts().conditions[CROHNS]
    if not _known(connection, crohns):
        message = (
            f"table concept has no Crohn's disease (concept {crohns[0]}); expected the OHDSI vocabularies with SNOMED"
        )
        raise input_error(name, message)
    if not _ancestors_among(connection, crohns):
        message = f"table concept_ancestor has nothing below Crohn's disease (concept {crohns[0]}), not even itself; expected the OHDSI vocabularies with their hierarchy"
        raise input_error(name, message)
    meaning: dict[int, set[str]] = {one: set(groups) for one, groups in wanted.items()}
    for concept, ancestor in connection.execute(_with_ancestors(wanted)):
        meaning.setdefault(concept, set()).update(wanted[ancestor])
    return Domain(crohns, {one: frozenset(groups) for one, groups in meaning.items()})


def _known(connection: Connection, ids: Iterable[int]) -> set[int]:
    query = select(CONCEPT.c.concept_id).where(CONCEPT.c.concept_id.in_(list(ids)))
    return set(connection.execute(query).scalars())


def _ancestors_among(connection: Connection, ids: Iterable[int]) -> set[int]:
    """Return those of some concepts below which the hierarchy has anything; in the OHDSI vocabularies each concept is below itself."""
    link = CONCEPT_ANCESTOR.c.ancestor_concept_id
    return set(connection.execute(select(link).where(link.in_(list(ids))).distinct()).scalars())


def _domain(connection: Connection, wanted: dict[int, str]) -> Domain:
    meaning: dict[int, set[str]] = {one: {name} for one, name in wanted.items()}
    if wanted:
        for concept, ancestor in connection.execute(_with_ancestors(wanted)):
            meaning.setdefault(concept, set()).add(wanted[ancestor])
    shared: dict[frozenset[str], frozenset[str]] = {}
    frozen = ((one, frozenset(names)) for one, names in meaning.items())
    return Domain(tuple(wanted), {one: shared.setdefault(names, names) for one, names in frozen})


def _with_ancestors(ancestors: Iterable[int]) -> Select[int, int]:
    """Return the query of every concept below some, and of every one that is mapped there, with the one that it is below."""
    ids = tuple(ancestors)
    link, mapped = CONCEPT_ANCESTOR.c, CONCEPT_RELATIONSHIP.c
    below = select(link.descendant_concept_id, link.ancestor_concept_id).where(link.ancestor_concept_id.in_(ids))
    by_map = (
        select(mapped.concept_id_1, link.ancestor_concept_id)
        .join_from(CONCEPT_RELATIONSHIP, CONCEPT_ANCESTOR, mapped.concept_id_2 == link.descendant_concept_id)
        .where(link.ancestor_concept_id.in_(ids), _is_map())
    )
    both = union(below, by_map).subquery()
    return select(both.c[0], both.c[1])


def _accepted(ancestors: tuple[int, ...]) -> Select[int]:
    """Return the query of the same concepts alone, and those that were asked for, for use inside another one."""
    link, mapped = CONCEPT_ANCESTOR.c, CONCEPT_RELATIONSHIP.c
    below = select(link.descendant_concept_id).where(link.ancestor_concept_id.in_(ancestors))
    by_map = select(mapped.concept_id_1).where(
        mapped.concept_id_2.in_(select(link.descendant_concept_id).where(link.ancestor_concept_id.in_(ancestors))),
        _is_map(),
    )
    themselves = select(CONCEPT.c.concept_id).where(CONCEPT.c.concept_id.in_(ancestors))
    found = union(below, by_map, themselves).subquery()
    return select(found.c[0])


def _is_map() -> ColumnElement[bool]:
    invalid = CONCEPT_RELATIONSHIP.c.invalid_reason
    return (CONCEPT_RELATIONSHIP.c.relationship_id == "Maps to") & or_(invalid.is_(None), invalid == "")


def _ingredient_ids(connection: Connection, names: Iterable[str]) -> dict[str, tuple[int, ...]]:
    lower = func.lower(CONCEPT.c.concept_name)
    query = select(lower, CONCEPT.c.concept_id).where(
        lower.in_(list(names)),
        CONCEPT.c.vocabulary_id.in_(("RxNorm", "RxNorm Extension")),
        CONCEPT.c.concept_class_id == "Ingredient",
        CONCEPT.c.standard_concept == "S",
    )
    found: dict[str, list[int]] = {}
    for name, one in connection.execute(query):
        found.setdefault(name, []).append(one)
    return {name: tuple(sorted(ids)) for name, ids in found.items()}


def _measurement_ids(connection: Connection, codes: dict[str, list[str]]) -> dict[int, str]:
    kinds = {code: kind for kind, of in codes.items() for code in of}
    query = select(CONCEPT.c.concept_id, CONCEPT.c.concept_code).where(
        CONCEPT.c.vocabulary_id == "LOINC", CONCEPT.c.concept_code.in_(list(kinds))
    )
    return {one: kinds[code] for one, code in connection.execute(query)}


def _units(connection: Connection) -> dict[int, tuple[str, str]]:
    query = select(CONCEPT.c.concept_id, CONCEPT.c.concept_code, CONCEPT.c.concept_name).where(
        CONCEPT.c.vocabulary_id == "UCUM"
    )
    return {one: (code, name) for one, code, name in connection.execute(query)}


def _routes(connection: Connection) -> dict[int, str]:
    query = select(CONCEPT.c.concept_id, CONCEPT.c.concept_name).where(CONCEPT.c.domain_id == "Route")
    return {one: name or "" for one, name in connection.execute(query)}


def _route_reach(name: str) -> Reach:
    plain, concepts = name.lower(), shipped_concepts()
    if plain in concepts.routes_systemic:
        return Reach.SYSTEMIC
    return Reach.UNKNOWN if not plain or plain in concepts.routes_unknown else Reach.LOCAL


def _dose_forms(connection: Connection, ingredients: list[int]) -> dict[int, Reach]:
    """Return how far each drug with one of the ingredients goes; of several dose forms, the farthest."""
    if not ingredients:
        return {}
    form, mapped = CONCEPT_RELATIONSHIP.alias(), CONCEPT_RELATIONSHIP.c
    below = select(CONCEPT_ANCESTOR.c.descendant_concept_id).where(
        CONCEPT_ANCESTOR.c.ancestor_concept_id.in_(ingredients)
    )
    has_form = form.join(CONCEPT, form.c.concept_id_2 == CONCEPT.c.concept_id)
    is_form = (form.c.relationship_id == "RxNorm has dose form") & form.c.concept_id_1.in_(below)
    own = select(form.c.concept_id_1, CONCEPT.c.concept_name).select_from(has_form).where(is_form)
    by_map = (
        select(mapped.concept_id_1, CONCEPT.c.concept_name)
        .select_from(has_form.join(CONCEPT_RELATIONSHIP, mapped.concept_id_2 == form.c.concept_id_1))
        .where(is_form, _is_map())
    )
    beginnings = shipped_concepts().dose_forms_systemic
    found: dict[int, Reach] = {}
    for drug, name in connection.execute(union(own, by_map)):
        if (name or "").lower().startswith(beginnings):
            found[drug] = Reach.SYSTEMIC
        else:
            found.setdefault(drug, Reach.LOCAL)
    return found


def _notes(conditions: list[int], ingredients: list[str], bare: list[str], measurements: list[str]) -> list[str]:
    found: list[str] = []
    if conditions:
        said = ", ".join(map(str, conditions))
        found.append(f"The vocabulary has no condition {said}: the place of the disease may not be found.")
    if ingredients:
        found.append(f"The vocabulary has no ingredient {', '.join(ingredients)}: exposures to it cannot be found.")
    if bare:
        found.append(
            f"The vocabulary has no drug below {', '.join(bare)} (concept_ancestor): only exposures to the ingredient itself are found."
        )
    if measurements:
        found.append(f"The vocabulary has no LOINC code for {', '.join(measurements)}: none can be found.")
    return found

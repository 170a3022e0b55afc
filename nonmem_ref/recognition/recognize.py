"""From a control stream and its data to the model of the engine that it says, or to each reason why it says none."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.control.matrices import matrix_of
from nonmem_ref.control.relevance import relevant
from nonmem_ref.control.tree import Assignment, Conditional, Element, walk
from nonmem_ref.dataset.events import DOSE, OBSERVATION, RESET, RESET_DOSE
from nonmem_ref.dataset.items import RESERVED
from nonmem_ref.recognition.atoms import NotRecognizedError
from nonmem_ref.recognition.factors import recognize_parameter
from nonmem_ref.recognition.inline import definitions, numbered
from nonmem_ref.recognition.parameter import Coefficient, Covariate, RandomEffect, RecognizedParameter
from nonmem_ref.recognition.residual import ErrorCode, recognize_residual
from nonmem_ref.recognition.structure import names_of_predpp, recognize_structure, unsupported_variables
from nonmem_ref.recognition.values import coefficient_value, first_difference
from pkpd.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from nonmem_ref.control.code import Code
    from nonmem_ref.control.matrices import Block
    from nonmem_ref.control.read import ControlProblem
    from nonmem_ref.control.tree import Expression, Statement
    from nonmem_ref.dataset.read import Dataset
    from nonmem_ref.recognition.residual import RecognizedResidual
    from nonmem_ref.recognition.structure import RecognizedStructure
    from pkpd.arrays import FloatArray

# When routines are called: as they are anyway, or only where Y is asked for.
_EVERYWHERE = re.compile(r"EVERY( EVENT)?|CALLFL ?= ?-1|COMRES ?= ?-1")
_OF_MIXTURES = re.compile(r"\bMIX(?:NUM|EST|P)\b")
_AT_OBSERVATIONS = re.compile(r"ONLY OBS\w*|OBS\w* ONLY|CALLFL ?= ?0")


@dataclass(frozen=True, slots=True)
class RecognizedModel:
    """A NONMEM model in the engine's terms, every number in the units of the control stream and its data.

    Parameters
    ----------
    structure : RecognizedStructure
        Compartments.
    parameters : mapping of str to RecognizedParameter
        By the engine's names (``cl``, ``v``, …).
    thetas : tuple of float
        Initial THETA, from the first on.
    omega : (n_eta, n_eta) array
        Initial OMEGA, of an ETA that code multiplies by a number or THETA that of the product.
    residual : RecognizedResidual
        Residual error, and which observations lie beyond limits.
    shared : tuple of str
        Elements of THETA and SIGMA that are not fixed and stand in several places. NONMEM estimates one number for them; the engine, which
        ties no two of its parameters, gives the same objective at given values, but one number for each place in a fit.
    """

    structure: RecognizedStructure
    parameters: Mapping[str, RecognizedParameter]
    thetas: tuple[float, ...]
    omega: FloatArray
    residual: RecognizedResidual
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recognition:
    """What was recognized.

    Parameters
    ----------
    model : RecognizedModel or None
        The model; None where there are problems.
    problems : tuple of Problem
        What the engine has not, or what is written in a way that is not recognized, with line and record.
    notes : tuple of str
        What changes nothing, in one sentence each.
    """

    model: RecognizedModel | None
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def recognize(control: ControlProblem, dataset: Dataset) -> Recognition:
    """Recognize the model of a control stream.

    Parameters
    ----------
    control : ControlProblem
        The control stream.
    dataset : Dataset
        Its data, on whose records the code is evaluated.

    Returns
    -------
    Recognition
        The model, or each reason why there is none. What is recognized gives the same parameters as the code at every record, at values
        of THETA and ETA other than the initial ones too.
    """
    problems = [*control.unsupported, *_unsupported(control)]
    pk, error = control.code("PK"), control.code("ERROR")
    if pk is None or error is None or control.subroutines is None or control.subroutines.advan is None:
        return Recognition(None, tuple(problems), ())
    advan, is_integrated = control.subroutines.advan, control.code("DES") is not None
    place = f"line {pk.line}, $PK"
    numbered_pk, error = (replace(code, statements=numbered(code.statements, control.labels)) for code in (pk, error))
    zeros = _etas_of_zero(control, numbered_pk)
    numbered_pk, error = (
        replace(code, statements=numbered(code.statements, {}, zeros)) for code in (numbered_pk, error)
    )
    # What $PK says only for tables is not looked at.
    pk = replace(numbered_pk, statements=relevant(numbered_pk.statements, names_of_predpp(numbered_pk)))
    made = definitions(pk.statements, "$PK")
    problems += made.problems
    problems += unsupported_variables(advan, pk, made.values)
    structure, parameters = None, dict[str, RecognizedParameter]()
    try:
        structure = recognize_structure(advan, control.subroutines.trans, pk, made.values)
    except NotRecognizedError as refused:
        # That of $DES says the same of ADVAN6 and its kind.
        problems += [] if is_integrated else [Problem(place, str(refused))]
    if structure is not None:
        problems += _compartments(structure, names_of_predpp(pk), dataset)
        parameters = _by_category(_parameters(structure, pk, made.values, dataset, problems), control.omega, dataset)
        problems += _random_effects(parameters, control.omega, dataset, place) if control.omega else []
        problems += _scales(parameters, control, place)
    problems += _names_in_use(parameters, frozenset(dataset.columns), place)
    known = _known(control, dataset)
    if not problems:
        problems += _differences(pk, parameters, known, place)
    residual = None
    if _has_predictions(control, error, structure):
        whole = (*numbered_pk.statements, *error.statements)
        residual = _residual(control, dataset, whole, error.line, structure, known, problems)
    problems = _without_consequences(control, problems)
    if problems or structure is None or residual is None:
        return Recognition(None, tuple(problems), ())
    omega = _scaled(matrix_of(control.omega), parameters, known)
    thetas = tuple(theta.initial for theta in control.thetas)
    places = _shared(parameters, residual, _free(control))
    model = RecognizedModel(structure, parameters, thetas, omega, residual, tuple(places))
    return Recognition(model, (), _notes(parameters, len(omega), zeros, places))


def _etas_of_zero(control: ControlProblem, pk: Code) -> list[int]:
    """Return the numbers of the ETA whose variance is held at 0 ($OMEGA 0 FIX), as those that were taken out of a model.

    Of those that an IF chooses among, as for categories or occasions, only where all of them are 0.
    """
    held: list[int] = []
    at = 0
    for block in control.omega:
        held += [at + i for i, row in enumerate(block.rows, start=1) if block.is_fixed and row[-1] == 0.0]
        at += block.size
    chosen = {
        node.indices[0]
        for node in walk(*(one for one in pk.statements if isinstance(one, Conditional)))
        if isinstance(node, Element) and node.array == "ETA"
    }
    return [eta for eta in held if eta not in chosen or chosen <= set(held)]


def _unsupported(control: ControlProblem) -> list[Problem]:
    """Return routines and options that the engine has not."""
    found: list[Problem] = []
    is_likelihood = any(one.has("likelihood") or one.has("minus_2_log_likelihood") for one in control.estimations)
    expected = "$PK and $ERROR with ADVAN1 to ADVAN4"
    if is_likelihood:
        expected = "for times to an event the cumulative hazard in closed form, in $PRED"
    for code in control.codes:
        if code.record not in {"PK", "ERROR"}:
            found.append(Problem(f"line {code.line}, ${code.record}", f"is not recognized; expected {expected}"))
        found += [
            Problem(f"line {line}, ${code.record}", f"is called as “{call}” says; expected at every event")
            for line, call in code.calls
            if not _EVERYWHERE.fullmatch(call) and not (code.record == "ERROR" and _AT_OBSERVATIONS.fullmatch(call))
        ]
    if any("L2" in item.names and not item.is_dropped for item in control.items):
        found.append(
            Problem(
                f"line {control.line}, $INPUT", "has L2, by which observations share their EPS; the engine has none"
            )
        )
    for estimation in control.estimations:
        for flag, word in (("likelihood", "LIKELIHOOD"), ("minus_2_log_likelihood", "-2LOGLIKELIHOOD")):
            if estimation.has(flag):
                found.append(
                    Problem(
                        f"line {estimation.line}, $ESTIMATION",
                        f"has {word}; expected predictions, or $PRED with a closed form",
                    )
                )
    # A likelihood has no EPS, and a model specification file, which is refused, has all of them.
    has_file = any(problem.place.endswith("$MSFI") for problem in control.unsupported)
    needed = [name for name in _FIELDS if not (has_file or (is_likelihood and name == "SIGMA"))]
    lacking = [name for name in needed if not getattr(control, _FIELDS[name])]
    if lacking:
        found.append(
            Problem(f"line {control.line}, $PROBLEM", f"has no {' and no '.join(f'${name}' for name in lacking)}")
        )
    return found


# Occasions in one data item.
_MOST_CODES = 100
_MOST_SHOWN = 5
_FIELDS = {"THETA": "thetas", "OMEGA": "omega", "SIGMA": "sigma"}


def _has_predictions(control: ControlProblem, error: Code, structure: RecognizedStructure | None) -> bool:
    """Return whether $ERROR can be looked at: it has predictions, and all that these are made of."""
    if any(one.has("likelihood") or one.has("minus_2_log_likelihood") for one in control.estimations):
        return False
    reads_amounts = any(isinstance(node, Element) and node.array == "A" for node in walk(*error.statements))
    return all(getattr(control, field) for field in _FIELDS.values()) and not (structure is None and reads_amounts)


def _residual(
    control: ControlProblem,
    dataset: Dataset,
    whole: Sequence[Statement],
    line: int,
    structure: RecognizedStructure | None,
    known: Mapping[str, float | FloatArray],
    problems: list[Problem],
) -> RecognizedResidual | None:
    """Return the residual error of $PK followed by $ERROR, or None and note why not; without compartments F is all it can read."""
    central = 1 if structure is None else structure.central
    is_observed = (dataset.columns["EVID"] == OBSERVATION) & np.isin(dataset.columns["MDV"], (0.0, 100.0))
    try:
        targets = {node.target.name for node in walk(*whole) if isinstance(node, Assignment)}
        scale_name = next((name for name in (f"S{central}", "SC") if name in targets), "")
        scale = relevant(whole, (scale_name,)) if scale_name else ()
        statements = relevant(whole, ("Y", "F_FLAG"))
        sigma, free = matrix_of(control.sigma), _free(control)
        code = ErrorCode(statements, known, sigma, central, scale, scale_name, is_observed, free)
        return recognize_residual(code)
    except (NotRecognizedError, InputError) as refused:
        problems.append(Problem(f"line {line}, $ERROR", str(refused)))
        return None


def _without_consequences(control: ControlProblem, problems: list[Problem]) -> list[Problem]:
    """Return problems without those that are said already: of variables that only a record that is not supported gives a value."""
    if not any(problem.place.endswith("$MIX") for problem in control.unsupported):
        return problems
    return [problem for problem in problems if not _OF_MIXTURES.search(problem.message)]


def _known(control: ControlProblem, dataset: Dataset) -> dict[str, float | FloatArray]:
    """Return what code can read at each record: data items, initial THETA, OMEGA and SIGMA, ETA 0, and where an individual begins."""
    is_first = np.concatenate(([True], np.diff(dataset.individual) != 0))
    known: dict[str, float | FloatArray] = {"ICALL": 2.0, "NEWIND": np.where(is_first, 1.0, 2.0), **dataset.columns}
    known |= {f"THETA({i})": theta.initial for i, theta in enumerate(control.thetas, start=1)}
    for array, blocks in (("OMEGA", control.omega), ("SIGMA", control.sigma)):
        matrix = matrix_of(blocks)
        for i, j in np.ndindex(*matrix.shape):
            known[f"{array}({i + 1},{j + 1})"] = matrix[i, j]
            if i == j:
                known[f"{array}({i + 1})"] = matrix[i, i]
    n_eta = sum(block.size for block in control.omega)
    known |= {f"ETA({i})": 0.0 for i in range(1, n_eta + 1)}
    return known


def _free(control: ControlProblem) -> frozenset[str]:
    """Return the elements of THETA and SIGMA that are not fixed."""
    thetas = {f"THETA({i})" for i, theta in enumerate(control.thetas, start=1) if not theta.is_fixed}
    sigmas = enumerate(_fixed_rows(control.sigma), start=1)
    return frozenset(thetas | {f"SIGMA({i},{i})" for i, is_fixed in sigmas if not is_fixed})


def _dosed(dataset: Dataset) -> FloatArray:
    """Return the compartment that each record's dose goes into: the first where CMT is 0 or missing."""
    compartment = dataset.columns.get("CMT", np.zeros(dataset.lines.size))
    return np.where(compartment == 0.0, 1.0, np.abs(compartment))


def has_absorbed_doses(structure: RecognizedStructure, dataset: Dataset) -> bool:
    """Return whether some dose goes into the depot."""
    is_dose = np.isin(dataset.columns["EVID"], (DOSE, RESET_DOSE))
    return structure.has_depot and bool((is_dose & (_dosed(dataset) == 1.0)).any())


def _compartments(structure: RecognizedStructure, assigned: AbstractSet[str], dataset: Dataset) -> list[Problem]:
    """Return events that the engine has not: doses and levels elsewhere than in its compartments, resets, steady states of other kinds."""
    columns, found = dataset.columns, list[Problem]()
    evid = columns["EVID"]
    compartment = columns.get("CMT", np.zeros(evid.size))
    is_dose = np.isin(evid, (DOSE, RESET_DOSE))
    dosed = _dosed(dataset)
    observed = np.where(compartment == 0.0, structure.central, np.abs(compartment))
    is_infusion = columns.get("RATE", np.zeros(evid.size)) != 0.0
    is_central = dosed == structure.central
    absorbs = has_absorbed_doses(structure, dataset)
    reasons = (
        (
            is_dose & ~is_central & ((dosed != 1.0) | (not structure.has_depot)),
            "CMT",
            f"a dose into compartment {structure.central}{' or the depot' if structure.has_depot else ''}",
        ),
        (
            is_dose & is_central & ~is_infusion & absorbs,
            "CMT",
            "no bolus into the central compartment beside absorbed doses",
        ),
        (is_dose & ~is_central & is_infusion, "RATE", "a bolus into the depot, which the engine has no infusions into"),
        (
            (evid == OBSERVATION) & (columns["MDV"] == 0.0) & (observed != structure.central),
            "CMT",
            f"a level in compartment {structure.central}",
        ),
        (np.isin(evid, (RESET, RESET_DOSE)), "EVID", "no reset, which the engine has not"),
    )
    for where, item, expected in reasons:
        rows = np.flatnonzero(where)
        if rows.size:
            more = f" (and {rows.size - 1:,} more records)" if rows.size > 1 else ""
            found.append(
                Problem(f"{dataset.file}: line {dataset.lines[rows[0]]}, {item}", f"expected {expected}{more}")
            )
    modelled = ((-1.0, "R", structure.rate), (-2.0, "D", structure.duration))
    for code, word, value in modelled:
        is_modelled = is_dose & is_central & (columns.get("RATE", np.zeros(evid.size)) == code)
        if is_modelled.any() and f"{word}{structure.central}" not in assigned:
            found.append(Problem(dataset.file, f"RATE is {code:g}, but $PK gives {word}{structure.central} no value"))
        elif is_modelled.any() and value is not None and not value > 0.0:
            found.append(
                Problem(
                    dataset.file, f"RATE is {code:g}, but {word}{structure.central} is {value:g}; expected more than 0"
                )
            )
    return found


def _parameters(
    structure: RecognizedStructure,
    pk: Code,
    values: Mapping[str, Expression],
    dataset: Dataset,
    problems: list[Problem],
) -> dict[str, RecognizedParameter]:
    """Return the parameters that are recognized, and note those that are not with the line that they are last given a value in."""
    items = frozenset(dataset.columns) - RESERVED
    values_of = {item: frozenset(np.unique(dataset.columns[item]).tolist()) for item in items}
    codes = {item: one for item, one in values_of.items() if len(one) <= _MOST_CODES}
    lines = {node.target.name: node.line for node in walk(*pk.statements) if isinstance(node, Assignment)}
    found: dict[str, RecognizedParameter] = {}
    for name, meaning in structure.parameters.items():
        if meaning == "ka" and not has_absorbed_doses(structure, dataset):
            continue
        try:
            found[meaning] = recognize_parameter(name, values[name], items, codes)
        except NotRecognizedError as refused:
            problems.append(Problem(f"line {lines[name]}, $PK", f"{name} {refused}"))
    return found


def _by_category(
    parameters: Mapping[str, RecognizedParameter], blocks: Sequence[Block], dataset: Dataset
) -> dict[str, RecognizedParameter]:
    """Return parameters whose ETA are chosen by a data item with those of categories in place of those of occasions.

    They are of categories where the item never changes in an individual, $OMEGA has a variance for each ETA, and every code of the data has
    one.
    """
    same = [block.is_same for block in blocks for _ in range(block.size)]

    def changed(one: RecognizedParameter) -> RecognizedParameter:
        occasion = one.occasion
        if occasion is None or one.random is not None:
            return one
        etas = [eta for _, eta in occasion.etas]
        codes = dataset.columns[occasion.item]
        is_constant = not (np.diff(codes)[np.diff(dataset.individual) == 0] != 0.0).any()
        has_own = max(etas) <= len(same) and not any(same[eta - 1] for eta in sorted(etas)[1:])
        if not (is_constant and has_own and set(codes.tolist()) == {code for code, _ in occasion.etas}):
            return one
        category = Covariate(occasion.item, is_category=True)
        random = RandomEffect(etas[0], category=category, etas=occasion.etas)
        return replace(one, random=random, occasion=None)

    return {
        name: replace(changed(one), added=tuple(map(changed, one.added))) if one.added else changed(one)
        for name, one in parameters.items()
    }


def _random_effects(
    parameters: Mapping[str, RecognizedParameter], blocks: Sequence[Block], dataset: Dataset, place: str
) -> list[Problem]:
    """Return random effects that $OMEGA does not have, that two terms share, or that are no occasions or categories of the engine's."""
    found: list[Problem] = []
    same = [block.is_same for block in blocks for _ in range(block.size)]
    users: dict[int, str] = {}
    for one in (term for parameter in parameters.values() for term in parameter.terms):
        etas = one.random.every_eta if one.random is not None else ()
        occasions = [eta for _, eta in one.occasion.etas] if one.occasion is not None else []
        for eta in (*etas, *occasions):
            if eta > len(same):
                found.append(Problem(place, f"{one.name} has ETA({eta}), but $OMEGA has {len(same)} rows"))
            elif eta in users:
                message = f"{one.name} and {users[eta]} share ETA({eta}); the engine has one for each parameter"
                if users[eta] == one.name:
                    message = f"{one.name} is a sum of terms that share ETA({eta}); the engine has one for each term"
                found.append(Problem(place, message))
            users[eta] = one.name
        if occasions and max(occasions) <= len(same) and not all(same[eta - 1] for eta in sorted(occasions)[1:]):
            message = (
                f"{one.name} has random effects of occasions without SAME in $OMEGA; expected one variance for all"
            )
            found.append(Problem(place, message))
        if one.occasion is not None:
            codes: list[float] = np.unique(dataset.columns[one.occasion.item]).tolist()
            lacking = [f"{code:g}" for code in codes if code not in {known for known, _ in one.occasion.etas}]
            if lacking:
                where = f"{one.occasion.item} is {', '.join(lacking[:_MOST_SHOWN])}{' and more' if len(lacking) > _MOST_SHOWN else ''}"
                found.append(
                    Problem(
                        place, f"{one.name} has no ETA where {where}; the engine has one for each occasion of the data"
                    )
                )
        if one.random is not None and one.random.category is not None and max(etas) <= len(same):
            found += _variances_of_categories(one, matrix_of(blocks), _fixed_rows(blocks), place)
    return found


def _variances_of_categories(
    one: RecognizedParameter, omega: FloatArray, is_fixed: Sequence[bool], place: str
) -> list[Problem]:
    """Return what of the variances of categories the engine has not."""
    rows = [eta - 1 for eta in (one.random.every_eta if one.random is not None else ())]
    names = ", ".join(f"ETA({row + 1})" for row in rows)
    reasons = (
        ((omega[rows][:, rows].diagonal() <= 0.0).any(), "a variance above 0 for each category"),
        (len({is_fixed[row] for row in rows}) > 1, "variances of categories that are all fixed, or none of them"),
        (
            np.count_nonzero(omega[rows]) > np.count_nonzero(omega[rows][:, rows].diagonal()),
            "no covariances of random effects that have a variance for each category",
        ),
    )
    return [Problem(place, f"{one.name} has {names}; expected {expected}") for is_so, expected in reasons if is_so]


def _scales(parameters: Mapping[str, RecognizedParameter], control: ControlProblem, place: str) -> list[Problem]:
    """Return what ETA are multiplied by that the engine has not: nothing above 0, or THETA where covariances would go with it."""
    found: list[Problem] = []
    omega = matrix_of(control.omega)
    known: dict[str, float | FloatArray] = {
        f"THETA({i})": theta.initial for i, theta in enumerate(control.thetas, start=1)
    }
    for one in (term for parameter in parameters.values() for term in parameter.terms):
        scale = None if one.random is None else one.random.scale
        if one.random is None or scale is None or scale == Coefficient(1.0) or one.random.eta > len(omega):
            continue
        if scale.theta is not None and f"THETA({scale.theta})" not in known:
            continue
        value = coefficient_value(scale, known)
        if not value > 0.0:
            found.append(Problem(place, f"{one.name} has ETA({one.random.eta}) times {value:g}; expected more than 0"))
        is_free = scale.theta is not None and not control.thetas[scale.theta - 1].is_fixed
        if is_free and np.count_nonzero(omega[one.random.eta - 1]) > 1:
            message = f"{one.name} has ETA({one.random.eta}) times THETA({scale.theta}), and $OMEGA covariances of it; expected none of a scaled ETA"
            found.append(Problem(place, message))
    return found


def _scaled(
    omega: FloatArray, parameters: Mapping[str, RecognizedParameter], known: Mapping[str, float | FloatArray]
) -> FloatArray:
    """Return the covariance matrix of the random effects as parameters have them."""
    scale = np.ones(len(omega))
    for one in (term for parameter in parameters.values() for term in parameter.terms):
        if one.random is not None:
            scale[one.random.eta - 1] = coefficient_value(one.random.scale, known)
    return omega * np.outer(scale, scale)


def _fixed_rows(blocks: Sequence[Block]) -> list[bool]:
    """Return whether each row of $OMEGA or $SIGMA is fixed."""
    return [block.is_fixed for block in blocks for _ in range(block.size)]


def _names_in_use(parameters: Mapping[str, RecognizedParameter], items: AbstractSet[str], place: str) -> list[Problem]:
    """Return what code makes of data items whose name something else has already: another such, or a data item."""
    made = {covariate for one in parameters.values() for covariate in one.covariates if covariate.made_as}
    names = sorted(one.item for one in made)
    twice = [name for i, name in enumerate(names) if name in items or name in names[:i]]
    return [
        Problem(place, f"makes two different things of data items that would both be called {name}") for name in twice
    ]


def _differences(
    pk: Code, parameters: Mapping[str, RecognizedParameter], known: Mapping[str, float | FloatArray], place: str
) -> list[Problem]:
    """Return parameters that give other values than the code, which would be an error of the recognition."""
    found: list[Problem] = []
    try:
        for one, theirs, ours in first_difference(pk.statements, tuple(parameters.values()), known):
            message = (
                f"{one.name} is not understood: the code gives {theirs:g} at a record where {ours:g} was recognized"
            )
            if not theirs > 0.0:
                message = f"{one.name} is {theirs:g} at a record; expected parameters above 0 at the initial estimates, and near them"
            found.append(Problem(place, message))
    except InputError as error:
        found += [Problem(f"{problem.place}, $PK", problem.message) for problem in error.problems]
    return found


def _shared(
    parameters: Mapping[str, RecognizedParameter], residual: RecognizedResidual, free: frozenset[str]
) -> dict[str, list[str]]:
    """Return the elements of THETA and SIGMA that are not fixed and stand in several places, with these."""
    places: dict[str, list[str]] = {}
    for one in (term for parameter in parameters.values() for term in parameter.terms):
        scales = () if one.random is None else (one.random.scale,)
        for coefficient in (one.typical, *(effect.coefficient for effect in one.effects), *scales):
            places.setdefault(f"THETA({coefficient.theta})", []).append(one.name)
    for name in residual.elements:
        places.setdefault(name, []).append("Y")
    # A part that assays have in common.
    for part in ("additive", "proportional"):
        own = [(getattr(one, f"{part}_from"), getattr(one, part), name) for name, one in residual.groups]
        for of, value, assay in own[1:]:
            if any(of == other and np.isclose(value, same) for other, same, _ in own[: own.index((of, value, assay))]):
                for name in of:
                    places[name].append(f"Y of {assay}")
    return {name: where for name, where in sorted(places.items()) if len(where) > 1 and name in free}


def _notes(
    parameters: Mapping[str, RecognizedParameter], n_eta: int, zeros: Sequence[int], shared: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    terms = [term for one in parameters.values() for term in one.terms]
    used = {eta for one in terms if one.random is not None for eta in one.random.every_eta}
    used |= {eta for one in terms if one.occasion is not None for _, eta in one.occasion.etas}
    unused = [i for i in range(1, n_eta + 1) if i not in used and i not in zeros]
    notes = [
        f"{', '.join(f'ETA({i})' for i in of)} {'is' if len(of) == 1 else 'are'} {what}."
        for of, what in ((unused, "on no parameter, without any effect"), (zeros, "held at 0 by $OMEGA"))
        if of
    ]
    notes += [
        f"{name} stands in {' and '.join(where)}: a fit of the engine estimates a number for each of them."
        for name, where in shared.items()
    ]
    return tuple(notes)

"""Compartments and parameters of ADVAN1 to ADVAN4 with TRANS1, TRANS2 and TRANS4, as PREDPP names them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nonmem_ref.control.tree import Assignment, Binary, Name, Number, Unary, walk
from nonmem_ref.recognition.algebra import product_of
from nonmem_ref.recognition.atoms import NotRecognizedError
from pkpd.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nonmem_ref.control.code import Code
    from nonmem_ref.control.tree import Expression

# Parameters of each pair of ADVAN and TRANS, in the engine's order, with the engine's names.
_PARAMETERS: dict[tuple[int, int], dict[str, str]] = {
    (1, 1): {"K": "ke"},
    (1, 2): {"CL": "cl", "V": "v"},
    (2, 1): {"K": "ke", "KA": "ka"},
    (2, 2): {"CL": "cl", "V": "v", "KA": "ka"},
    (3, 4): {"CL": "cl", "V1": "v1", "Q": "q", "V2": "v2"},
    (4, 4): {"CL": "cl", "V2": "v1", "Q": "q", "V3": "v2", "KA": "ka"},
}
_CENTRAL = {1: 1, 2: 2, 3: 1, 4: 2}
_N_COMPARTMENTS = {1: 1, 2: 2, 3: 2, 4: 3}
# Rate constants of TRANS1 between two compartments: from the central one, and back.
_RATES = {3: ("K12", "K21"), 4: ("K23", "K32")}
_DEPOTS = frozenset({2, 4})
_VOLUMES = {1: "V", 2: "V", 3: "V1", 4: "V2"}


@dataclass(frozen=True, slots=True)
class RecognizedStructure:
    """Compartments, and which variables of $PK are their parameters.

    Parameters
    ----------
    n_compartments : int
        1 or 2, a depot not counted.
    central : int
        Number of the central compartment, where doses are infused and levels are observed.
    has_depot : bool
        Whether compartment 1 is a depot with first-order absorption.
    parameters : mapping of str to str
        The engine's name (``cl``, ``v1``, ``ke``, ``ka``) of each variable of $PK.
    volume_factor : float
        Scale of the central compartment divided by its volume: 1 where S1 is the volume, 0.001 for S1 = V1/1000.
    rate, duration : float or None
        R and D of the central compartment, for doses with RATE -1 and -2.
    """

    n_compartments: int
    central: int
    has_depot: bool
    parameters: Mapping[str, str]
    volume_factor: float
    rate: float | None
    duration: float | None


_OF_PREDPP = re.compile(r"(?:S|F|R|D|ALAG)\d+|SC|A_0\(\d+\)|DADT\(\d+\)|MTIME|K\d*|KA|CL|Q|V\d?|CALLFL|[TX]SCALE")


def names_of_predpp(code: Code) -> frozenset[str]:
    """Return the variables of $PK that PREDPP reads."""
    targets = {node.target.name for node in walk(*code.statements) if isinstance(node, Assignment)}
    return frozenset(name for name in targets if _OF_PREDPP.fullmatch(name))


def recognize_structure(
    advan: int, trans: int | None, code: Code, values: Mapping[str, Expression]
) -> RecognizedStructure:
    """Recognize the structure of a model.

    Parameters
    ----------
    advan, trans : int
        Of $SUBROUTINES; TRANS1 where it names none.
    code : Code
        $PK.
    values : mapping of str to Expression
        What each of its variables is.

    Raises
    ------
    NotRecognizedError
        For another structure. Parameters of PREDPP that the engine has not are those of ``unsupported_variables``.
    """
    kind = (advan, trans or 1)
    if advan not in _CENTRAL:
        raise NotRecognizedError(f"has ADVAN{advan}; expected ADVAN1 to ADVAN4")
    if kind not in _PARAMETERS and (trans or 1) != 1:
        known = ", ".join(f"TRANS{t}" for t in sorted({1, *(t for a, t in _PARAMETERS if a == advan)}))
        raise NotRecognizedError(f"has ADVAN{advan} with TRANS{trans or 1}; expected {known}")
    central = _CENTRAL[advan]
    parameters = dict(_PARAMETERS[kind]) if kind in _PARAMETERS else _with_flows(advan, code, values)
    volume = next((name for name, meaning in parameters.items() if meaning == "v1"), _VOLUMES[advan])
    if "K" in parameters:
        parameters = _with_volume(parameters, code, volume, values, central)
        volume = next(name for name, meaning in parameters.items() if meaning == "v")
    lacking = [name for name in parameters if name not in values]
    if lacking:
        raise NotRecognizedError(f"gives {' and '.join(lacking)} no value; expected {', '.join(parameters)}")
    return RecognizedStructure(
        1 if advan in {1, 2} else 2,
        central,
        advan in _DEPOTS,
        parameters,
        _volume_factor(values, central, volume),
        _constant(f"R{central}", values),
        _constant(f"D{central}", values),
    )


def _with_volume(
    parameters: dict[str, str], code: Code, volume: str, values: Mapping[str, Expression], central: int
) -> dict[str, str]:
    """Return the parameters of TRANS1: clearance and volume where K is their quotient, else K and the volume in the scale."""
    if (quotient := _quotient("K", code, values)) is not None:
        clearance, volume_name = quotient
        others = {name: meaning for name, meaning in parameters.items() if name != "K"}
        return {clearance: "cl", volume_name: "v", **others}
    scale = next(
        (
            node
            for node in walk(*code.statements)
            if isinstance(node, Assignment) and node.target.name in _scales(central)
        ),
        None,
    )
    names = [node.name for node in walk(scale.value) if isinstance(node, Name)] if scale is not None else []
    found = volume if volume in values else next((name for name in names if name in values), None)
    if found is None:
        raise NotRecognizedError("has K and no volume; expected V, or a variable that the scale S1 is made of")
    return {"K": "ke", found: "v", **{name: meaning for name, meaning in parameters.items() if name != "K"}}


def _with_flows(advan: int, code: Code, values: Mapping[str, Expression]) -> dict[str, str]:
    """Return the parameters of TRANS1 with two compartments: flows and volumes whose quotients K and its kind are.

    Raises
    ------
    NotRecognizedError
        Where they are something else; the engine has clearances and volumes, with random effects on these.
    """
    there, back = _RATES[advan]
    if lacking := [name for name in ("K", there, back) if name not in values]:
        raise NotRecognizedError(f"gives {' and '.join(lacking)} no value; expected K, {there}, {back}")
    first, second, third = (_quotient(name, code, values) for name in ("K", there, back))
    if first is None or second is None or third is None or first[1] != second[1] or second[0] != third[0]:
        raise NotRecognizedError(
            f"has ADVAN{advan} with TRANS1, whose K, {there} and {back} are rate constants of their own; expected quotients of variables, as in "
            f"K = CL/V, {there} = Q/V and {back} = Q/V2, or TRANS4"
        )
    absorption = {"KA": "ka"} if advan in _DEPOTS else {}
    return {first[0]: "cl", first[1]: "v1", second[0]: "q", third[1]: "v2", **absorption}


def _quotient(name: str, code: Code, values: Mapping[str, Expression]) -> tuple[str, str] | None:
    """Return the two variables whose quotient a variable is at the end of the code, or None."""
    for node in walk(*code.statements):
        if not (isinstance(node, Assignment) and node.target.name == name and isinstance(node.value, Binary)):
            continue
        left, right = node.value.left, node.value.right
        if node.value.operator == "/" and isinstance(left, Name) and isinstance(right, Name):
            whole = Binary("/", values.get(left.name, left), values.get(right.name, right))
            if values.get(name) == whole:
                return left.name, right.name
    return None


def _scales(central: int) -> tuple[str, str]:
    return (f"S{central}", "SC")


def _volume_factor(values: Mapping[str, Expression], central: int, volume: str) -> float:
    """Return the scale of the central compartment divided by its volume."""
    scale = next((values[name] for name in _scales(central) if name in values), None)
    if scale is None:
        raise NotRecognizedError(f"gives S{central} no value; expected S{central} = {volume}, or a multiple of it")
    whole, part = product_of(scale), product_of(values[volume])
    if whole.factors != part.factors or not part.constant:
        raise NotRecognizedError(
            f"gives S{central} a value that is no multiple of {volume}; expected S{central} = {volume}"
        )
    return whole.constant / part.constant


_DEFAULTS = {"ALAG": 0.0, "F": 1.0}
# Both name what PREDPP multiplies all rate constants by.
_TIME_SCALES = ("TSCALE", "XSCALE")
_NUMBERED = re.compile(r"(ALAG|F|R|D|A_0|DADT|MTIME)\(?([1-9]\d*)\)?")


def unsupported_variables(advan: int, code: Code, values: Mapping[str, Expression]) -> Iterator[Problem]:
    """Yield each parameter of PREDPP that the engine has not, with the line that gives it a value.

    Those are no problem that are what PREDPP takes without them: a lag time of 0, a bioavailability of 1. Parameters as in
    ``recognize_structure``.
    """
    lines = {node.target.name: node.line for node in walk(*code.statements) if isinstance(node, Assignment)}
    most = _N_COMPARTMENTS[advan] + 1 if advan in _N_COMPARTMENTS else math.inf
    for name, line in lines.items():
        if name == "CALLFL" and values.get(name) != Unary("-", Number(1.0)):
            yield Problem(f"line {line}, $PK", "sets CALLFL, which has $PK called at other times; expected every event")
        if name in _TIME_SCALES and values.get(name) != Number(1.0):
            yield Problem(f"line {line}, $PK", f"has {name}, which the engine has not; expected none, or 1")
        match = _NUMBERED.fullmatch(name)
        if match is None or int(match[2]) > most:
            continue
        place, word = f"line {line}, $PK", match[1]
        value = values.get(name)
        if word in _DEFAULTS:
            if value != Number(_DEFAULTS[word]):
                yield Problem(place, f"has {name}, which the engine has not; expected none, or {_DEFAULTS[word]:g}")
        elif word not in {"R", "D"}:
            yield Problem(place, f"has {name}, which the engine has not")
        elif int(match[2]) == _CENTRAL.get(advan) and _constant(name, values) is None:
            what = "rate" if word == "R" else "duration"
            yield Problem(place, f"has {name} that is no number; expected the {what} of all infusions")


def _constant(name: str, values: Mapping[str, Expression]) -> float | None:
    """Return the number that a variable is, or None without one."""
    if name not in values:
        return None
    product = product_of(values[name])
    return None if product.factors else product.constant

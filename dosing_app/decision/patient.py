"""The reader and writer of a patient case (`asuc-case/1`), the wall at which everything that comes in is checked.

Conventions that the format leaves open:

- An optional key whose value is null counts as not given.
- Times are days from 0 (the first infusion) to 3,650; a first dose after day 0 is possible (and flagged elsewhere).
- Infusions of one list never share a time, and no planned one shares that of the last given one; infusions may overlap.
- Two used samples may share a time only if they name different assays; an excluded sample may share any time, and may
  stand at the very start of the first dose.
- Days of the week are English, "Mon" or "Monday", in upper or lower case.
- The yes-or-no covariates are true or false; 1 and 0 are read as these. No other number stands for a truth value, and no
  truth value or text for a number.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError

from dosing_app.decision.case_checks import cross_check
from dosing_app.decision.case_faults import CaseError, faults_from_pydantic
from dosing_app.decision.case_schema import COVARIATE_NAMES, CovariateValues, PatientCase
from dosing_app.decision.case_text import read_tree

if TYPE_CHECKING:
    from collections.abc import Mapping

CRP_BELOW_LIMIT_MG_PER_L = 1.5
"""What a CRP below its assay's limit is evaluated at, where the limit is not lower still (docs/theory/applicability.md)."""

_CODES = {"male": 1.0, "female": 0.0, "CD": 1.0, "UC": 0.0}


def read_case(source: bytes | str | Mapping[str, object]) -> PatientCase:
    """Read and check one patient case.

    Parameters
    ----------
    source : bytes, str or dict
        The JSON document in UTF-8, as text, or already parsed.

    Returns
    -------
    PatientCase
        The values as given, with the defaults of what was not.

    Raises
    ------
    CaseError
        With every problem found, each naming its field, the value and what was expected: an ``InputError`` that holds the
        problems as messages too.
    """
    tree, faults = read_tree(source)
    faults += cross_check(tree)
    case = None
    try:
        case = PatientCase.model_validate(tree)
    except ValidationError as error:
        faults += faults_from_pydantic(error.errors(include_url=False))
    if faults or case is None:
        raise CaseError(faults)
    return case


def to_json(case: PatientCase, *, indent: int | None = 2) -> str:
    """Write a case so that reading it again gives an equal case.

    Parameters
    ----------
    case : PatientCase
        Any case.
    indent : int or None
        Spaces for each level; None for one line.

    Returns
    -------
    str
        JSON with the keys that were given, in the order of the format; whole numbers without a decimal point.
    """
    given = case.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return json.dumps(_whole_numbers(given), indent=indent, ensure_ascii=False, allow_nan=False)


def canonical_json(case: PatientCase) -> str:
    """Write a case so that cases that mean the same are the same text, however they were written.

    Parameters
    ----------
    case : PatientCase
        Any case.

    Returns
    -------
    str
        JSON in ASCII without spaces: every key of the format with its value or its default, in alphabetical order;
        amounts, times and the like with the fewest digits that tell them apart and at least one decimal (600.0), counts
        without; lists in the order of the case.
    """
    everything = case.model_dump(mode="json", by_alias=True)
    return json.dumps(everything, sort_keys=True, separators=(",", ":"), allow_nan=False)


def numeric_covariates(case: PatientCase) -> dict[str, float | None]:
    """Return the covariates at the start of rescue therapy as the engine codes them.

    Returns
    -------
    dict of str to float or None
        Every case name, None where not known. Male, yes and Crohn's disease are 1; female, no and ulcerative colitis 0.
    """
    values, limit = numeric_values(case.covariates), case.covariates.crp_below_mg_per_L
    if limit is not None:
        values["crp_mg_per_L"] = min(limit, CRP_BELOW_LIMIT_MG_PER_L)
    return values


def numeric_values(covariates: CovariateValues) -> dict[str, float | None]:
    """Return the covariates of one record as ``numeric_covariates`` does."""
    return {name: _coded(getattr(covariates, name)) for name in COVARIATE_NAMES}


def case_json_schema() -> str:
    """Return the JSON Schema of the format as text (``docs/schema/asuc-case-1.schema.json``)."""
    schema = PatientCase.model_json_schema(by_alias=True)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "asuc-case/1"}
    note = (
        "One patient case. An optional key whose value is null counts as not given. "
        "Rules between fields are checked by the reader and not expressed here."
    )
    return json.dumps({**head, "description": note, **_without(schema, "title", "description")}, indent=2) + "\n"


def _coded(value: float | str | None) -> float | None:
    return _CODES[value] if isinstance(value, str) else None if value is None else float(value)


def _whole_numbers(value: object) -> object:
    """Write 600.0 as 600; everything else stays."""
    if isinstance(value, dict):
        return {key: _whole_numbers(item) for key, item in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_whole_numbers(item) for item in cast("list[object]", value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _without(schema: dict[str, object], *keys: str) -> dict[str, object]:
    return {key: value for key, value in schema.items() if key not in keys}

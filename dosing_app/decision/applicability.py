"""Whether a forecast may be believed: what in a case lies outside the study, the model's data or the plausible.

The rules stand in the modules ``applicability_rules_*``, each a pure function of the forecast; docs/theory/applicability.md
lists them with their reasons. A rule changes no figure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dosing_app.decision.applicability_rules_covariates import COVARIATE_RULES
from dosing_app.decision.applicability_rules_doses import DOSE_RULES
from dosing_app.decision.applicability_rules_estimate import ESTIMATE_RULES
from dosing_app.decision.applicability_rules_model import MODEL_RULES
from dosing_app.decision.applicability_rules_plan import PLAN_RULES
from dosing_app.decision.applicability_rules_samples import SAMPLE_RULES
from dosing_app.decision.case_schema import COVARIATE_NAMES, PatientCase
from dosing_app.decision.case_warning import CaseWarning

if TYPE_CHECKING:
    from dosing_app.decision.forecast import Forecast

__all__ = ["CaseWarning", "check_case"]

_RULES = (*ESTIMATE_RULES, *PLAN_RULES, *MODEL_RULES, *COVARIATE_RULES, *DOSE_RULES, *SAMPLE_RULES)
_PLACE = re.compile(r"(\w*)(?:\[(\d+)\])?(?:\.(\w+))?")


def check_case(forecast: Forecast) -> tuple[CaseWarning, ...]:
    """Return everything about a case that its reader has to know.

    Parameters
    ----------
    forecast : Forecast
        The case and what was computed of it.

    Returns
    -------
    tuple of CaseWarning
        Those to check before those to note; within each, those about the whole case first, then in the order of the
        case's fields, rows and covariates.
    """
    return tuple(sorted((warning for rule in _RULES for warning in rule(forecast)), key=_position))


def _position(warning: CaseWarning) -> tuple[bool, int, int, int]:
    """Return where a warning stands in the list."""
    match = _PLACE.fullmatch(warning.place)
    field, row, covariate = match.groups() if match else ("", None, None)
    keys, names = PatientCase.known_keys(), COVARIATE_NAMES
    return (
        warning.level == "note",
        keys.index(field) if field in keys else -1,
        int(row) if row else -1,
        names.index(covariate) if covariate in names else -1,
    )

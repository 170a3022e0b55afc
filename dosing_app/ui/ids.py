"""Every id of the screen, for the layout, the callbacks and the browser tests."""

from __future__ import annotations

# stores, all in the memory of the browser tab
VALID_CASE = "valid-case"
KEPT = "kept"
FAULTS = "faults"
SHOWN = "shown"
SAVE_ASKED = "save-asked"

# header
OPEN = "open-case"
EXAMPLES = "examples"
SAVE = "save-case"
DOWNLOAD = "download"
NOTICE = "notice"
CONNECTION = "connection"

# inputs
TABS = "tabs"
TAB_DOSING = "tab-dosing"
TAB_SAMPLES = "tab-samples"
TAB_COVARIATES = "tab-covariates"
TAB_LIMITS = "tab-limits"
DOSES = "doses"
ADD_DOSE = "add-dose"
REMOVE_DOSE = "remove-dose"
DOSES_NOTE = "doses-note"
SAMPLES = "samples"
ADD_SAMPLE = "add-sample"
REMOVE_SAMPLE = "remove-sample"
SAMPLES_NOTE = "samples-note"
COVARIATES_NOTE = "covariates-note"
MODEL = "model"

# results
CASE_LINE = "case-line"
ANSWER_LINE = "answer-line"
STALE = "stale"
ANSWER_STALE = "answer-stale"
CHECKS = "checks"
CONCENTRATION = "concentration"
RISK = "risk"
RISK_TEXT = "risk-text"
RISK_FIGURE = "risk-figure"
RISK_BASIS = "risk-basis"
SURVIVAL = "survival"
PARAMETERS = "parameters"
FINDER = "finder"
FINDER_BODY = "finder-body"
FOOTER_MODEL = "footer-model"

# regions that the jumps of the narrow screen lead to
REGION_RISK = "region-risk"
REGION_CURVE = "region-curve"
REGION_INPUT = "region-input"
REGION_CHECKS = "region-checks"
REGION_FINDER = "region-finder"


def field(name: str) -> str:
    """Return the id of the input of one field."""
    return f"field-{name}"

"""Every id of the screen, for the layout, the callbacks and the browser tests."""

from __future__ import annotations

# stores, all in the memory of the browser tab
VALID_CASE = "valid-case"
KEPT = "kept"
FAULTS = "faults"
SHOWN = "shown"
SAVE_ASKED = "save-asked"
REPORT_ASKED = "report-asked"
HISTORY = "history"
SHOWN_AS = "shown-as"
PASTED = "pasted"
PINNED = "pinned"
COMPARISON_ASKED = "comparison-asked"
SENSITIVITY_ASKED = "sensitivity-asked"
UNITS = "units"

# the page
PROVIDER = "provider"
PAGE = "page"
ADDRESS = "address"
SCHEME = "scheme"
LANGUAGE = "language"

# header
NAV_COLITIS = "nav-colitis"
NAV_MODELS = "nav-models"
USER = "user"
UNDO = "undo"
REDO = "redo"
NEW = "new-case"
OPEN = "open-case"
EXAMPLES = "examples"
SAVE = "save-case"
REPORT_HTML = "report-html"
REPORT_PDF = "report-pdf"
REPORT_MENU = "report-menu"
DOWNLOAD = "download"
NOTICE = "notice"
CONNECTION = "connection"

# inputs
TABS = "tabs"
TAB_DOSING = "tab-dosing"
TAB_SAMPLES = "tab-samples"
TAB_COVARIATES = "tab-covariates"
TAB_LIMITS = "tab-limits"
PRESET = "preset"
TIMES = "times"
SAMPLE_TIMES = "sample-times"
AMOUNTS = "amounts"
ASSAY = "assay"
DOSES = "doses"
ADD_DOSE = "add-dose"
DOSE_UP = "dose-up"
DOSE_DOWN = "dose-down"
REMOVE_DOSE = "remove-dose"
PASTE_DOSES = "paste-doses"
PASTE_DOSES_TEXT = "paste-doses-text"
PASTE_DOSES_BOX = "paste-doses-box"
PASTE_DOSES_DONE = "paste-doses-done"
DOSES_NOTE = "doses-note"
SAMPLES = "samples"
ADD_SAMPLE = "add-sample"
SAMPLE_UP = "sample-up"
SAMPLE_DOWN = "sample-down"
REMOVE_SAMPLE = "remove-sample"
PASTE_SAMPLES = "paste-samples"
PASTE_SAMPLES_TEXT = "paste-samples-text"
PASTE_SAMPLES_BOX = "paste-samples-box"
PASTE_SAMPLES_DONE = "paste-samples-done"
SAMPLES_NOTE = "samples-note"
COVARIATES_NOTE = "covariates-note"
MODEL = "model"

# results
CASE_LINE = "case-line"
ANSWER_LINE = "answer-line"
STALE = "stale"
ANSWER_STALE = "answer-stale"
ANNOUNCED = "announced"
CHECKS = "checks"
CONCENTRATION = "concentration"
CONCENTRATION_TABLE = "concentration-table"
CONCENTRATION_LABEL = "concentration-label"
COURSES_KEY = "courses-key"
RISK_PLAN = "risk-plan"
RISK_TEXT = "risk-text"
RISK_FIGURE = "risk-figure"
RISK_TABLE = "risk-table"
RISK_LABEL = "risk-label"
RISK_BASIS = "risk-basis"
SURVIVAL = "survival"
SURVIVAL_TABLE = "survival-table"
SURVIVAL_LABEL = "survival-label"
PARAMETERS = "parameters"
FINDER_BODY = "finder-body"
FINDER_TARGET = "finder-target"
FINDER_CONFIDENCE = "finder-confidence"
PRINTED = "printed"
FOOTER_MODEL = "footer-model"

# what takes the place of the results for a while
COMPARE = "compare"
COMPARISON = "comparison"
COMPARISON_BODY = "comparison-body"
COMPARISON_CLOSE = "comparison-close"
OTHER_MODELS = "other-models"
SENSITIVITY = "sensitivity"
SENSITIVITY_BODY = "sensitivity-body"
SENSITIVITY_CLOSE = "sensitivity-close"
MODELS_PAGE = "models-page"
COLITIS_PAGE = "colitis-page"

# regions that the jumps of the narrow screen lead to
REGION_RISK = "region-risk"
REGION_CURVE = "region-curve"
REGION_SURVIVAL = "region-survival"
REGION_PARAMETERS = "region-parameters"
REGION_INPUT = "region-input"
REGION_CHECKS = "region-checks"
REGION_FINDER = "region-finder"

# ways to show a figure, which a button at its title switches
CURVE_LOG = "curve-log"
CURVE_AS_TABLE = "curve-as-table"
RISK_AS_TABLE = "risk-as-table"
SURVIVAL_AS_TABLE = "survival-as-table"

# the page on Crohn's disease: its stores
CROHNS_VALID = "crohns-valid"
CROHNS_KEPT = "crohns-kept"
CROHNS_SHOWN = "crohns-shown"
CROHNS_AGAIN = "crohns-again"
CROHNS_SAVE_ASKED = "crohns-save-asked"
CROHNS_REPORT_ASKED = "crohns-report-asked"

# its header
NAV_CROHNS = "nav-crohns"
COLITIS_ACTIONS = "colitis-actions"
CROHNS_ACTIONS = "crohns-actions"
CROHNS_FOOTER = "crohns-footer"
CROHNS_UNDO = "crohns-undo"
CROHNS_REDO = "crohns-redo"
CROHNS_NEW = "crohns-new"
CROHNS_EXAMPLE = "crohns-example"
CROHNS_OPEN = "crohns-open"
CROHNS_SAVE = "crohns-save-case"
CROHNS_REPORT_MENU = "crohns-report-menu"
CROHNS_REPORT_PDF = "crohns-report-pdf"
CROHNS_REPORT_HTML = "crohns-report-html"
CROHNS_EXPORT_JSON = "crohns-export-json"
CROHNS_EXPORT_CSV = "crohns-export-csv"

# its inputs and results
CROHNS_PAGE = "crohns-page"
CROHNS_CLASSES = "crohns-classes"
CROHNS_UNCERTAINTY = "crohns-uncertainty"
CROHNS_WORTHWHILE = "crohns-worthwhile"
CROHNS_CASE_LINE = "crohns-case-line"
CROHNS_ANSWER_LINE = "crohns-answer-line"
CROHNS_STALE = "crohns-stale"
CROHNS_ANNOUNCED = "crohns-announced"
CROHNS_NOTICE = "crohns-notice"
CROHNS_CONNECTION = "crohns-connection"
CROHNS_CHECKS = "crohns-checks"
CROHNS_WORDS = "crohns-words"
CROHNS_FIGURE = "crohns-figure"
CROHNS_FIGURE_LABEL = "crohns-figure-label"
CROHNS_EFFECTS = "crohns-effects"
CROHNS_DIFFERENCES = "crohns-differences"
CROHNS_WHY = "crohns-why"
CROHNS_VARIANTS = "crohns-variants"
CROHNS_WHAT_IF = "crohns-what-if"
CROHNS_LABELS = "crohns-labels"

# its choice of a person from a database
OMOP_OPEN = "omop-open"
OMOP_REGION = "omop"
OMOP_CLOSE = "omop-close"
OMOP_SEARCH = "omop-search"
OMOP_INDEX_DATE = "omop-index-date"
OMOP_PEOPLE = "omop-people"
OMOP_PERSON = "omop-person"
OMOP_SOURCE = "omop-source"

# its regions
REGION_CROHNS_INPUT = "region-crohns-input"
REGION_CROHNS_CHECKS = "region-crohns-checks"
REGION_CROHNS_ANSWER = "region-crohns-answer"
REGION_CROHNS_BARS = "region-crohns-bars"
REGION_CROHNS_DIFFERENCES = "region-crohns-differences"
REGION_CROHNS_WHY = "region-crohns-why"
REGION_CROHNS_WHAT_IF = "region-crohns-what-if"
REGION_CROHNS_LABELS = "region-crohns-labels"


def field(name: str) -> str:
    """Return the id of the input of one field."""
    return f"field-{name}"


def unit(name: str) -> str:
    """Return the id of the choice of the unit of one field."""
    return f"unit-{name}"


def use_as_plan(index: int | object) -> dict[str, object]:
    """Return the id of the button that makes a regimen of the list the plan."""
    return {"type": "use-as-plan", "index": index}


def pin(index: int | object) -> dict[str, object]:
    """Return the id of the box that puts a regimen of the list side by side with others."""
    return {"type": "pin", "index": index}


def omop_choose(person: int | object) -> dict[str, object]:
    """Return the id of the button that reads one person of a database."""
    return {"type": "omop-choose", "index": person}


def crohns_field(key: str) -> str:
    """Return the id of one input of a patient with Crohn's disease."""
    return f"crohns-field-{key}"

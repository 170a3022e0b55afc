"""Every text of the screen, in English."""

from __future__ import annotations

TITLE = "asuc"
PAGE_TITLE = "Infliximab dose in acute severe ulcerative colitis"
PRODUCT = "Ulcerative colitis: infliximab dose"
RESEARCH_USE = "Research use only."
RESEARCH_USE_MORE = (
    "Not a medical device. Not for choosing the treatment of individual patients. Enter no identifying data."
)
NBSP = "\u202f"  # thin, no break: between a number and its unit

# ------------------------------------------------------------------------------------------------------------- header
OPEN = "Open case"
SAVE = "Save case"
EXAMPLES = "Examples"
EXAMPLE_NAMES = {
    "typical": "Typical course",
    "fast_clearance": "Fast clearance",
    "all_samples_censored": "No level quantified",
    "contradictory_samples": "Contradictory samples",
    "target_out_of_reach": "Target out of reach",
}
SKIP_TO_RISK = "To the risk"
SKIP_TO_INPUT = "To the inputs"
JUMPS = ("Risk", "Curve", "Input", "Checks", "Finder")
NOT_OPENED = "{file} is not a case of this app. The case on screen is unchanged."
OPENED_TOO_LARGE = "The file holds {size:,} bytes; a case holds at most {most:,}."
NOT_SAVED = "Not saved: an entry on the screen is not valid yet. Correct it first, so that nothing typed is lost."
NOTHING_TO_SAVE = "Not saved: there is no case yet."
SAVED = "Case saved as {file}."

# -------------------------------------------------------------------------------------------------------------- input
AREAS = {"doses": "Dosing", "samples": "Samples"}
TABS = {"dosing": "Dosing", "samples": "Samples", "covariates": "Covariates", "limits": "Limits"}
ONE_ERROR = "1 error"
ERRORS = "{n} errors"
COLUMNS = {
    "doses": {"day": "Day", "mg": "Dose mg", "hours": "Infusion h", "status": "Status"},
    "samples": {
        "day": "Day",
        "level": "Level mg/L",
        "lloq": "Lower limit",
        "uloq": "Upper limit",
        "exclude": "Not used because",
    },
}
COLUMN_WORDS = {
    "day": "day",
    "mg": "dose",
    "hours": "infusion",
    "status": "status",
    "level": "level",
    "lloq": "lower limit",
    "uloq": "upper limit",
    "exclude": "reason",
}
ROW = "row {row}"
CELL = "row {row}, {column}"
ADD_DOSE = "Add a dose"
ADD_SAMPLE = "Add a sample"
REMOVE_ROW = "Remove row"
STATUS = {"given": "given", "planned": "planned"}
DOSES_HELP = "Rows may stand in any order. Doses after day 28 do not enter the risk. Select a row to remove it."
SAMPLES_HELP = (
    "Type levels as the laboratory reports them: <0.4 means below the assay's lower limit, >20 above its upper one. "
    "Decimal point or comma. A reason in the last column keeps a sample out."
)
GIVEN_SUM = "Given {given} mg{per_kg}. Planned {planned} mg."
PER_KG = " ({value:.1f} mg/kg)"
COVARIATES_READ = "{title} reads: {names}. What is empty of these is taken at the model's median and named in Checks."
COVARIATES_LATER = "The file also holds values of day {days}; they count with models that read them over time."
ASSAY_OF_ROW = "Row {row} was measured with the assay “{assay}”."
ASSUMED = "{value} assumed"
NOT_KNOWN = "not known"
DEFAULT = "{value} (default)"
CHOICES = {
    "yes": "yes",
    "no": "no",
    "female": "female",
    "male": "male",
    "UC": "ulcerative colitis",
    "CD": "Crohn's disease",
    "posterior": "over the whole posterior",
    "plug_in": "at the best estimate",
    "planned": "the planned infusions",
    "label": "the label's infusions",
    "none": "nothing (no least drug)",
}
FIELD_LABELS = {
    "now_day": "Now",
    "weight_kg": "Weight",
    "crp_mg_per_L": "CRP",
    "albumin_g_per_L": "Albumin",
    "sex": "Sex",
    "age_year": "Age",
    "height_cm": "Height",
    "bmi_kg_per_m2": "Body mass index",
    "fat_free_mass_kg": "Fat-free mass",
    "ada_positive": "Antibodies to infliximab",
    "ada_ng_per_mL": "Antibody concentration",
    "immunomodulator": "Immunomodulator",
    "steroid": "Steroid",
    "extensive": "Extensive colitis",
    "diagnosis": "Diagnosis",
    "mayo": "Endoscopic Mayo score",
    "label": "Label, without identifiers",
    "risk_day90": "Target risk by day 90",
    "confidence": "Confidence",
    "mg_per_kg_max": "Highest dose",
    "dose_step_mg": "Dose step",
    "vial_mg": "Vial",
    "gap_day_min": "Shortest gap",
    "doses_max_28_day": "Infusions within 28 days",
    "first_day": "First day possible",
    "criterion": "Target judged",
    "reference": "At least the drug of",
    "days_allowed": "Days allowed",
    "weekdays_allowed": "Days of the week allowed",
    "start_date": "Date of day 0",
    "heart_failure": "Moderate or severe heart failure",
    "model": "Model",
}
NOW_PLACEHOLDER = "latest entry"
LIMITS_HELP = (
    "Every regimen on this grid that gives at least the planned drug is tried against the whole posterior. "
    "Heart failure caps the search at 5 mg/kg."
)
NO_DOSE = "No infusion given: enter the first one, with day and mg, as given."
LIMITS_DISAGREE = "“{level}” and the limit {limit} of its row disagree. Make them the same, or leave the limit empty."
KEYS_IN_WORDS = {
    "concentration_mg_per_L and censored": "a number and a limit",
    "concentration_mg_per_L": "level",
    "lloq_mg_per_L": "lower limit",
    "uloq_mg_per_L": "upper limit",
    "now_day": "now, day",
    "weight_kg": "a weight of",
    "(name the assays if two measured it, or exclude one with a reason)": "(or a reason not to use one of them)",
    'or "censored": "below"': "or a limit such as <0.4",
    'or "censored": "above"': "or a limit such as >20",
    '"censored": "below"': "a level below the limit",
    '"censored": "above"': "a level above the limit",
    "(leave the key out to use it)": "(leave it empty to use the sample)",
    "; null for every day": "",
    ", or null": "",
    "a list with at least one, each": "each",
    "breaks days:": "breaks the days allowed:",
    " (limits.reference: none)": "",
    "regimen of kind fixed_interval": "regimen with weekly infusions",
    "regimen of kind fixed_dose": "regimen with 5 mg/kg each time",
    "given without start_date": "given without the date of day 0",
}


def in_words(message: str) -> str:
    """Return a message about a case with the screen's names for the keys of the file."""
    for key, words in KEYS_IN_WORDS.items():
        message = message.replace(key, words)
    for key, label in FIELD_LABELS.items():
        if "_" in key:
            message = message.replace(key, label[:1].lower() + label[1:] if label[1:2].islower() else label)
    return message


# ------------------------------------------------------------------------------------------------------------ results
SERVER_AWAY = (
    "Not connected: the server does not answer. What you type stays here; figures are those of the last answer."
)
SERVER_FAILED = (
    "The server could not compute this entry. Figures are those of the last answer; please report the entry."
)
CHECKS = "Checks"
MORE_OF_A_KIND = "… and {n} more of the same kind."
NO_CHECKS = "Nothing to point out."
STALE = "All figures are those of the last valid entry."
STALE_SHORT = "not up to date: see Checks"
EMPTY = {
    "concentration": "Concentration over time, with its 50 and 90 % bands, once a dose is entered.",
    "risk": "Risk of colectomy by day 90 with its interval, once a dose is entered.",
    "survival": "Patients without colectomy up to day 90, once a dose is entered.",
    "parameters": "Clearance, volume and exposure, before samples and for this patient.",
    "finder": "Regimens that bring the risk to the target, once a dose is entered.",
    "case": "No case yet: enter the first infusion, open a case or take an example.",
}
SEARCHING = "Searching regimens for this entry…"
CONCENTRATION_TITLE = "Infliximab concentration"
KEY_PATIENT = "this patient, 50 and 90 % bands"
KEY_PRIOR = "before samples"
NOW = "now day {day}"
COUNTS = "counts for the risk"
PARAMETERS_TITLE = "Parameters"
PARAMETER_COLUMNS = ("before samples", "this patient", "90 % interval")
PARAMETER_ROWS = {
    "cl": ("Clearance", "L/day"),
    "v": ("Volume", "L"),
    "v1": ("Central volume", "L"),
    "q": ("Exchange", "L/day"),
    "v2": ("Peripheral volume", "L"),
    "half_life": ("Half-life", "days"),
    "auc": ("AUC, day 14–28", "mg·d/L"),
    "log_auc_cl": ("ln(AUC/CL)", ""),
}
SURVIVAL_TITLE = "Without colectomy"
SURVIVAL_UNIT = "% of patients"
NO_MASS = "No parameter values explain these samples. Check levels, limits, times and doses."

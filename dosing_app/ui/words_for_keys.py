"""The screen's names for the keys of a case file, in messages that were made for a file."""

from __future__ import annotations

from dosing_app.language import say
from dosing_app.ui.fields import BY_NAME

_WORDS = {
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
    "given without start_date": "given without the date of day 0",
    "breaks days:": "breaks the days allowed:",
    " (limits.reference: none)": "",
    "regimen of kind fixed_interval": "regimen with weekly infusions",
    "regimen of kind fixed_dose": "regimen with 5 mg/kg each time",
}


def in_words(message: str) -> str:
    """Return a message about a case with the screen's names for the keys of the file."""
    for key, words in _WORDS.items():
        message = message.replace(key, words)
    for key in BY_NAME:
        if "_" in key:
            label = say(f"field.{key}")
            message = message.replace(key, label[:1].lower() + label[1:] if label[1:2].islower() else label)
    return message

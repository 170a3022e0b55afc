"""Units: the one place that owns every conversion factor.

Inside the engine a time is in days, an amount in mg, a volume in L, a concentration in mg/L, a weight in kg,
albumin in g/L and C-reactive protein in mg/L. Everything that comes in or goes out in another unit passes here.
"""

from __future__ import annotations

HOURS_PER_DAY = 24.0
MINUTES_PER_HOUR = 60.0
DAYS_PER_WEEK = 7.0
MG_PER_L_PER_MG_PER_DL = 10.0
G_PER_L_PER_G_PER_DL = 10.0
PERCENT = 100.0
CM_PER_M = 100.0
G_PER_KG = 1000.0
MG_PER_G = 1000.0
UG_PER_MG = 1000.0
MM_PER_M = 1000.0
KG_PER_POUND = 0.45359237
OUNCES_PER_POUND = 16.0
CM_PER_INCH = 2.54
INCHES_PER_FOOT = 12.0


def days_from_hours(hours: float) -> float:
    """Return a duration in days from one in hours."""
    return hours / HOURS_PER_DAY


def hours_from_days(days: float) -> float:
    """Return a duration in hours from one in days."""
    return days * HOURS_PER_DAY


def hours_from_clock(hours: float, minutes: float, seconds: float) -> float:
    """Return a clock time in hours from its hours, minutes and seconds."""
    return hours + (minutes + seconds / MINUTES_PER_HOUR) / MINUTES_PER_HOUR


def mg_per_l_from_mg_per_dl(value: float) -> float:
    """Return a concentration in mg/L from one in mg/dL."""
    return value * MG_PER_L_PER_MG_PER_DL


def g_per_l_from_g_per_dl(value: float) -> float:
    """Return a concentration in g/L from one in g/dL."""
    return value * G_PER_L_PER_G_PER_DL


def percent_from_fraction(fraction: float) -> float:
    """Return a percentage from a fraction."""
    return fraction * PERCENT


def fraction_from_percent(percent: float) -> float:
    """Return a fraction from a percentage."""
    return percent / PERCENT


def metres_from_centimetres(centimetres: float) -> float:
    """Return a length in m from one in cm."""
    return centimetres / CM_PER_M


def mg_per_l_from_g_per_l(value: float) -> float:
    """Return a concentration in mg/L from one in g/L."""
    return value * MG_PER_G


def mg_per_l_from_ug_per_l(value: float) -> float:
    """Return a concentration in mg/L from one in µg/L (ng/mL)."""
    return value / UG_PER_MG


def kg_from_g(value: float) -> float:
    """Return a mass in kg from one in g."""
    return value / G_PER_KG


def kg_from_pounds(value: float) -> float:
    """Return a mass in kg from one in pounds (avoirdupois)."""
    return value * KG_PER_POUND


def kg_from_ounces(value: float) -> float:
    """Return a mass in kg from one in ounces (avoirdupois)."""
    return value * KG_PER_POUND / OUNCES_PER_POUND


def metres_from_millimetres(value: float) -> float:
    """Return a length in m from one in mm."""
    return value / MM_PER_M


def metres_from_inches(value: float) -> float:
    """Return a length in m from one in inches."""
    return metres_from_centimetres(value * CM_PER_INCH)


def metres_from_feet(value: float) -> float:
    """Return a length in m from one in feet."""
    return metres_from_inches(value * INCHES_PER_FOOT)

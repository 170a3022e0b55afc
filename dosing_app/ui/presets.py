"""Published regimens, to be inserted as doses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preset:
    """One published regimen.

    Parameters
    ----------
    name : str
        Key of its name in the catalogue, after ``preset.``.
    doses : tuple of (day, mg/kg)
        Its infusions.
    """

    name: str
    doses: tuple[tuple[float, float], ...]


# Label: summary of product characteristics (weeks 0, 2, 6). PREDICT-UC: Choy 2024 (NCT02770040), accelerated 5 mg/kg in
# weeks 0, 1, 3, of which the second may become 10 mg/kg, and intensified 10 mg/kg on days 0 and 7; a fourth infusion of the
# standard arm between days 3 and 7 for non-response. ACT: 10 mg/kg in weeks 0, 2, 6.
PRESETS = (
    Preset("label", ((0.0, 5.0), (14.0, 5.0), (42.0, 5.0))),
    Preset("predict_standard_extra", ((0.0, 5.0), (5.0, 5.0), (14.0, 5.0), (42.0, 5.0))),
    Preset("predict_accelerated", ((0.0, 5.0), (7.0, 5.0), (21.0, 5.0))),
    Preset("predict_accelerated_10", ((0.0, 5.0), (5.0, 10.0), (21.0, 5.0))),
    Preset("predict_intensified", ((0.0, 10.0), (7.0, 10.0))),
    Preset("act_10", ((0.0, 10.0), (14.0, 10.0), (42.0, 10.0))),
)
PRESET_BY_NAME = {preset.name: preset for preset in PRESETS}


@dataclass(frozen=True, slots=True)
class Assay:
    """An assay's limits of quantification as published; a laboratory's own may differ.

    Parameters
    ----------
    name : str
        The assay's name, not translated.
    lloq, uloq : str
        Limits as typed [mg/L]; empty where there is none.
    """

    name: str
    lloq: str
    uloq: str


# LC-MS/MS: Mayo Clinic Laboratories INFXP; ELISA: Ternant 2008; HMSA: Berends 2019; rapid tests report 0.4 to 20.
ASSAYS = (
    Assay("Rapid test 0.4–20", "0.4", "20"),
    Assay("ELISA 0.103–", "0.103", ""),
    Assay("HMSA 0.6–", "0.6", ""),
    Assay("LC-MS/MS 1–", "1", ""),
)
ASSAY_BY_NAME = {assay.name: assay for assay in ASSAYS}

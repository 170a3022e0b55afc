"""Residual error of a model for one assay."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from pkpd.errors import input_error

if TYPE_CHECKING:
    from pkpd.model.spec import ModelSpec


def error_group(model: ModelSpec, name: str | None) -> str | None:
    """Return the assay or centre whose residual error a sample of the named one has; None for the general error."""
    if model.residual.by_centre:
        return name if name in model.residual.by_centre else None
    if name is None or not model.residual.by_assay:
        return None
    return {known.casefold(): known for known in model.residual.by_assay}.get(name.casefold())


def residual_sd_parameters(model: ModelSpec, assay: str | None = None) -> tuple[float, float]:
    """Return the two parameters of sd² = additive² + (proportional · prediction)².

    Parameters
    ----------
    model : ModelSpec
        Model.
    assay : str or None
        Assay that measured the sample, as the model names it (upper and lower case are the same). Without one, and in
        a model that does not tell assays apart, the model's general residual error is used.

    Returns
    -------
    (float, float)
        Additive [mg/L] and proportional (fraction) standard deviation.

    Raises
    ------
    InputError
        If the model tells assays apart and does not know this one.
    """
    if assay is None or not model.residual.by_assay:
        return model.residual.additive_sd, model.residual.proportional_sd
    by_key = {name.casefold(): name for name in model.residual.by_assay}
    name = by_key.get(assay.casefold())
    if name is None:
        close = get_close_matches(assay.casefold(), by_key, n=1)
        hint = f"did you mean '{by_key[close[0]]}'? " if close else ""
        known = ", ".join(model.residual.by_assay)
        message = f"'{assay}' is not an assay of {model.id}; {hint}it knows {known}; leave it out for their average."
        raise input_error("assay", message)
    return model.residual.by_assay[name]

"""What a translated model reads: data items, and columns of 1 and 0 for comparisons of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pkpd.data.cohort_file import KNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nonmem_ref.recognition.parameter import Covariate
    from nonmem_ref.recognition.recognize import RecognizedModel

_OTHER = re.compile(r"[^A-Za-z0-9]+")


def column_of(covariate: Covariate) -> str:
    """Return the column of a cohort that holds a covariate: WT, or APGR_LT_5 where it is 1 for APGR below 5, else 0.

    Categories have one of their own (SEX_CATEGORY), since the same item may be a number elsewhere.
    """
    if covariate.is_category:
        return f"{covariate.item}_CATEGORY".upper()
    if covariate.relation is None:
        # A cohort has columns of its own with some names: limits, occasions, assays.
        own = covariate.item.upper()
        return f"{own}_ITEM" if own in KNOWN else own
    number = f"{covariate.value:g}".replace("-", "m").replace(".", "p").replace("+", "")
    return _OTHER.sub("_", f"{covariate.item}_{covariate.relation.strip('.')}_{number}").upper()


def case_name_of(covariate: Covariate) -> str:
    """Return the name of a covariate in the model."""
    return column_of(covariate).lower()


def covariates_of(model: RecognizedModel) -> Mapping[str, Covariate]:
    """Return the covariates of a model by their columns."""
    return {column_of(covariate): covariate for one in model.parameters.values() for covariate in one.covariates}


def occasion_item(model: RecognizedModel) -> str | None:
    """Return the data item that tells occasions apart, or None without effects of them."""
    terms = (term for one in model.parameters.values() for term in one.terms)
    items = [one.occasion.item for one in terms if one.occasion is not None]
    return items[0] if items else None

"""The tables of other commands in a fit's folder: profiles, resampling, covariate search, and performance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asuc.fit_report.documents import mapping, read_columns, read_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from asuc.fit_report.documents import Columns


@dataclass(frozen=True, slots=True)
class _Kind:
    """A table that a command writes.

    Parameters
    ----------
    document, schema : str
        What the command writes beside it, and what that says of itself.
    file, title : str
        The table, and what stands above it.
    titles : dict of str to str
        Columns that are shown, and their titles; one with ends (``_low``, ``_high``) is shown with them.
    is_of_data : bool
        Whether it must be of the data of the fit.
    is_always : bool
        Whether the command always writes it.
    note : str
        What stands below.
    """

    document: str
    schema: str
    file: str
    title: str
    titles: Mapping[str, str]
    is_of_data: bool = True
    is_always: bool = True
    note: str = ""


_QUANTILES = {"q025": "2.5 %", "q50": "50 %", "q975": "97.5 %"}
_OF_PERFORMANCE = ("performance.json", "asuc-performance/1")
_KINDS = (
    _Kind(
        "profile.json",
        "asuc-profile/1",
        "intervals.csv",
        "Likelihood profiles",
        {
            "parameter": "Parameter",
            "estimate": "Estimate",
            "lower": "Lower end",
            "lower_status": "",
            "upper": "Upper end",
            "upper_status": "",
            "wald_lower": "By SE from",
            "wald_upper": "to",
            "interval_ratio": "Upper/lower part",
        },
    ),
    _Kind(
        "sir.json",
        "asuc-sir/1",
        "sir.csv",
        "Sampling importance resampling",
        {"parameter": "Parameter", "estimate": "Estimate", "mean": "Mean", "se": "SE", **_QUANTILES},
    ),
    _Kind(
        "scm.json",
        "asuc-scm/1",
        "final.csv",
        "Covariate search: final model",
        {
            "parameter": "Parameter",
            "base_estimate": "Base model",
            "estimate": "Final model",
            "effect_parameter": "Effect on",
            "effect_covariate": "of",
            "effect_form": "Form",
            "effect_reference": "Reference",
        },
    ),
    _Kind(
        "scm.json",
        "asuc-scm/1",
        "full.csv",
        "Covariate search: full model",
        {
            "coefficient": "Coefficient",
            "estimate": "Estimate",
            "se": "SE",
            "q025": "2.5 %",
            "q975": "97.5 %",
            "shrunken": "Shrunken",
            "shrunken_se": "± SE",
        },
        is_always=False,
    ),
    _Kind(
        *_OF_PERFORMANCE,
        "errors.csv",
        "Performance: errors of the quantified levels",
        {
            "predictions": "Predictions",
            "at": "At",
            "n_levels": "Levels",
            "bias_mg_per_L": "Bias (mg/L)",
            "rmse_mg_per_L": "RMSE (mg/L)",
            "mpe_pct": "Mean error (%)",
            "rrmse_pct": "Relative RMSE (%)",
            "within_30_pct": "Within 30 % (%)",
        },
        is_of_data=False,
        note="In brackets 95 % intervals over drawn subjects.",
    ),
    _Kind(
        *_OF_PERFORMANCE,
        "coverage.csv",
        "Performance: levels inside prediction intervals",
        {
            "predictions": "Predictions",
            "interval_pct": "Interval (%)",
            "n": "Levels",
            "inside": "Inside",
            "inside_pct": "Inside (%)",
        },
        is_of_data=False,
        note="In brackets exact 95 % intervals.",
    ),
    _Kind(
        *_OF_PERFORMANCE,
        "beyond_limits.csv",
        "Performance: levels beyond limits",
        {
            "predictions": "Predictions",
            "limit": "Limit",
            "n": "Levels",
            "seen": "Seen",
            "expected": "Expected",
            "expected_sd": "± SD",
            "brier": "Brier score",
        },
        is_of_data=False,
        is_always=False,
        note="In brackets 95 % intervals over drawn subjects.",
    ),
)


@dataclass(frozen=True, slots=True)
class BoundTable:
    """A table of the report.

    Parameters
    ----------
    title : str
        What stands above it.
    titles : tuple of str
        Of the columns.
    rows : tuple of tuples of str
        As shown.
    note : str
        What stands below; may be empty.
    """

    title: str
    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str


def read_tables(folder: Path, fit: Mapping[str, Any]) -> tuple[tuple[BoundTable, ...], tuple[str, ...]]:
    """Return the tables of other commands beside a fit and in folders inside, and sentences on those that are not bound in.

    What is of another model is left out, and so is what is of other data, except performance, which is of another cohort by its nature.

    Raises
    ------
    InputError
        Where a document or table cannot be used.
    """
    found: list[BoundTable] = []
    remarks: list[str] = []
    inside = sorted(one for one in folder.iterdir() if one.is_dir())
    for place in (folder, *inside):
        for kind in _KINDS:
            document = _document(place, kind)
            if document is None:
                continue
            name = (place / kind.file).relative_to(folder).as_posix()
            if not (place / kind.file).is_file():
                remarks += [f"{name} is not there: {kind.document} is of an older version."] if kind.is_always else []
            elif other := _of_other(document, fit, kind):
                remarks.append(f"{name} is of {other} and not bound in.")
            else:
                rows = tuple(_rows(read_columns(place / kind.file), kind))
                found.append(BoundTable(f"{kind.title} ({name})", tuple(kind.titles.values()), rows, kind.note))
    return tuple(found), tuple(remarks)


def _document(place: Path, kind: _Kind) -> dict[str, Any] | None:
    """Return the document of the command; None where there is none, or one of another command."""
    file = place / kind.document
    if not file.is_file():
        return None
    found = read_document(file, None, f"a document of {kind.schema}")
    return found if found.get("schema") == kind.schema else None


def _of_other(document: Mapping[str, Any], fit: Mapping[str, Any], kind: _Kind) -> str:
    """Return what a document is of that is not the fit's; empty where it is the fit's."""
    own = mapping(document.get("settings")) or document
    if own.get("model_sha256", fit["model"]["sha256"]) != fit["model"]["sha256"]:
        return "another model"
    if kind.is_of_data and own.get("data_sha256", fit["data"]["sha256"]) != fit["data"]["sha256"]:
        return "other data"
    return ""


def _rows(columns: Columns, kind: _Kind) -> Iterator[tuple[str, ...]]:
    """Yield rows as shown, without those of fixed parameters."""
    for i in range(len(next(iter(columns.values()), list[str]()))):
        if "fixed" not in columns or columns["fixed"][i] != "1":
            yield tuple(_with_ends(columns, name, i) for name in kind.titles)


def _with_ends(columns: Columns, name: str, i: int) -> str:
    value, low, high = (
        _shown(columns[one][i]) if one in columns else "" for one in (name, f"{name}_low", f"{name}_high")
    )
    return f"{value or '–'} ({low} to {high})" if low and high else value


def _shown(cell: str) -> str:
    """Return a cell with its number rounded, and words as they are."""
    try:
        value = float(cell)
    except ValueError:
        return cell.replace("_", " ") if cell in _WORDS else cell
    return f"{value:.4g}".replace("-", "−") if math.isfinite(value) else "–"


_WORDS = frozenset(
    (
        *("a_priori", "a_priori_of_forecast", "below_lloq", "above_uloq"),
        *("at_bound", "not_reached", "fit_failed", "lower_ofv", "power_log_ratio", "linear_log", "hockey_stick"),
    )
)

"""The report of a fit as one page that asks nothing of any other place: every number is one of the folder's files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from jinja2 import Environment, PackageLoader

from asuc.fit_report.bound_tables import read_tables
from asuc.fit_report.documents import mapping, read_bootstrap, read_effects, read_fit, read_levels, read_summaries
from asuc.fit_report.pictures import read_pictures
from dosing_app.language import say, speaking
from pkpd.errors import input_error
from pkpd.wording import counted

if TYPE_CHECKING:
    from asuc.fit_report.documents import Columns

_METHODS = {
    "fo": "first-order (FO)",
    "foce": "first-order conditional estimation (FOCE)",
    "focei": "first-order conditional estimation with interaction (FOCE-I)",
    "laplace": "Laplace's approximation",
    "exact": "exact marginal likelihood, by quadrature",
}
_COVARIANCES = {"r": "R (observed information)", "s": "S (scores)", "rsr": "sandwich R⁻¹SR⁻¹"}
_CENSORED = {
    "likelihood": "by their likelihood (M3)",
    "drop": "left out (M1)",
    "half": "half the lower limit for those below it, the others left out (M5)",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of the report.

    Parameters
    ----------
    titles : tuple of str
        Of the columns.
    rows : tuple of tuples of str
        As shown.
    note : str
        What stands below; may be empty.
    """

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def fit_report(
    folder: Path, *, software: str, bootstrap: Path | None = None, paper: Literal["a4", "letter"] = "a4"
) -> str:
    """Return the report of a fit.

    Parameters
    ----------
    folder : Path
        Folder that `asuc fit` wrote.
    software : str
        Version of this program.
    bootstrap : Path or None
        Folder that `asuc bootstrap` wrote; None for one inside the folder of the fit, if there is any.
    paper : "a4" or "letter"
        What it is printed on.

    Raises
    ------
    InputError
        Where a file is wrong, or files are of different fits.
    """
    fit = read_fit(folder / "fit.json")
    missing: list[str] = []
    levels = _table(folder / "table.csv", missing)
    effects = _table(folder / "etas.csv", missing)
    _check_size(folder / "table.csv", levels, "levels", int(fit["n_observations"]))
    _check_size(folder / "etas.csv", effects, "subjects", int(fit["n_subjects"]))
    summaries = _table(folder / "summaries.csv", missing)
    found = _bootstrap(folder, bootstrap, fit)
    pictures = read_pictures(folder)
    tables, remarks = read_tables(folder, fit)
    with speaking("en"):
        return _template().render(
            title=f"Population fit: {fit['model']['name']}",
            research_use=say("footer.research_use"),
            not_a_device=say("report.not_a_device"),
            paper=paper,
            status=fit["status_text"],
            facts=_facts(fit),
            warnings=[one["text"] for one in (*fit.get("warnings", ()), *(found or {}).get("warnings", ()))],
            estimates=_estimates(fit),
            residuals=_residuals(levels, summaries) if levels and summaries else None,
            effects=Sheet(("Random effect", "Subjects", "Mean", "SD"), _summaries(summaries, "random effect"))
            if summaries
            else None,
            bootstrap=_spreads(found) if found else None,
            tables=tables,
            pictures=pictures,
            missing=[*missing, *pictures.remarks, *remarks, *([] if found else ["No bootstrap is bound in."])],
            software=software,
        )


def _table(file: Path, missing: list[str]) -> Columns | None:
    if not file.is_file():
        missing.append(f"{file.name} is not there, and so what would come from it.")
        return None
    return _READERS[file.name](file)


_READERS = {"table.csv": read_levels, "etas.csv": read_effects, "summaries.csv": read_summaries}


def _check_size(file: Path, columns: Columns | None, what: str, n_expected: int) -> None:
    if columns is not None and len(columns["id"]) != n_expected:
        message = (
            f"{len(columns['id'])} {what}; expected {n_expected}, as in fit.json beside it: they are of different fits"
        )
        raise input_error(str(file), message)


def _bootstrap(folder: Path, given: Path | None, fit: dict[str, Any]) -> dict[str, Any] | None:
    """Return the bootstrap of a fit: the given one, or the only one in the folder or the folders inside."""
    if given is not None:
        file = given / "bootstrap.json"
        if not file.is_file():
            raise input_error(str(given), "holds no bootstrap.json; expected the folder of a bootstrap")
        files = [file]
    else:
        files = sorted([*folder.glob("bootstrap.json"), *folder.glob("*/bootstrap.json")])
    if not files:
        return None
    if len(files) > 1:
        raise input_error(str(folder), f"holds {len(files)} bootstraps; --bootstrap DIR says which one is meant")
    document = read_bootstrap(files[0])
    _check_same(files[0], document, fit)
    return document


def _check_same(file: Path, document: dict[str, Any], fit: dict[str, Any]) -> None:
    """Refuse a bootstrap of another model, other data or another method."""
    own = mapping(document.get("settings"))
    for what, found, expected in (
        ("model", own.get("model_sha256"), fit["model"]["sha256"]),
        ("data", own.get("data_sha256"), fit["data"]["sha256"]),
        ("method", document["method"], fit["method"]),
    ):
        if found is not None and found != expected:
            raise input_error(f"{file}, {what}", f"{found}; expected {expected}, as in the fit")


@lru_cache(maxsize=1)
def _template() -> Any:  # noqa: ANN401 - a template of Jinja
    pages = Environment(loader=PackageLoader("asuc.fit_report"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return pages.get_template("fit.html")


def _facts(fit: dict[str, Any]) -> Sheet:
    n_censored = fit["n_observations"] - fit["n_quantified"]
    covariance = str(fit["covariance"] or "none")
    rows = (
        ("Model", f"{fit['model']['name']}, version {fit['model']['version']}"),
        ("SHA-256 of the model", str(fit["model"]["sha256"])),
        ("SHA-256 of the data", str(fit["data"]["sha256"])),
        ("Method", _METHODS.get(str(fit["method"]), str(fit["method"]))),
        ("Censored levels", _CENSORED.get(fit.get("censored", ""), "not said")),
        ("Subjects", f"{fit['n_subjects']}"),
        ("Levels", f"{fit['n_observations']}, of them {fit['n_quantified']} quantified and {n_censored} censored"),
        ("Estimated parameters", f"{fit['n_parameters']}"),
        ("Objective (without log 2π)", _fixed(fit["ofv"])),
        *_integration(mapping(fit.get("integration"))),
        ("−2 log likelihood", _fixed(fit["ofv_with_log2pi"])),
        ("AIC (of the objective)", _fixed(fit["aic"])),
        ("Largest derivative at the end", _number(fit["gradient_norm"], ".3g")),
        ("Standard errors from", _COVARIANCES.get(covariance, covariance)),
        ("Condition number", _number(fit["condition_number"], ".4g")),
        ("Evaluations", f"{fit['evaluations']} in {fit['seconds']:.2f} s"),
        ("Seed of NPDE", f"{fit.get('seed', '–')}"),
    )
    return Sheet(("", ""), rows)


def _integration(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return how exact a sampled objective is."""
    error = found.get("ofv_se")
    if not isinstance(error, float):
        return []
    return [("Standard error of the objective", f"{error:.2g} (importance sampling, {found.get('points')} points)")]


def _estimates(fit: dict[str, Any]) -> Sheet:
    rows = tuple(
        (
            name,
            _number(entry["estimate"], ".5g"),
            _number(entry["se"], ".4g"),
            _number(entry["rse_pct"], ".1f"),
            _interval(entry),
            _number(entry.get("cv_pct"), ".1f"),
            _number(entry.get("shrinkage_pct"), ".1f"),
            ", ".join(word for word, key in (("fixed", "fixed"), ("at a bound", "at_bound")) if entry[key]),
        )
        for group in ("theta", "omega", "sigma")
        for name, entry in fit[group].items()
    )
    titles = ("Parameter", "Estimate", "SE", "RSE (%)", "95 % CI", "CV (%)", "Shrinkage (%)", "")
    note = (
        "SE: standard error; RSE: relative SE; 95 % CI: estimate ± 1.96 SE, of variances and standard deviations on the scale of the "
        "logarithm, which leaves them positive; CV: √(exp(ω²) − 1). omega2 is a variance, sigma a standard deviation. Shrinkage is that "
        "of the standard deviation of the random effects."
    )
    return Sheet(titles, rows, note)


def _interval(entry: dict[str, Any]) -> str:
    low, high = entry["ci95_low"], entry["ci95_high"]
    return "–" if low is None or high is None else f"{_number(low, '.4g')} to {_number(high, '.4g')}"


def _residuals(levels: Columns, summaries: Columns) -> Sheet:
    kinds = [(word, levels["censored"].count(word)) for word in ("below", "above", "between")]
    n_censored = sum(count for _, count in kinds)
    words = ", ".join(f"{count} {_LIMITS[word]}" for word, count in kinds if count)
    note = f"{n_censored} of {counted(len(levels['id']), 'level')} are censored and have no residual{f' ({words})' if words else ''}."
    expected = "Where the model is true, the means are near 0 and the SD near 1; IWRES shrink as the random effects do."
    if n_censored:
        expected += (
            " Quantified levels are a selection where others are censored, and depart from that under a true model too."
        )
    rows = tuple((name.upper(), *cells) for name, *cells in _summaries(summaries, "residual"))
    return Sheet(("Residual", "Levels", "Mean", "SD"), rows, f"{note} {expected}")


_LIMITS = {"below": "below a limit", "above": "above a limit", "between": "between two limits"}


def _summaries(summaries: Columns, kind: str) -> tuple[tuple[str, ...], ...]:
    """Return name, number, mean and standard deviation of what is of one kind, as shown."""
    columns = (summaries[name] for name in ("kind", "name", "n", "mean", "sd"))
    return tuple(
        (name, n, _cell(mean), _cell(sd)) for own, name, n, mean, sd in zip(*columns, strict=True) if own == kind
    )


def _cell(text: str) -> str:
    return _number(float(text) if text else None, ".3f")


def _spreads(document: dict[str, Any]) -> Sheet:
    keys = (
        ("estimate", ".5g"),
        ("mean", ".5g"),
        ("bias", ".3g"),
        ("se", ".4g"),
        ("q025", ".4g"),
        ("q50", ".4g"),
        ("q975", ".4g"),
    )
    rows = tuple(
        (name, *(_number(entry[key], form) for key, form in keys))
        for name, entry in document["parameters"].items()
        if not entry["fixed"]
    )
    ended = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in document["statuses"].items())
    note = (
        f"{document['n']} fits to subjects drawn with replacement: {ended}; {document['n_used']} are in the intervals."
    )
    return Sheet(("Parameter", "Estimate", "Mean", "Bias", "SE", "2.5 %", "50 %", "97.5 %"), rows, note)


def _fixed(value: float | None) -> str:
    return _number(value, ".4f")


def _number(value: float | None, form: str) -> str:
    """Return a number as shown; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{value:{form}}"
    return (text.lstrip("-") if float(text) == 0.0 else text).replace("-", "−")

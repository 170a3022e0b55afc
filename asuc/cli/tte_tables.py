"""Tables of a fit to event times: files beside its document, and what is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asuc.cli.cohort_source import write_csv
from asuc.cli.layout import Sheet
from asuc.cli.tte_landmark import sets_of
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tte.estimation.fit import EventFit
    from tte.estimation.profile import Profile

_ENDS = ("lower", "upper", "profile_lower", "profile_upper")


def write_fit_tables(
    folder: Path, document: dict[str, Any], found: Sequence[tuple[str, EventFit, tuple[Profile, ...]]]
) -> None:
    """Write parameters, profiles, covariance and the model as a file; what an earlier fit left and this one has not is taken away.

    Parameters
    ----------
    folder : Path
        Folder of the fit.
    document : dict
        ``tte-fit/1``.
    found : sequence of (str, EventFit, tuple of Profile)
        What each set is called, its fit and its profiles; covariance and model are those of the first.
    """
    import numpy as np  # noqa: PLC0415

    from tte.estimation.model_file import model_file  # noqa: PLC0415 - the engine loads after the words are read

    rows = [row for name, _, one in _sets(document) for row in _parameter_rows(name, one)]
    head = ("set", "parameter", "estimate", "se", *_ENDS, "fixed", "at_bound")
    write_csv(folder / "parameters.csv", head, rows)
    _write_or_forget(
        folder / "profile.csv",
        ("set", "parameter", "value", "deviance_change"),
        [
            (name, one.name, *map(float, row))
            for name, _, profiles in found
            for one in profiles
            for row in zip(one.values, one.falls, strict=True)
        ],
    )
    names, matrix = document["covariance"]["names"], document["covariance"]["matrix"]
    covariance = [] if matrix is None else [(name, *row) for name, row in zip(names, matrix, strict=True)]
    _write_or_forget(folder / "covariance.csv", ("parameter", *names), covariance)
    file, fit = folder / "model.toml", found[0][1]
    if not np.isfinite(fit.theta).all():
        file.unlink(missing_ok=True)
        return
    origin = f"{document['status_text']} {counted(document['n_subjects'], 'subject')}, {counted(document['n_events'], 'event')}."
    file.write_text(model_file(fit, origin), encoding="utf-8")


def _write_or_forget(file: Path, head: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    if rows:
        write_csv(file, head, rows)
    else:
        file.unlink(missing_ok=True)


def _sets(document: dict[str, Any]) -> list[tuple[str, str | None, dict[str, Any]]]:
    own = document["landmark"]
    return sets_of(document, "fit", own and own["day"])


def _parameter_rows(name: str, document: dict[str, Any]) -> list[tuple[object, ...]]:
    return [
        (
            name,
            parameter,
            one["estimate"],
            one["se"],
            *(one["interval"] or (None, None)),
            *(one["profile_interval"] or (None, None)),
            int(one["fixed"]),
            int(one["at_bound"]),
        )
        for parameter, one in document["parameters"].items()
    ]


def fit_sheets(document: dict[str, Any]) -> list[Sheet | str]:
    """Return what is printed of a fit: how it ended, its likelihood, and the estimates, those at the landmark beside them."""
    found: list[Sheet | str] = []
    for name, sentence, one in _sets(document):
        found += [sentence] if sentence else []
        found += [one["status_text"], _likelihood(one), _estimates(name, one)]
        found += [warning["text"] for warning in one["warnings"]]
    return found


def _likelihood(document: dict[str, Any]) -> str:
    if document["log_likelihood"] is None:
        return "The log-likelihood is not finite."
    penalty = document["penalty"]
    with_penalty = "" if penalty is None else f" (with the penalty {document['log_likelihood'] + penalty:.4f})"
    return (
        f"{counted(document['n_subjects'], 'subject')}, {counted(document['n_events'], 'event')}; log-likelihood {document['log_likelihood']:.4f}{with_penalty}, "
        f"AIC {document['aic']:.2f}, BIC {document['bic']:.2f} (with the number of subjects)."
    )


def _estimates(name: str, document: dict[str, Any]) -> Sheet:
    percent = f"{100.0 * document['level']:g} %"
    head = ("parameter", "estimate", "SE", f"{percent} by SE", f"{percent} by profile", "ratio per unit", "")
    rows = tuple(
        (
            parameter,
            one["limit"] or _number(one["estimate"]) or _power(one["link_estimate"]),
            _number(one["se"]),
            _pair(one["interval"]),
            _pair(one["profile_interval"]),
            _number(one.get("ratio")),
            ", ".join(word for word, is_so in (("fixed", one["fixed"]), ("at a bound", one["at_bound"])) if is_so),
        )
        for parameter, one in document["parameters"].items()
    )
    return Sheet(f"{document['hazard'].capitalize()}, {name}: {document['equation']}", head, rows, wraps=6)


def _pair(ends: list[float | None] | None) -> str:
    return "" if ends is None else " to ".join("–" if end is None else f"{end:.4g}" for end in ends)


def _power(logarithm: float | None) -> str:
    """Return an estimate that is known by its logarithm alone."""
    return "" if logarithm is None else f"e^{logarithm:.1f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.5g}"

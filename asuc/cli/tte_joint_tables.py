"""Tables of a joint fit: files beside its document, and what is printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asuc.cli.cohort_source import write_csv
from asuc.cli.layout import Sheet
from asuc.cli.tte_landmark import sets_of
from pkpd.wording import counted

if TYPE_CHECKING:
    from pathlib import Path

    from tte.estimation.profile import Profile

SUBJECTS = "subjects.csv"
"""File with a row for each subject."""
_ENDS = ("lower", "upper", "profile_lower", "profile_upper")


def write_joint_tables(folder: Path, document: dict[str, Any], profiles: dict[str, dict[str, Profile]]) -> None:
    """Write the parameters of every fit, and its profiles, which are given by set and fit."""
    rows = [(name, *row) for name, _, own in _sets(document) for row in _parameter_rows(own)]
    write_csv(folder / "parameters.csv", ("set", "fit", "parameter", "estimate", "se", *_ENDS, "fixed"), rows)
    points = [
        (name, key, one.name, *map(float, row))
        for name, own in profiles.items()
        for key, one in own.items()
        for row in zip(one.values, one.falls, strict=True)
    ]
    write_csv(folder / "profile.csv", ("set", "fit", "parameter", "value", "deviance_change"), points)


def _sets(document: dict[str, Any]) -> list[tuple[str, str | None, dict[str, Any]]]:
    own = document["landmark"]
    return sets_of(document, "joint", own and own["day"])


def _parameter_rows(document: dict[str, Any]) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = [
        (key, name, one["estimate"], one["se"], *_ends(one), int(one["fixed"]))
        for key, fit in document["fits"].items()
        if fit
        for name, one in fit["parameters"].items()
    ]
    for name, one in document["pk_parameters"].items():
        for key in ("alone", "joint"):
            if own := one[key]:
                pair = own["interval"] or (None, None)
                fit = "levels_alone" if key == "alone" else "joint"
                found.append((fit, name, own["estimate"], own["se"], *pair, None, None, int(one["fixed"])))
    return found


def _ends(one: dict[str, Any]) -> tuple[float | None, ...]:
    return (*(one["interval"] or (None, None)), *(one["profile_interval"] or (None, None)))


def joint_sheets(document: dict[str, Any]) -> list[Sheet | str]:
    """Return what is printed of a joint fit, those at the landmark beside all."""
    found: list[Sheet | str] = []
    for name, sentence, one in _sets(document):
        found += [sentence] if sentence else []
        found += _set_sheets(name, one)
    if len(_sets(document)) > 1:
        found.append(_effects_beside(document))
    return [*found, "An association, not proof that more drug would have prevented an event; for research."]


def _effects_beside(document: dict[str, Any]) -> Sheet:
    """Return the effect of the exposure by every fit, in all sets side by side."""
    from tte.joint.document import FITS  # noqa: PLC0415

    effect, sets = document["effect"], _sets(document)
    rows = tuple(
        (words, *(_effect_cell(own["fits"][key]["parameters"][effect]) for _, _, own in sets))
        for key, words in FITS.items()
        if document["fits"][key]
    )
    title = f"{effect} with its {100.0 * document['level']:g} % interval by profile"
    return Sheet(title, ("fit", *(name for name, _, _ in sets)), rows, wraps=0)


def _effect_cell(one: dict[str, Any]) -> str:
    value = one["limit"] or _number(one["estimate"], 4)
    return value if one["profile_interval"] is None else f"{value} ({_pair(one['profile_interval'])})"


def _set_sheets(called: str, document: dict[str, Any]) -> list[Sheet | str]:
    from tte.joint.document import FITS, titled  # noqa: PLC0415

    low, high = document["window_day"]
    percent = f"{100.0 * document['level']:g} %"
    fits = [(FITS[key], fit) for key, fit in document["fits"].items() if fit]
    shrinkage = document["exposure"]["shrinkage_pct"]
    open_part = "" if shrinkage is None else f"; the levels leave {shrinkage:.0f} % of its variance open"
    said: list[Sheet | str] = [
        (
            f"{counted(document['n_subjects'], 'subject')}, {counted(document['n_levels'], 'level')} ({document['n_censored_levels']:,} censored), "
            f"{counted(document['n_events'], 'event')} of {document['n_with_event_times']:,} with event times. Exposure: {document['predictor']} of days {low:g} to {high:g}{open_part}."
        ),
    ]
    said += [f"{titled(name)}: {fit['status_text']}" for name, fit in fits if fit["status"] != "converged"]
    if n_planned := len(document["planned_subjects"]):
        said.append(f"The exposures of {counted(n_planned, 'subject')} hold planned doses.")
    said += [
        _effects(called, document, fits, percent),
        _likelihoods(called, fits),
        *_pk(called, document, percent),
        *(warning["text"] for warning in document["warnings"] if "converged" not in warning["code"]),
    ]
    return said


def _effects(called: str, document: dict[str, Any], fits: list[tuple[str, dict[str, Any]]], percent: str) -> Sheet:
    rows = tuple(
        (
            name if first else "",
            parameter,
            one["limit"] or _number(one["estimate"]),
            _number(one["se"]),
            _pair(one["interval"]),
            _pair(one["profile_interval"]),
            "fixed" if one["fixed"] else "",
        )
        for name, fit in fits
        for first, (parameter, one) in zip((True, *[False] * 20), fit["parameters"].items(), strict=False)
    )
    head = ("fit", "parameter", "estimate", "SE", f"{percent} by SE", f"{percent} by profile", "")
    return Sheet(f"{document['hazard'].capitalize()}, {called}: {document['equation']}", head, rows, wraps=6)


def _likelihoods(called: str, fits: list[tuple[str, dict[str, Any]]]) -> Sheet:
    rows = tuple(
        (name, _number(fit["log_likelihood"], 9), _number(fit["event_log_likelihood"], 8), fit["status"])
        for name, fit in fits
    )
    return Sheet(
        f"Log-likelihoods, {called}", ("fit", "levels and events", "events given the levels", "status"), rows, wraps=3
    )


def _pk(called: str, document: dict[str, Any], percent: str) -> list[Sheet]:
    if document["pk_alone"] is None:
        return []
    rows = tuple(
        (
            name,
            _number(one["held"]),
            *((_number(one["alone"]["estimate"]), _number(one["alone"]["se"])) if one["alone"] else ("", "")),
            *(
                (_number(one["joint"]["estimate"]), _number(one["joint"]["se"]), _pair(one["joint"]["interval"]))
                if one["joint"]
                else ("", "", "")
            ),
        )
        for name, one in document["pk_parameters"].items()
        if not one["fixed"]
    )
    head = ("parameter", "held at", "levels alone", "SE", "joint", "SE", percent)
    return [Sheet(f"Pharmacokinetic parameters, {called}", head, rows, wraps=6)]


def _pair(ends: list[float | None] | None) -> str:
    return "" if ends is None else " to ".join("–" if end is None else f"{end:.4g}" for end in ends)


def _number(value: float | None, digits: int = 5) -> str:
    return "" if value is None else f"{value:.{digits}g}"

"""Tables of a recalibration: files beside its document, and what is printed and stands on the model card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asuc.cli.cohort_source import write_csv
from asuc.cli.layout import Sheet
from asuc.cli.remarks import RESEARCH_USE
from pkpd.units import percent_from_fraction
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_VALUE = ("estimate", "se", "low", "high")
_UPDATE_KEYS = ("update", "n_estimated", "status", "log_likelihood", "aic", "log_lambda", "shape", "beta", "x_ref")
_TEST_KEYS = ("smaller", "larger", "degrees_of_freedom", "statistic", "p")
_MEASURED = ("observed_over_expected", "intercept", "slope")
_PARAMETERS = {
    "log_lambda": "ln lambda",
    "shape": "shape",
    "beta": "beta",
    "log_hazard_day90": "ln H(90)",
    "log_shape": "ln shape",
}


def write_recalibration_tables(folder: Path, document: dict[str, Any]) -> None:
    """Write parameters, updates, tests, risks and calibration, all groups of patients in each table."""
    groups = list(_groups(document))
    write_csv(
        folder / "parameters.csv",
        ("set", "parameter", "model", *_VALUE, "held", "source"),
        [row for name, one in groups for row in _parameter_rows(name, one)],
    )
    write_csv(
        folder / "updates.csv",
        ("set", *_UPDATE_KEYS),
        [(name, *(row[key] for key in _UPDATE_KEYS)) for name, one in groups for row in one["updates"]],
    )
    write_csv(
        folder / "tests.csv",
        ("set", "procedure", *_TEST_KEYS),
        [
            (name, kind, *(row[key] for key in _TEST_KEYS))
            for name, one in groups
            for kind in ("tests", "steps")
            for row in one[kind]
        ],
    )
    write_csv(
        folder / "risks.csv",
        ("set", "at", "log_auc_cl", "old", "old_low", "old_high", "new", "new_low", "new_high"),
        [
            (name, row["at"], row["log_auc_cl"], *_risk_cells(row["old"]), *_risk_cells(row["new"]))
            for name, one in groups
            for row in one["risks"]
        ],
    )
    write_csv(
        folder / "calibration.csv",
        ("set", "model", "measure", "value", "low", "high", "corrected"),
        [row for name, one in groups for row in _calibration_rows(name, one["calibration"])],
    )


def recalibration_sheets(document: dict[str, Any]) -> list[Sheet | str]:
    """Return what is printed: old and new values side by side, the tests, calibration, risks and the threshold."""
    percent = f"{100.0 * document['level']:g} %"
    old = document["event_model"]
    groups = list(_groups(document))
    found: list[Sheet | str] = [
        f"{old['id']} {old['version']} recalibrated ({document['method']}) on {_people(document)}. {document['status_text']}"
    ]
    if document["beside"] is not None:
        found.append(document["beside"]["sentence"])
    found += [_estimates(name, one, percent) for name, one in groups]
    found += [_prior(name, one) for name, one in groups if one["prior"] is not None]
    for name, one in groups:
        if one["updates"]:
            found.append(_updates(name, one))
        found.append(f"{name.capitalize()}: {one['recommended']['sentence']}")
    found += [_calibration(name, one["calibration"]) for name, one in groups if one["calibration"]["before"]]
    found += [_risks(name, one, percent) for name, one in groups]
    threshold = document["threshold"]
    found.append(f"Threshold: {threshold['log_auc_cl']:.4g}. {threshold['why']}")
    said = dict.fromkeys(
        warning["text"] if one is document else f"{name.capitalize()}: {warning['text']}"
        for name, one in groups
        for warning in one["warnings"]
    )
    return [*found, *said, RESEARCH_USE]


def _groups(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each group of patients by its name."""
    yield _named(document["from_day"]), document
    if document["beside"] is not None:
        one = document["beside"]["recalibration"]
        yield _named(one["from_day"]), one


def _named(day: float) -> str:
    return "all" if day == 0.0 else f"landmark {day:g}"


def _people(one: dict[str, Any]) -> str:
    n, d = one["n_subjects"], one["n_events"]
    return f"{n:,} {'patient' if n == 1 else 'patients'} with {d:,} {'event' if d == 1 else 'events'}"


def _parameter_rows(name: str, one: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    reference: dict[str, Any] = {**one["log_hazard_day90"], "held": False}
    entries: list[tuple[str, dict[str, Any]]] = [*one["parameters"].items(), ("log_hazard_day90", reference)]
    for parameter, entry in entries:
        for model in ("old", "new"):
            value = entry[model]
            if value is not None:
                ends = value["interval"] or (None, None)
                source = value.get("source", "")
                yield (name, parameter, model, value["estimate"], value["se"], *ends, int(entry["held"]), source)


def _risk_cells(one: dict[str, Any] | None) -> tuple[object, ...]:
    return (None, None, None) if one is None else (one["risk"], *(one["interval"] or (None, None)))


def _calibration_rows(name: str, both: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    for model, when in (("old", "before"), ("new", "after")):
        one = both[when]
        if one is None:
            continue
        optimism: dict[str, Any] | None = both["optimism"] if when == "after" else None
        for measure in _MEASURED:
            corrected = None if optimism is None else optimism.get(measure)
            yield (
                *(name, model, measure, *one[measure].values()),
                None if corrected is None else corrected["corrected"],
            )
        yield name, model, "ici", one["ici"], *(one["ici_interval"] or (None, None)), None
        if optimism is not None and optimism["brier"] is not None:
            yield name, model, "brier", optimism["brier"]["apparent"], None, None, optimism["brier"]["corrected"]


def _estimates(name: str, one: dict[str, Any], percent: str) -> Sheet:
    reference: dict[str, Any] = {**one["log_hazard_day90"], "held": False}
    entries: list[tuple[str, dict[str, Any]]] = [
        *((_PARAMETERS[key], entry) for key, entry in one["parameters"].items()),
        (f"ln H(90) at {reference['log_auc_cl']:.3g}", reference),
    ]
    rows = tuple(
        (
            label,
            *_cells(entry["old"]),
            *_cells(entry["new"]),
            "held" if entry["held"] else "",
        )
        for label, entry in entries
    )
    head = ("parameter", "old", "SE", percent, "new", "SE", percent, "")
    return Sheet(f"Parameters, {name}: {_people(one)}", head, rows)


def _cells(value: dict[str, Any] | None) -> tuple[str, str, str]:
    if value is None:
        return "–", "", ""
    return _number(value["estimate"]), _number(value["se"]), _pair(value["interval"])


def _prior(name: str, one: dict[str, Any]) -> Sheet:
    prior = one["prior"]
    rows = tuple(
        (
            _PARAMETERS[key],
            _normal(entry["prior"]),
            _normal(entry["posterior"]),
            "" if entry["prior_share"] is None else f"{percent_from_fraction(entry['prior_share']):.0f} %",
        )
        for key, entry in prior["parameters"].items()
    )
    learned = "" if prior["learned"] is None else f"; the patients determined {prior['learned']:.2f} of 3 parameters"
    title = f"Prior and posterior, {name} (weight {prior['weight']:g}, ln H(90) at {prior['log_auc_cl']:.3g}){learned}"
    return Sheet(title, ("parameter", "prior mean (SD)", "posterior mean (SD)", "share of the prior"), rows)


def _normal(value: dict[str, Any] | None) -> str:
    return "–" if value is None else f"{value['mean']:.4g} ({value['sd']:.3g})"


def _updates(name: str, one: dict[str, Any]) -> Sheet:
    against = {row["smaller"]: row for row in one["tests"]}
    rows = tuple(
        (
            row["update"],
            f"{row['n_estimated']}",
            "–" if row["log_likelihood"] is None else f"{row['log_likelihood']:.3f}",
            "–" if row["aic"] is None else f"{row['aic']:.2f}",
            _number(row["log_lambda"]),
            _number(row["shape"]),
            _number(row["beta"]),
            _test(against.get(row["update"])),
            "" if row["status"] in ("converged", "evaluated") else row["status"].replace("_", " "),
        )
        for row in one["updates"]
    )
    head = (
        *("update", "estimated", "log-likelihood", "AIC", "ln lambda", "shape", "beta"),
        *("refit against it", ""),
    )
    return Sheet(f"Updates by maximum likelihood, {name}", head, rows)


def _test(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    if row["p"] is None:
        return "–"
    p = "p < 0.001" if row["p"] < 1e-3 else f"p = {row['p']:.3f}"
    return f"χ² {row['statistic']:.2f}, {row['degrees_of_freedom']} df, {p}"


def _mean_distance(one: dict[str, Any] | None) -> str:
    if one is None or one["ici"] is None:
        return "–"
    ends = [f"{percent_from_fraction(end):.1f}" for end in one["ici_interval"] or ()]
    return f"{percent_from_fraction(one['ici']):.1f} %" + (f" ({' to '.join(ends)})" if ends else "")


def _failed_curves(one: dict[str, Any] | None) -> str:
    return "–" if one is None or not one["curve_draws"] else f"{one['curve_draws_failed']} of {one['curve_draws']}"


def _calibration(name: str, both: dict[str, Any]) -> Sheet:
    optimism = both["optimism"]
    labels = {"observed_over_expected": "observed/expected", "intercept": "intercept", "slope": "slope"}
    rows: list[tuple[str, ...]] = [
        (
            label,
            _measured(both["before"][key]),
            "–" if both["after"] is None else _measured(both["after"][key]),
            "" if optimism is None or key not in optimism else _number(optimism[key]["corrected"]),
        )
        for key, label in labels.items()
    ]
    ends = [both[when] for when in ("before", "after")]
    rows.append(("mean distance of the curve (ICI)", *map(_mean_distance, ends), ""))
    rows.append(("drawn curves that failed", *map(_failed_curves, ends), ""))
    if optimism is not None and optimism["brier"] is not None:
        brier = optimism["brier"]
        rows.append(("Brier score", "", _number(brier["apparent"]), _number(brier["corrected"])))
    observed = f"{counted(both['before']['observed'], 'event')}, {both['before']['expected']:.1f} expected before"
    drawn = "" if optimism is None else f"; corrected by {optimism['n_draws']:,} draws of patients"
    return Sheet(f"Calibration, {name}: {observed}{drawn}", ("", "before", "after", "after, corrected"), tuple(rows))


def _risks(name: str, one: dict[str, Any], percent: str) -> Sheet:
    rows = tuple((row["at"], f"{row['log_auc_cl']:.3f}", _risk(row["old"]), _risk(row["new"])) for row in one["risks"])
    return Sheet(f"Risk by day 90 with its {percent} interval [%], {name}", ("at", "ln(AUC/CL)", "old", "new"), rows)


def _risk(one: dict[str, Any] | None) -> str:
    if one is None:
        return "–"
    ends = one["interval"]
    spread = "" if ends is None else f" ({percent_from_fraction(ends[0]):.1f}–{percent_from_fraction(ends[1]):.1f})"
    return f"{percent_from_fraction(one['risk']):.1f}{spread}"


def _measured(one: dict[str, Any]) -> str:
    if one["value"] is None:
        return "–"
    ends = "" if one["low"] is None or one["high"] is None else f" ({one['low']:.2f} to {one['high']:.2f})"
    return f"{round(one['value'], 2) + 0.0:.2f}{ends}"  # never −0.00


def _pair(ends: list[float | None] | None) -> str:
    return "" if ends is None else " to ".join("–" if end is None else f"{end:.4g}" for end in ends)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"

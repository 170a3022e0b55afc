"""Tables of an evaluation of pooled trials, from its document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asuc.validation.report_table import Cell, Quantity, ReportTable
from pkpd.units import percent_from_fraction
from pkpd.wording import decimals_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAN = float("nan")
_PERCENT = percent_from_fraction(1.0)
_POLICIES = {"rule": "the class of which the models expect most", "observed": "what was given"}
_RULES = {"all": "every class before better than every one after", "neighbours": "two neighbours in rank differ"}


def performance_table(document: Mapping[str, Any]) -> ReportTable:
    """Return calibration and discrimination of held-out outcomes."""
    unit, least = document["outcome"]["unit"], document["outcome"]["response"]
    groups = {"active": "all classes", **document["classes"], "placebo": "placebo"}
    entries: list[tuple[str, Mapping[str, Any]]] = []
    for way in ("trials", "folds"):
        held = document["held_out"][way]
        for key, words in groups.items():
            entries.append((f"held-out {way}, {words}", held[key] if key in held else held["by_class"][key]))
    head = (
        "",
        "Participants",
        f"Outcome − prediction ({unit})",
        "Slope",
        "R²",
        f"RMSE ({unit})",
        "Concordance",
        f"C-statistic, ≥ {least:g}",
        "Logistic intercept",
        "Logistic slope",
        "Brier score",
    )
    digits = _outcome_digits(document)
    rows: list[tuple[Cell, ...]] = []
    for words, one in entries:
        if not one["n"]:
            rows.append((words, 0, one["reason"], *("",) * 8))
            continue
        rows.append(
            (
                words,
                one["n"],
                _interval(one["calibration_intercept"], digits),
                _interval(one["calibration_slope"], 2),
                _number(one["r_squared"], 3),
                _number(one["rmse"], digits),
                _number(one["concordance"], 3),
                _interval(one["c_statistic"], 3),
                _interval(one["response_intercept"], 2),
                _interval(one["response_slope"], 2),
                _number(one["brier"], 3),
            )
        )
    return ReportTable(
        "performance",
        "Held-out outcomes, both stages fitted without them, with 95 % intervals of participants.",
        head,
        tuple(rows),
    )


def held_out_table(document: Mapping[str, Any]) -> ReportTable:
    """Return each arm of each held-out trial."""
    titles = {"placebo": "placebo", **document["classes"]}
    unit = document["outcome"]["unit"]
    head = (
        "Trial",
        "Arm",
        "Participants",
        "Other trials of the arm",
        f"Outcome ({unit})",
        f"Predicted ({unit})",
        "Difference",
        "Responses (%)",
        "Predicted (%)",
        "Remark",
    )
    digits = _outcome_digits(document)
    rows = tuple(
        (
            one["trial"],
            titles[one["arm"]],
            one["n"],
            one["n_trials_left"],
            _number(one["observed"], digits),
            _number(one["predicted"], digits),
            _interval(one["residual"], digits),
            _percent(one["responses"]),
            _percent(one["expected_responses"]),
            one["said"],
        )
        for one in document["held_out_trials"]
    )
    return ReportTable("held_out_trials", "Each trial predicted by models of the others.", head, rows)


def label_table(document: Mapping[str, Any]) -> ReportTable:
    """Return the share of each label by the uncertainty."""
    labels = document["labels"]
    names = sorted(
        {name for one in labels.values() for name in one["shares"]},
        key=lambda name: -max(one["shares"].get(name, 0.0) for one in labels.values()),
    )
    rows = tuple(
        (_label(document, name), *(_percent(one["shares"].get(name, 0.0)) for one in labels.values())) for name in names
    )
    return ReportTable(
        "labels", "Labels of all participants (%), by the choice of uncertainty.", ("Label", *labels), rows
    )


def concordance_table(document: Mapping[str, Any]) -> ReportTable:
    """Return how far labelings agree."""
    rows = [(f"{one['a']} and {one['b']}", *_agreement(one)) for one in document["concordance"]]
    for name, one in document["learners"].items():
        if name != "linear":
            rows += [
                (f"{name} and linear, bootstrap errors; {_RULES[rule]}", *_agreement(entry))
                for rule, entry in one["by_rule"].items()
            ]
    return ReportTable(
        "concordance",
        "Agreement of labelings: as the publication counts it, and beyond chance.",
        ("Labelings", *_AGREEMENT),
        tuple(rows),
    )


_AGREEMENT = (
    "No opposite order (%)",
    "Same label (%)",
    "Pairs ordered by both (%)",
    "of these alike (%)",
    "κ, ordered pairs",
    "κ, all pairs",
)


def learner_table(document: Mapping[str, Any]) -> ReportTable:
    """Return the labels of other learners beside those of the linear models with errors from the same bootstrap."""
    classes, digits = document["classes"], _outcome_digits(document)
    head = (
        "Models",
        "Draws",
        "failed",
        *(f"SE, {title}" for title in classes.values()),
        *(f"r, {title}" for title in classes.values()),
        "Same best class (%)",
        *(f"No preference (%), by {rule}" for rule in _RULES),
    )
    rows = tuple(
        (
            name,
            one["n"],
            one["n_failed"],
            *(_number(one["median_error"][key], digits) for key in classes),
            *(_number(one["correlation"][key], 2) for key in classes),
            _percent(one["same_best"]),
            *(_percent(one["by_rule"][rule]["no_preference"]) for rule in _RULES),
        )
        for name, one in document["learners"].items()
    )
    return ReportTable(
        "learners",
        "Other learners in both stages. SE: median over participants, from draws in which both stages are fitted anew; r: with the linear models' effects. "
        "By all: classes part where every one before is better than every one after; by neighbours: where two neighbours in rank differ.",
        head,
        rows,
    )


def ablation_table(document: Mapping[str, Any]) -> ReportTable:
    """Return labels without some covariates."""
    ways = tuple(document["labels"])
    head = (
        "Without",
        *(f"No preference (%), {name}" for name in ways),
        "No opposite order (%), paper",
        "Same label (%), paper",
        "κ, all pairs, paper",
        "Remark",
    )
    rows: list[tuple[Cell, ...]] = [
        ("nothing", *(_percent(one["no_preference"]) for one in document["labels"].values()), "", "", "", "")
    ]
    for one in document["ablations"]:
        found = one["by_uncertainty"]
        words = ", ".join(one["without"])
        if not found:
            rows.append((words, *("",) * (len(ways) + 3), one["reason"]))
            continue
        paper = found["paper"]
        rows.append(
            (
                words,
                *(_percent(found[name]["no_preference"]) for name in ways),
                _percent(paper["published"]),
                _percent(paper["same"]),
                _number(paper["kappa"], 2),
                "",
            )
        )
    return ReportTable("ablation", "Covariates left out of both stages, and everything fitted anew.", head, tuple(rows))


def null_table(document: Mapping[str, Any]) -> ReportTable:
    """Return labels where classes do not differ."""
    found = document["null"]
    rows = tuple(
        (name, _spread(one["labelled"]), _spread(one["ordered"])) for name, one in found["by_uncertainty"].items()
    )
    caption = f"{found['n']:,} exchanges ({found['n_failed']} had models that could not be fitted): mean (5 % to 95 % of exchanges)."
    return ReportTable(
        "false_labels",
        caption,
        ("Uncertainty", "Participants with any order (%)", "Pairs of classes in an order (%)"),
        rows,
    )


def stability_table(document: Mapping[str, Any]) -> ReportTable:
    """Return how often labels come again."""
    found = document["stability"]
    rows: list[tuple[Cell, ...]] = [("all participants", *(_spread(one) for one in found["by_uncertainty"].values()))]
    names = sorted({name for one in found["by_uncertainty"].values() for name in one["by_label"]})
    rows += [
        (_label(document, name), *(_percent(one["by_label"].get(name)) for one in found["by_uncertainty"].values()))
        for name in names
    ]
    rows.append(
        ("the class with the greatest effect", _spread(found["best"]), *("",) * (len(found["by_uncertainty"]) - 1))
    )
    caption = f"Draws with the same label (%): mean (5 % to 95 % of participants) over {found['n']:,} draws; {found['n_failed']} had models that could not be fitted."
    return ReportTable("stability", caption, ("Participants whose label is", *found["by_uncertainty"]), tuple(rows))


def rule_tables(document: Mapping[str, Any]) -> Iterator[ReportTable]:
    """Yield the value of the rule, for the outcome and for responses."""
    found = document["rule"]
    unit = document["outcome"]["unit"]
    policies = _POLICIES | {key: f"{title} for all" for key, title in document["classes"].items()}
    for key, words, scale, digits in (
        ("outcome", f"mean outcome ({unit})", 1.0, _outcome_digits(document)),
        ("response", "responses (%)", _PERCENT, 1),
    ):
        rows = tuple(
            (
                policies[one["policy"]],
                _interval(one["value"], digits, scale),
                _interval(one["rule_exceeds_by"], digits, scale) if one["policy"] != "rule" else "",
                _number(one["expected_by_models"], digits, scale),
                _number(one["participant_se"], digits, scale),
                _number(one["effective_n"], 0),
            )
            for one in found[key]
        )
        head = (
            "Policy",
            f"Value: {words}",
            "Rule exceeds it by",
            "Models expect",
            "SE, participants independent",
            "Effective participants",
        )
        yield ReportTable(
            f"rule_{key}",
            f"Doubly robust values with 95 % intervals by the spread between {found['n_trials']} trials; {found['n']:,} active participants.",
            head,
            rows,
        )


def _agreement(one: Mapping[str, Any]) -> tuple[Cell, ...]:
    return (
        *(_percent(one[key]) for key in ("published", "same", "resolved", "resolved_agreement")),
        _number(one["resolved_kappa"], 2),
        _number(one["kappa"], 2),
    )


def _outcome_digits(document: Mapping[str, Any]) -> int:
    """Return the decimals of outcomes: hundredths of what participants differ from their predictions by, tenths at least."""
    held = document["held_out"]["folds"]["active"]
    return decimals_of(float(held["rmse"] or 0.0) if held["n"] else 0.0, figures=3, least=1)


def _label(document: Mapping[str, Any], name: str) -> str:
    """Return a label with the classes' titles in the place of their ids."""
    return " ".join(document["classes"].get(word, word) for word in name.split(" "))


def _spread(one: Mapping[str, float | None]) -> Cell:
    if one["mean"] is None:
        return "none"
    mean, low, high = (_PERCENT * float(one[key] or 0.0) for key in ("mean", "q05", "q95"))
    return Quantity(mean, low, high, 1)


def _interval(one: Mapping[str, float | None], digits: int, scale: float = 1.0) -> Cell:
    value, low, high = (
        _NAN if one[key] is None else scale * float(one[key] or 0.0) for key in ("value", "low", "high")
    )
    return "not known" if one["value"] is None else Quantity(value, low, high, digits)


def _number(value: float | None, digits: int, scale: float = 1.0) -> Cell:
    return "none" if value is None else Quantity(scale * value, _NAN, _NAN, digits)


def _percent(value: float | None) -> Cell:
    return "" if value is None else Quantity(_PERCENT * value, _NAN, _NAN, 1)

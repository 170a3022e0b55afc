"""The figures of an evaluation of pooled trials."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from crohns_srs.evaluation.resampling import UNCERTAINTIES
from pkpd.figures.look import BLUE, DASHES, GREEN, GREY, INK2, ORANGE, styled
from pkpd.figures.sheet import Drawing, Table, marks, svg
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crohns_srs.data.ipd_file import Participants
    from crohns_srs.evaluation.performance import Bin, Interval, Performance
    from crohns_srs.evaluation.replicate_results import Null, Stability, Study
    from crohns_srs.evaluation.rule_value import RuleValue
    from crohns_srs.evaluation.study import ArmResult, Evaluation
    from pkpd.arrays import FloatArray
    from pkpd.figures.sheet import Axes, Cell, Figure

_PERCENT = percent_from_fraction(1.0)
_COLOURS = (BLUE, ORANGE, GREEN)
_ROW_MM, _FRAME_MM = 5.2, 22.0
_LEAST_SHOWN = 10


def evaluation_figures(study: Study) -> Iterator[Drawing | str]:
    """Yield the figures of an evaluation, and a sentence for each that has nothing to show."""
    given, found = study.shared.participants, study.evaluation
    for key, words, one in (("trials", "held-out trials", found.trials), ("folds", "held-out folds", found.folds)):
        if isinstance(one.active, str):
            yield f"Calibration, {words}: not drawn. {one.active}"
        else:
            yield calibration_figure(one.active, given, name=f"calibration-{key}", words=words)
    yield held_out_figure(found.arms, given)
    yield label_figure(found, given)
    if study.null is None or not study.null.n:
        yield "False labels: not drawn, since no exchange has a result."
    else:
        yield null_figure(study.null, study.shared.exchange.value)
    if study.stability is None:
        yield "Stability of labels: not drawn, since no draw has a result."
    else:
        yield stability_figure(study.stability)
    if isinstance(found.rule, str):
        yield f"Value of the rule: not drawn. {found.rule}"
    else:
        yield rule_figure(found.rule, given)


def calibration_figure(found: Performance, given: Participants, *, name: str, words: str) -> Drawing:
    """Return predictions beside what came true, of the outcome and of responses."""
    unit = given.config.outcome.unit
    threshold = f"{given.config.outcome.response[0]:g}"

    def draw(figure: Figure) -> None:
        left = styled(
            figure.add_axes((0.09, 0.15, 0.38, 0.80)), x=f"Predicted outcome ({unit})", y=f"Mean outcome ({unit})"
        )
        _points(left, found.bins, 1.0)
        right = styled(figure.add_axes((0.58, 0.15, 0.38, 0.80)), x="Predicted responses (%)", y="Responses (%)")
        _points(right, found.response_bins, _PERCENT)

    rows: list[tuple[Cell, ...]] = [("outcome", *_bin_cells(one, 1.0)) for one in found.bins]
    rows += [("responses_pct", *_bin_cells(one, _PERCENT)) for one in found.response_bins]
    title = f"Calibration, {words}"
    caption = (
        f"{title}: participants of active arms in groups of similar predictions by models that were fitted without them, with 95 % intervals. Left the outcome, right the "
        f"share with a response (outcome of {threshold} or more). The dashed lines are where both agree."
    )
    return Drawing(
        name,
        title,
        caption,
        svg(draw, width_mm=165.0, height_mm=84.0, name=name),
        Table(("kind", "n", "predicted", "observed", "low", "high"), tuple(rows)),
    )


def held_out_figure(arms: Sequence[ArmResult], given: Participants) -> Drawing:
    """Return by how much each arm of a held-out trial exceeded its prediction."""
    titles = {"placebo": "placebo", **{one.id: one.title for one in given.config.classes}}
    shown = sorted(
        (one for one in arms if not np.isnan(one.residual.value) and one.n >= _LEAST_SHOWN),
        key=lambda one: (list(titles).index(one.arm), one.trial),
    )
    labels = [f"{one.trial}, {titles[one.arm]} (n {one.n})" for one in shown]
    unit = given.config.outcome.unit
    axis = f"Outcome less prediction ({unit})"

    def draw(figure: Figure) -> None:
        _forest(figure, labels, [one.residual for one in shown], axis)

    rows = tuple((one.trial, one.arm, one.n, one.residual.value, one.residual.low, one.residual.high) for one in shown)
    title = "Held-out trials, arm by arm"
    caption = (
        f"{title}: mean of the outcome less what models of the other trials predicted, with the 95 % interval of its participants. Arms far from the dashed line are what "
        f"trials differ by beyond the covariates. Arms of fewer than {_LEAST_SHOWN} participants are in the table alone."
    )
    height = _FRAME_MM + _ROW_MM * len(shown)
    return Drawing(
        "held-out-trials",
        title,
        caption,
        svg(draw, width_mm=150.0, height_mm=height, name="held-out-trials"),
        Table(("trial", "arm", "n", "difference", "low", "high"), rows),
    )


def label_figure(found: Evaluation, given: Participants) -> Drawing:
    """Return the share of each label by the uncertainty."""
    names = sorted(
        {name for one in found.labels.values() for name in one.shares},
        key=lambda name: -max(one.shares.get(name, 0.0) for one in found.labels.values()),
    )
    shown = names[::-1]

    def draw(figure: Figure) -> None:
        axes = styled(
            figure.add_axes((0.46, _bottom(len(names)), 0.50, 1.0 - _bottom(len(names)) - 0.09)), x="Participants (%)"
        )
        height = 0.8 / len(UNCERTAINTIES)
        for k, (one, colour) in enumerate(zip(UNCERTAINTIES, _COLOURS, strict=True)):
            at = np.arange(len(shown)) + 0.4 - (k + 0.5) * height
            values = [_PERCENT * found.labels[one.value].shares.get(name, 0.0) for name in shown]
            axes.barh(at, values, height=height, color=colour, label=one.value, gid=marks(one.value))
        axes.set_yticks(np.arange(len(shown)), [_titled(name, given) for name in shown])
        axes.set_ylim(-0.5, len(shown) - 0.5)
        axes.set_xlim(0.0, None)
        _legend(figure)

    rows = tuple(
        (name, *(_PERCENT * found.labels[one.value].shares.get(name, 0.0) for one in UNCERTAINTIES)) for name in names
    )
    title = "Labels by the choice of uncertainty"
    caption = f"{title}: share of all participants with each label, from the same fit; only the error of an effect, and the rule that goes with it, differ."
    height = _FRAME_MM + 10.0 + 9.0 * len(names)
    return Drawing(
        "labels",
        title,
        caption,
        svg(draw, width_mm=165.0, height_mm=height, name="labels"),
        Table(("label", *(f"{one.value}_pct" for one in UNCERTAINTIES)), rows),
    )


def null_figure(found: Null, how: str) -> Drawing:
    """Return how many patients get a label that says something although no class differs."""

    def draw(figure: Figure) -> None:
        axes = styled(
            figure.add_axes((0.10, 0.14, 0.86, 0.83)),
            x="Participants with any order of classes (%)",
            y="Share of exchanges (%)",
        )
        for k, (one, colour) in enumerate(zip(UNCERTAINTIES, _COLOURS, strict=True)):
            x = np.sort(_PERCENT * found.labelled[:, k])
            y = _PERCENT * np.arange(1, x.size + 1) / x.size
            axes.step(
                np.append(0.0, np.append(x, _PERCENT)),
                np.append(0.0, np.append(y, _PERCENT)),
                where="post",
                color=colour,
                linewidth=1.4,
                label=f"{one.value} (mean {x.mean():.1f} %)",
                gid=marks(one.value),
            )
        axes.set_xlim(0.0, _PERCENT)
        axes.set_ylim(0.0, 1.03 * _PERCENT)
        axes.legend(loc="lower right", frameon=False, fontsize="medium", handlelength=1.4)

    rows = tuple(
        (i + 1, *map(float, _PERCENT * found.labelled[i]), *map(float, _PERCENT * found.ordered[i]))
        for i in range(found.n)
    )
    head = (
        "exchange",
        *(f"{one.value}_labelled_pct" for one in UNCERTAINTIES),
        *(f"{one.value}_pairs_pct" for one in UNCERTAINTIES),
    )
    title = "False labels where classes do not differ"
    caption = (
        f"{title}: distribution over {found.n:,} exchanges of the share of participants whose label puts any class before another. {how} Further left is better; "
        "each pair of classes is tested at 5 %."
    )
    return Drawing(
        "false-labels",
        title,
        caption,
        svg(draw, width_mm=120.0, height_mm=88.0, name="false-labels"),
        Table(head, rows),
    )


def stability_figure(found: Stability) -> Drawing:
    """Return how often each patient's label comes again."""
    edges = np.linspace(0.0, _PERCENT, 21)
    counts = [np.histogram(_PERCENT * shares, bins=edges)[0] / shares.size * _PERCENT for shares in found.same]

    def draw(figure: Figure) -> None:
        axes = styled(
            figure.add_axes((0.10, 0.16, 0.86, 0.70)), x="Draws with the same label (%)", y="Participants (%)"
        )
        for one, colour, count in zip(UNCERTAINTIES, _COLOURS, counts, strict=True):
            axes.stairs(count, edges, color=colour, linewidth=1.4, label=one.value, gid=marks(one.value))
        axes.set_xlim(0.0, _PERCENT)
        axes.set_ylim(0.0, None)
        _legend(figure)

    rows = tuple(
        (low, high, *(float(count[i]) for count in counts)) for i, (low, high) in enumerate(pairwise(edges.tolist()))
    )
    title = "Stability of labels"
    caption = f"{title}: for each participant the share of {found.n:,} draws of participants, both stages fitted anew, that give the same label as the whole table."
    return Drawing(
        "stability",
        title,
        caption,
        svg(draw, width_mm=120.0, height_mm=88.0, name="stability"),
        Table(("from_pct", "to_pct", *(f"{one.value}_pct" for one in UNCERTAINTIES)), rows),
    )


def rule_figure(found: RuleValue, given: Participants) -> Drawing:
    """Return by how much the rule exceeds other policies."""
    titles = {one.id: f"{one.title} for all" for one in given.config.classes} | {"observed": "what was given"}
    shown = [one for one in found.outcome if one.name in titles]

    def draw(figure: Figure) -> None:
        _forest(
            figure,
            [titles[one.name] for one in shown],
            [one.over_rule for one in shown],
            f"Rule exceeds it by ({given.config.outcome.unit})",
        )

    rows = tuple(
        (
            one.name,
            one.value.value,
            one.value.low,
            one.value.high,
            one.over_rule.value,
            one.over_rule.low,
            one.over_rule.high,
        )
        for one in found.outcome
    )
    title = "Value of the rule"
    caption = (
        f"{title}: by how much the mean outcome would be higher if each active participant got the class of which the models expect most, than under other policies (doubly robust, cross-fitted, "
        "95 % intervals by the spread between trials)."
    )
    height = _FRAME_MM + 2.0 + 1.6 * _ROW_MM * len(shown)
    return Drawing(
        "rule-value",
        title,
        caption,
        svg(draw, width_mm=120.0, height_mm=height, name="rule-value"),
        Table(("policy", "value", "low", "high", "rule_exceeds_by", "difference_low", "difference_high"), rows),
    )


def _points(axes: Axes, bins: Sequence[Bin], scale: float) -> None:
    x = scale * np.array([one.predicted for one in bins])
    y, low, high = (
        scale * np.array([getattr(one.observed, part) for one in bins]) for part in ("value", "low", "high")
    )
    axes.axline(
        (float(x[0]), float(x[0])), slope=1.0, color=INK2, linewidth=0.9, linestyle=DASHES, gid=marks("identity")
    )
    axes.vlines(x, low, high, color=ORANGE, linewidth=1.0, gid=marks("interval"), zorder=3)
    axes.plot(x, y, "o", color=ORANGE, markersize=4.5, gid=marks("groups"), zorder=4)
    ends = _finite([*x, *y, *low, *high])
    margin = 0.05 * float(ends.max() - ends.min()) or 1.0
    # One scale for both, so that the dashed line is the diagonal.
    for limits in (axes.set_xlim, axes.set_ylim):
        limits(float(ends.min()) - margin, float(ends.max()) + margin)


def _forest(figure: Figure, labels: Sequence[str], values: Sequence[Interval], axis: str) -> None:
    bottom = _bottom(len(labels))
    axes = styled(figure.add_axes((0.42, bottom, 0.54, 0.97 - bottom)), x=axis)
    at = np.arange(len(labels))[::-1]
    axes.axvline(0.0, color=INK2, linewidth=0.9, linestyle=DASHES, gid=marks("zero"))
    axes.hlines(
        at, [one.low for one in values], [one.high for one in values], color=GREY, linewidth=1.2, gid=marks("interval")
    )
    axes.plot([one.value for one in values], at, "o", color=BLUE, markersize=4.5, gid=marks("estimate"))
    axes.set_yticks(at, labels)
    axes.set_ylim(-0.6, len(labels) - 0.4)


def _legend(figure: Figure) -> None:
    figure.legend(loc="upper center", ncols=len(UNCERTAINTIES), frameon=False, fontsize="medium", handlelength=1.4)


def _titled(label: str, given: Participants) -> str:
    """Return a label with the classes' titles in the place of their ids."""
    titles = {one.id: one.title for one in given.config.classes}
    return " ".join(titles.get(word, word) for word in label.split(" "))


def _bottom(n_rows: int) -> float:
    """Return the share of a figure below its axes, whatever its number of rows."""
    return 14.0 / (_FRAME_MM + _ROW_MM * n_rows)


def _bin_cells(one: Bin, scale: float) -> tuple[int | float, ...]:
    return one.n, scale * one.predicted, scale * one.observed.value, scale * one.observed.low, scale * one.observed.high


def _finite(values: Sequence[float]) -> FloatArray:
    found = np.array(values, dtype=np.float64)
    return found[np.isfinite(found)]

"""A run of NONMEM beside ours in figures: predictions and residuals, differences of each subject, ratios of the estimates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from nonmem_ref.comparison.at_estimates import CWRES, ETA, OBJ, PREDICTION
from nonmem_ref.comparison.refit import SE_RELATIVE, estimate_tolerance
from pkpd.figures.look import BAND, BLUE, DASHES, GREEN, INK2, ORANGE, range_of, styled, with_log_axis
from pkpd.figures.sheet import Drawing, Table, marks, svg, with_titles
from pkpd.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nonmem_ref.comparison.at_estimates import RecordNumbers, SubjectNumbers
    from nonmem_ref.comparison.compare import Comparison
    from nonmem_ref.comparison.refit import ElementNumbers
    from pkpd.arrays import BoolArray, FloatArray
    from pkpd.figures.sheet import Axes, Figure

_SQUARE_MM, _WIDTH_MM, _HEIGHT_MM, _ROW_MM = 88.0, 104.0, 66.0, 6.5
# More dots than these are not told apart; those that differ too much are drawn in any case.
_MOST_DOTS = 3000
# Differences below these stand at the lower border: the digits that a computer has.
_LEAST_DIFFERENCE = 1e-9
_LOOKS = (("o", BLUE), ("^", GREEN), ("D", INK2), ("v", BLUE), ("P", GREEN), ("X", INK2))
_OFF = ("s", ORANGE)
_NAMES = {
    "PRED": ("Population prediction (PRED)", "PRED"),
    "IPRED": ("Individual prediction (IPRED)", "IPRED"),
    "CWRES": ("Conditional weighted residual (CWRES)", "CWRES"),
    "CWRESI": ("Conditional weighted residual (CWRESI)", "CWRESI"),
}


@dataclass(frozen=True, slots=True)
class _Dots:
    """Dots of one kind with what is said where a pointer rests on each."""

    name: str
    x: FloatArray
    y: FloatArray
    titles: tuple[str, ...]
    is_off: BoolArray
    marker: str = "o"
    colour: str = BLUE
    label: str = ""

    def parts(self) -> tuple[tuple[str, BoolArray, str, str], ...]:
        """Return name, choice, marker and colour of those that are close and of those that are not."""
        return (
            (f"{self.name}-close", ~self.is_off, self.marker, self.colour),
            (f"{self.name}-off", self.is_off, *_OFF),
        )


def comparison_figures(one: Comparison) -> tuple[tuple[Drawing, ...], tuple[str, ...]]:
    """Return the figures of a run, and a sentence for each group that has nothing to show.

    Parameters
    ----------
    one : Comparison
        The run.
    """
    drawings: list[Drawing] = []
    left_out: list[str] = []
    if not one.records:
        left_out.append("Predictions and residuals: not drawn, since there is no table of them to compare.")
    drawings += [_against(one.name, name, records) for records in one.records for name in records.columns]
    if one.subjects is None:
        left_out.append("Differences of each subject: not drawn, since there is no .phi file to compare.")
    else:
        drawings.append(_objectives(one.name, one.subjects))
        if one.subjects.etas:
            drawings.append(_etas(one.name, one.subjects))
    if one.elements:
        drawings.append(_ratios(one.name, one.elements))
    else:
        left_out.append("Ratios of the estimates: not drawn, since no two optima are compared.")
    return tuple(drawings), tuple(left_out)


def _against(run: str, column: str, records: RecordNumbers) -> Drawing:
    """Return ours over NONMEM's with the line of identity."""
    theirs, ours = records.columns[column]
    is_prediction = column in ("PRED", "IPRED")
    size = np.maximum(np.abs(theirs), 1.0 if records.is_log else 1e-30) if is_prediction else 1.0
    tolerance = PREDICTION if is_prediction else CWRES
    known = np.isfinite(theirs) & np.isfinite(ours)
    with np.errstate(invalid="ignore"):
        is_off = known & ~(np.abs((ours - theirs) / size) <= tolerance)
    words, short = _NAMES[column]
    title = f"{run}: {words[0].lower()}{words[1:]}"
    is_log_axis = (
        is_prediction and not records.is_log and bool((theirs[known] > 0.0).all() and (ours[known] > 0.0).all())
    )
    chosen = _chosen(known, is_off)
    said = tuple(
        f"subject {records.ids[i]}, time {records.time[i]:g}: NONMEM {theirs[i]:.5g}, ours {ours[i]:.5g}"
        for i in np.flatnonzero(chosen)
    )
    dots = _Dots("records", theirs[chosen], ours[chosen], said, is_off[chosen])

    def draw(figure: Figure) -> None:
        axes = styled(figure.add_axes((0.16, 0.13, 0.81, 0.84)), x=f"{short}, NONMEM", y=f"{short}, ours")
        ends = range_of(dots.x, dots.y)
        if is_log_axis and ends is not None:
            with_log_axis(axes, "x", *ends)
            with_log_axis(axes, "y", *ends)
            axes.axline((1.0, 1.0), (10.0, 10.0), color=INK2, linewidth=0.9, gid=marks("identity"), zorder=2)
        else:
            axes.axline((0.0, 0.0), (1.0, 1.0), color=INK2, linewidth=0.9, gid=marks("identity"), zorder=2)
        _put(axes, dots)

    unit = "logarithms of the level" if records.is_log else "the run's own unit"
    scale = unit if is_prediction else "standard deviations"
    caption = [
        f"Each dot is one of {int(known.sum()):,} observations, at NONMEM's final estimates ({scale}). The line is identity;",
        _off_words(int(is_off.sum()), _tolerance_words(tolerance, is_relative=is_prediction)),
        "" if int(chosen.sum()) == int(known.sum()) else f"Of them {int(chosen.sum()):,} are drawn, evenly chosen.",
    ]
    name = _name(run, column.lower())
    rows = zip(records.ids, records.lines.tolist(), records.time.tolist(), theirs.tolist(), ours.tolist(), strict=True)
    return _drawing(
        name,
        title,
        caption,
        draw,
        (dots,),
        (_SQUARE_MM, _SQUARE_MM),
        ("id", "line", "time", "nonmem", "ours"),
        tuple(rows),
    )


def _objectives(run: str, subjects: SubjectNumbers) -> Drawing:
    difference = subjects.ofv_i - subjects.nonmem_ofv_i
    said = tuple(
        f"subject {name}: NONMEM {theirs:.5f}, ours {ours:.5f}"
        for name, theirs, ours in zip(
            subjects.ids, subjects.nonmem_ofv_i.tolist(), subjects.ofv_i.tolist(), strict=True
        )
    )
    rows = zip(subjects.ids, subjects.nonmem_ofv_i.tolist(), subjects.ofv_i.tolist(), difference.tolist(), strict=True)
    dots = _differences("objective", difference, said, OBJ)
    return _by_subject(
        _name(run, "objective-by-subject"),
        f"{run}: difference of each subject's objective",
        "Size of ours − NONMEM's (OBJ)",
        (dots,),
        OBJ,
        len(subjects.ids),
        ("id", "nonmem", "ours", "difference"),
        tuple(rows),
    )


def _etas(run: str, subjects: SubjectNumbers) -> Drawing:
    difference = subjects.eta - subjects.nonmem_eta
    groups: list[_Dots] = []
    for k, eta in enumerate(subjects.etas):
        said = tuple(
            f"subject {name}, {eta}: NONMEM {theirs:.5f}, ours {ours:.5f}"
            for name, theirs, ours in zip(
                subjects.ids, subjects.nonmem_eta[:, k].tolist(), subjects.eta[:, k].tolist(), strict=True
            )
        )
        marker, colour = _LOOKS[k % len(_LOOKS)]
        groups.append(_differences(f"eta-{k + 1}", difference[:, k], said, ETA, marker, colour, eta))
    rows = tuple(
        (name, eta, float(subjects.nonmem_eta[i, k]), float(subjects.eta[i, k]), float(difference[i, k]))
        for i, name in enumerate(subjects.ids)
        for k, eta in enumerate(subjects.etas)
    )
    return _by_subject(
        _name(run, "eta-by-subject"),
        f"{run}: difference of each subject's random effects",
        "Size of ours − NONMEM's (η)",
        groups,
        ETA,
        len(subjects.ids),
        ("id", "eta", "nonmem", "ours", "difference"),
        rows,
    )


def _differences(
    name: str,
    difference: FloatArray,
    said: tuple[str, ...],
    tolerance: float,
    marker: str = "o",
    colour: str = BLUE,
    label: str = "",
) -> _Dots:
    """Return the sizes of differences in the order of the subjects."""
    known = np.isfinite(difference)
    is_off = known & ~(np.abs(difference) <= tolerance)
    chosen = _chosen(known, is_off)
    x = np.arange(1.0, difference.size + 1.0)
    sizes = np.maximum(np.abs(difference), _LEAST_DIFFERENCE)
    titles = tuple(said[i] for i in np.flatnonzero(chosen))
    return _Dots(name, x[chosen], sizes[chosen], titles, is_off[chosen], marker, colour, label)


def _by_subject(
    name: str,
    title: str,
    label: str,
    groups: Sequence[_Dots],
    tolerance: float,
    n: int,
    head: tuple[str, ...],
    rows: tuple[tuple[Any, ...], ...],
) -> Drawing:
    """Return sizes of differences over the number of the subject on a logarithmic axis, with the tolerance."""

    def draw(figure: Figure) -> None:
        axes = styled(figure.add_axes((0.19, 0.16, 0.78, 0.76)), x="Subject, in the order of the data", y=label)
        low, high = range_of(*(one.y for one in groups)) or (tolerance, tolerance)
        with_log_axis(axes, "y", min(low, 0.1 * tolerance), max(high, tolerance))
        axes.axhline(tolerance, color=INK2, linewidth=0.9, linestyle=DASHES, gid=marks("tolerance"), zorder=2)
        for one in groups:
            _put(axes, one)
        if len(groups) > 1:
            axes.legend(
                loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=6, frameon=False, handletextpad=0.2, borderpad=0
            )

    n_off = int(sum(one.is_off.sum() for one in groups))
    caption = [
        f"{counted(n, 'subject')} at NONMEM's final estimates, on a logarithmic axis. The dashed line is the tolerance, {tolerance:g};",
        _off_words(n_off, "it"),
        f"Sizes below {_LEAST_DIFFERENCE:g} stand at it."
        if any((one.y <= _LEAST_DIFFERENCE).any() for one in groups)
        else "",
    ]
    return _drawing(name, title, caption, draw, groups, (_WIDTH_MM, _HEIGHT_MM), head, rows)


def _ratios(run: str, elements: Sequence[ElementNumbers]) -> Drawing:
    """Return estimates and standard errors as ratios, each with the tolerance around one."""
    rows = [
        (one.element, one.name, kind, theirs, ours, ours / theirs, tolerance)
        for one in elements
        for kind, theirs, ours, tolerance in (
            ("estimate", one.nonmem, one.ours, estimate_tolerance(one.element)),
            ("SE", one.nonmem_se, one.se, SE_RELATIVE),
        )
        if np.isfinite(theirs) and np.isfinite(ours) and theirs != 0.0
    ]
    ratio, tolerance = np.array([row[5] for row in rows]), np.array([row[6] for row in rows])
    place = np.arange(len(rows), 0.0, -1.0)
    is_off = ~(np.abs(ratio - 1.0) <= tolerance)
    said = [f"{row[0]} ({row[1]}), {row[2]}: NONMEM {row[3]:.6g}, ours {row[4]:.6g}" for row in rows]
    groups: list[_Dots] = []
    for kind, (marker, colour) in (("estimate", _LOOKS[0]), ("SE", _LOOKS[1])):
        chosen = np.array([row[2] == kind for row in rows], dtype=bool)
        if chosen.any():
            titles = tuple(said[i] for i in np.flatnonzero(chosen))
            label = "estimate" if kind == "estimate" else "standard error"
            groups.append(
                _Dots(
                    label.replace(" ", "-"), ratio[chosen], place[chosen], titles, is_off[chosen], marker, colour, label
                )
            )
    height = 20.0 + _ROW_MM * len(rows)

    def draw(figure: Figure) -> None:
        bottom, top = 12.0 / height, 1.0 - 7.0 / height
        axes = styled(figure.add_axes((0.36, bottom, 0.6, top - bottom)), x="Ours ÷ NONMEM's")
        axes.barh(
            place,
            2.0 * tolerance,
            left=1.0 - tolerance,
            height=0.7,
            color=BAND,
            linewidth=0.0,
            gid=marks("tolerance"),
            zorder=1,
        )
        axes.axvline(1.0, color=INK2, linewidth=0.9, zorder=2)
        for one in groups:
            _put(axes, one)
        reach = 1.15 * max(float(tolerance.max()), float(np.abs(ratio - 1.0).max()))
        axes.set_xlim(1.0 - reach, 1.0 + reach)
        axes.xaxis.get_major_formatter().set_useOffset(False)
        axes.locator_params(axis="x", nbins=5)
        axes.set_ylim(0.4, len(rows) + 0.6)
        axes.set_yticks(place, [f"{row[1]}{'' if row[2] == 'estimate' else ', SE'}" for row in rows])
        axes.grid(visible=False, axis="y")
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, frameon=False, handletextpad=0.2, borderpad=0)

    caption = [
        "Estimates of our free fit, and standard errors of the matrix that $COVARIANCE asks for, as ratios to NONMEM's. Grey: what passes;",
        _off_words(int(is_off.sum()), "it"),
        "Names are the engine's; a pointer on a mark shows NONMEM's.",
    ]
    head = ("element", "name", "quantity", "nonmem", "ours", "ratio", "tolerance")
    name = _name(run, "ratios")
    return _drawing(
        name,
        f"{run}: estimates and standard errors as ratios",
        caption,
        draw,
        groups,
        (_WIDTH_MM, height),
        head,
        tuple(rows),
    )


def _put(axes: Axes, dots: _Dots) -> None:
    """Draw dots, those that differ too much in another shape and colour."""
    for name, chosen, marker, colour in dots.parts():
        if chosen.any():
            is_off = name.endswith("-off")
            look: dict[str, Any] = {"color": colour, "markeredgewidth": 0.0, "alpha": 0.9 if is_off else 0.6}
            axes.plot(
                dots.x[chosen],
                dots.y[chosen],
                marker,
                gid=marks(name),
                markersize=4.6 if is_off else 3.4,
                clip_on=False,
                zorder=4 if is_off else 3,
                label="_" if is_off or not dots.label else dots.label,
                **look,
            )


def _drawing(
    name: str,
    title: str,
    caption: Sequence[str],
    draw: Any,  # noqa: ANN401 - draws on a figure of Matplotlib
    groups: Sequence[_Dots],
    size: tuple[float, float],
    head: tuple[str, ...],
    rows: tuple[tuple[Any, ...], ...],
) -> Drawing:
    picture = svg(partial(draw), width_mm=size[0], height_mm=size[1], name=name)
    for one in groups:
        for part, chosen, _, _ in one.parts():
            if chosen.any():
                picture = with_titles(picture, part, [one.titles[i] for i in np.flatnonzero(chosen)])
    return Drawing(name, title, " ".join(text for text in caption if text), picture, Table(head, rows))


def _chosen(known: BoolArray, is_off: BoolArray) -> BoolArray:
    """Return which dots are drawn: all, or of very many evenly chosen ones and those that differ too much."""
    places = np.flatnonzero(known)
    if places.size <= _MOST_DOTS:
        return known
    chosen = is_off.copy()
    chosen[places[np.linspace(0, places.size - 1, _MOST_DOTS).round().astype(np.int64)]] = True
    return chosen


def _off_words(n: int, limit: str) -> str:
    if not n:
        return f"none differs by more than {limit}."
    return f"the {'orange square differs' if n == 1 else f'{n:,} orange squares differ'} by more than {limit}."


def _tolerance_words(tolerance: float, *, is_relative: bool) -> str:
    return f"{100.0 * tolerance:g} %" if is_relative else f"{tolerance:g}"


def _name(run: str, what: str) -> str:
    """Return the name of a figure's files, which has letters and hyphens only whatever the run is called."""
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', run).strip('-') or 'run'}-{what}"

"""The figures of a study of power."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crohns_srs.power.exact import exact_power, mean_chances
from pkpd.figures.look import BLUE, DASHES, GREEN, INK2, ORANGE, styled
from pkpd.figures.sheet import Drawing, Table, marks, svg
from pkpd.units import percent_from_fraction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crohns_srs.power.study import PowerStudy
    from pkpd.figures.sheet import Figure

_PERCENT = percent_from_fraction(1.0)
_COLOURS = (BLUE, ORANGE, GREEN, INK2)
_MARKERS = ("o", "^", "s", "D")
_POINTS, _FAR = 40, 10


def power_figures(study: PowerStudy) -> Iterator[Drawing]:
    """Yield power by the size of the arms, and by the share of patients who are eligible."""
    yield size_figure(study)
    yield enrichment_figure(study)


def size_figure(study: PowerStudy) -> Drawing:
    """Return power by the size of the arms."""
    asked = study.asked
    chances = [mean_chances(one) for one in study.arms]
    least = study.least_size or 0
    # The curve goes on to the power asked for, unless that is far away.
    top = max(2 * asked.sizes[-1], least if least < _FAR * asked.sizes[-1] else 0)
    n = sorted({round(10.0 + (top - 10.0) * k / _POINTS) for k in range(_POINTS + 1)})
    curve = [_PERCENT * exact_power(chances[0], chances[1], k, corrected=False, alpha=asked.alpha) for k in n]
    sizes = [one.n for one in study.sizes]
    points: dict[str, tuple[str, list[float], dict[str, Any]]] = {
        "simulated": (
            "power, simulated",
            [one.simulated for one in study.sizes],
            {"marker": "o", "color": BLUE, "markersize": 5.0},
        ),
        "assurance": (
            "assurance",
            [one.assurance for one in study.sizes],
            {"marker": "^", "color": GREEN, "markersize": 5.5},
        ),
        "coded": (
            "published procedure (no power)",
            [one.coded for one in study.sizes],
            {"marker": "x", "color": ORANGE, "markersize": 6.0},
        ),
    }

    def draw(figure: Figure) -> None:
        axes = styled(figure.add_axes((0.11, 0.14, 0.85, 0.82)), x="Participants in each arm", y="Trials (%)")
        axes.axhline(_PERCENT * asked.target, color=INK2, linewidth=0.9, linestyle=DASHES, gid=marks("target"))
        axes.plot(n, curve, color=BLUE, linewidth=1.4, label="power, exact", gid=marks("exact"))
        for gid, (label, values, look) in points.items():
            axes.plot(sizes, [_PERCENT * value for value in values], label=label, gid=marks(gid), linestyle="", **look)
        axes.set_ylim(0.0, 1.04 * _PERCENT)
        axes.set_xlim(0.0, None)
        axes.legend(loc="lower right", frameon=False, fontsize="medium")

    title = "Power by the size of the arms"
    caption = (
        f"{title}: chance that a chi-square test (two-sided, {_PERCENT * asked.alpha:g} %) finds {study.arms[0].title} better than {study.arms[1].title}. The dashed line is the power asked for. "
        "Assurance draws the models' coefficients from their distribution; the crosses are what the publication's procedure would call power."
    )
    rows = tuple((k, value) for k, value in zip(n, curve, strict=True))
    return Drawing(
        "power-by-size",
        title,
        caption,
        svg(draw, width_mm=120.0, height_mm=88.0, name="power-by-size"),
        Table(("n_per_arm", "exact_power_pct"), rows),
    )


def enrichment_figure(study: PowerStudy) -> Drawing:
    """Return power by the share of patients who are eligible."""
    sizes = study.asked.sizes[: len(_COLOURS)]
    x = [_PERCENT * one.share for one in study.selections]

    def draw(figure: Figure) -> None:
        axes = styled(figure.add_axes((0.11, 0.14, 0.85, 0.72)), x="Patients who are eligible (%)", y="Trials (%)")
        for k, n in enumerate(sizes):
            power = [_PERCENT * one.power[k] for one in study.selections]
            assurance = [_PERCENT * one.assurance[k] for one in study.selections]
            look = {"color": _COLOURS[k], "marker": _MARKERS[k], "markersize": 4.0, "linewidth": 1.2}
            axes.plot(x, power, label=f"power, n {n}", gid=marks(f"power-{n}"), **look)
            axes.plot(x, assurance, linestyle=DASHES, label=f"assurance, n {n}", gid=marks(f"assurance-{n}"), **look)
        axes.set_xlim(1.03 * _PERCENT, 0.0)
        axes.set_ylim(0.0, 1.04 * _PERCENT)
        figure.legend(loc="upper center", ncols=len(sizes), frameon=False, fontsize="medium", handlelength=2.2)

    title = "Power by the share of patients who are eligible"
    caption = (
        f"{title}: patients in the order of the predicted difference of their chances of a response, the greatest first. Solid: the estimates taken as true; dashed: assurance, with patients chosen by the estimates while the "
        "truth is drawn from the coefficients' distribution. n: participants in each arm."
    )
    head = (
        "share_pct",
        *(f"power_{n}_pct" for n in study.asked.sizes),
        *(f"assurance_{n}_pct" for n in study.asked.sizes),
    )
    rows = tuple(
        (_PERCENT * one.share, *(_PERCENT * value for value in (*one.power, *one.assurance)))
        for one in study.selections
    )
    return Drawing(
        "enrichment", title, caption, svg(draw, width_mm=140.0, height_mm=96.0, name="enrichment"), Table(head, rows)
    )

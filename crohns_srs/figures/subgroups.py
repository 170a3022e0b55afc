"""Subgroups of patients: what is expected of each class for them, placebo and drug apart, and who they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crohns_srs.subgroups import expected_decimals
from pkpd.figures.look import BLUE, GREEN, GREY, INK, INK2, ORANGE, styled
from pkpd.figures.sheet import FONT_PT, Drawing, Table, marks, svg

if TYPE_CHECKING:
    from pkpd.figures.sheet import Axes, Cell, Figure

_MOST = 6
_WIDTH_MM, _ROW_MM, _TOP_MM, _FOOT_MM = 170.0, 26.0, 9.0, 13.0
_COLOURS = (BLUE, ORANGE, GREEN)
_CAVEAT = "Expected by models of pooled trials that did not randomise one class against another; no proven benefit."


def subgroup_figures(document: dict[str, Any]) -> tuple[Drawing, ...]:
    """Return the figures of a table of subgroups, `asuc-crohns-subgroups/1`: the largest subgroups, at most six."""
    shown = [one for one in document["subgroups"] if one["n"]][:_MOST]
    if not shown or not document["classes"]:
        return ()
    return _effects(document, shown), _covariates(document, shown)


def _effects(document: dict[str, Any], shown: list[dict[str, Any]]) -> Drawing:
    titles: dict[str, str] = document["classes"]
    height = _TOP_MM + _ROW_MM * len(shown) + _FOOT_MM
    ranked = [
        sorted(one["classes"], key=lambda name, one=one: (_rank(one["label"], name), -one["classes"][name]["effect"]))
        for one in shown
    ]
    low = min(0.0, *(v for one in shown for v in _ends(one)))
    high = max(float(document["response"]), *(v for one in shown for v in _ends(one)))

    decimals = expected_decimals(shown)

    def draw(figure: Figure) -> None:
        for i, one in enumerate(shown):
            bottom = (_FOOT_MM + _ROW_MM * (len(shown) - 1 - i) + 5.0) / height
            axes = styled(figure.add_axes((0.2, bottom, 0.78, (_ROW_MM - 9.0) / height)))
            _bars(axes, one, ranked[i], titles, high - low, decimals)
            axes.set_xlim(low, 1.12 * high)
            if i + 1 < len(shown):
                axes.tick_params(labelbottom=False)
            else:
                axes.set_xlabel("Expected outcome: placebo (grey), and what the class adds", color=INK)
            axes.set_title(
                f"{_worded(one['label'], titles)}: {one['n']:,} patient{'s' * (one['n'] != 1)}, {one['share']:.1%}",
                loc="left",
                fontsize=FONT_PT,
                color=INK,
                pad=3,
                x=-0.24,
            )

    rows: list[tuple[Cell, ...]] = [
        (
            one["label"],
            one["n"],
            titles[name],
            one["placebo"]["effect"],
            of["effect"],
            of["expected"],
            one["placebo"]["response"],
            of["response"],
            of["share_expected_response"],
        )
        for one in shown
        for name, of in one["classes"].items()
    ]
    at = f"{document['response']:g}"
    head = (
        "label",
        "n",
        "class",
        "placebo",
        "adds",
        "expected",
        f"chance ≥ {at} on placebo",
        f"chance ≥ {at}",
        f"share expected ≥ {at}",
    )
    return Drawing(
        "subgroup_effects",
        "Expected outcome by subgroup and class",
        f"The {len(shown)} largest of {document['n_occurring']} subgroups ({document['uncertainty']} uncertainty). Grey: mean expected outcome on placebo; colour: what the class adds, the better classes of the label first, "
        f"a line below those that are preferred. Percentages: mean chance of an outcome of {at} or more. {_CAVEAT}",
        svg(draw, width_mm=_WIDTH_MM, height_mm=height, name="subgroup_effects"),
        Table(head, tuple(rows)),
    )


def _bars(
    axes: Axes, one: dict[str, Any], names: list[str], titles: dict[str, str], reach: float, decimals: int
) -> None:
    placebo = one["placebo"]["effect"]
    order = list(titles)
    for place, name in enumerate(names):
        of = one["classes"][name]
        axes.barh(place, placebo, height=0.62, color=GREY, alpha=0.45, gid=marks("placebo"))
        colour = _COLOURS[order.index(name) % len(_COLOURS)]
        axes.barh(place, of["effect"], left=placebo, height=0.62, color=colour, alpha=0.8, gid=marks("drug"))
        end = max(placebo, of["expected"], 0.0) + 0.01 * reach
        axes.text(
            end,
            place,
            f"{of['expected']:z.{decimals}f} ({of['response']:.0%})",
            va="center",
            color=INK2,
            fontsize=FONT_PT,
        )
    best = sum(_rank(one["label"], name) == 0 for name in names)
    if best < len(names):
        axes.axhline(best - 0.5, color=INK, linewidth=1.2)
    axes.set_yticks(range(len(names)), [titles[name] for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")


def _covariates(document: dict[str, Any], shown: list[dict[str, Any]]) -> Drawing:
    cases = [case for case in shown[0]["covariates"] if any(_value(one, case) is not None for one in shown)]
    cases = [case for case in cases if len({_value(one, case) for one in shown}) > 1 or len(shown) == 1]
    n_columns = 3
    n_rows = max(1, -(-len(cases) // n_columns))
    panel = 9.0 + 4.6 * len(shown)
    height = n_rows * panel + 5.0
    names = [f"{i + 1}" for i in range(len(shown))]

    def draw(figure: Figure) -> None:
        for place, case in enumerate(cases):
            row, column = divmod(place, n_columns)
            area = (
                0.04 + column / n_columns,
                1.0 - ((row + 1) * panel - 4.0) / height,
                0.82 / n_columns,
                (panel - 9.0) / height,
            )
            axes = styled(figure.add_axes(area))
            _panel(axes, case, document["covariates"][case], shown, names)

    rows: list[tuple[Cell, ...]] = [
        (i + 1, one["label"], one["n"], case, _number(_value(one, case)), _number(one["covariates"][case].get("sd")))
        for i, one in enumerate(shown)
        for case in cases
    ]
    listed = "; ".join(f"{i + 1} {_worded(one['label'], document['classes'])}" for i, one in enumerate(shown))
    return Drawing(
        "subgroup_covariates",
        "Who the patients of each subgroup are",
        f"Means with one standard deviation either way (not below what is possible), and shares, of the {len(shown)} largest subgroups: {listed}.",
        svg(draw, width_mm=_WIDTH_MM, height_mm=height, name="subgroup_covariates"),
        Table(("subgroup", "label", "n", "covariate", "mean or share", "sd"), tuple(rows)),
    )


def _panel(axes: Axes, case: str, told: dict[str, Any], shown: list[dict[str, Any]], names: list[str]) -> None:
    for place, one in enumerate(shown):
        value, sd = _value(one, case), one["covariates"][case].get("sd")
        if value is None:
            continue
        if "share" in one["covariates"][case]:
            axes.barh(place, 100.0 * value, height=0.6, color=BLUE, alpha=0.6, gid=marks("share"))
        else:
            reach = sd or 0.0
            axes.plot(
                [max(value - reach, told["low"]), value + reach],
                [place, place],
                color=GREY,
                linewidth=1.0,
                gid=marks("spread"),
            )
            axes.plot([value], [place], "o", color=BLUE, markersize=4, gid=marks("mean"))
    is_share = any("share" in one["covariates"][case] for one in shown)
    unit = "%" if is_share else told["unit"]
    axes.set_title(
        f"{told['title']}, {unit}" if unit else told["title"], loc="left", fontsize=FONT_PT, color=INK, pad=2
    )
    if is_share:
        axes.set_xlim(0.0, 100.0)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.locator_params(axis="x", nbins=5)
    axes.grid(visible=False, axis="y")


def _value(one: dict[str, Any], case: str) -> float | None:
    of = one["covariates"][case]
    found: float | None = of.get("mean", of.get("share"))
    return found


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _ends(one: dict[str, Any]) -> tuple[float, ...]:
    placebo = one["placebo"]["effect"]
    return (placebo, *(of["expected"] for of in one["classes"].values()))


def _rank(label: str, name: str) -> int:
    """Return in which group of a label a class stands; those that are left out of it come last."""
    groups = [part.split(" = ") for part in label.split(" > ")]
    return next((i for i, group in enumerate(groups) if name in group), len(groups))


def _worded(label: str, titles: dict[str, str]) -> str:
    groups = [[titles.get(name, name) for name in part.split(" = ")] for part in label.split(" > ")]
    return " > ".join(" = ".join(group) for group in groups)

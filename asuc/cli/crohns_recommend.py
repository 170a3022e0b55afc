"""`asuc crohns recommend`: what the models of pooled trials say of one patient, or of one on each line."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, write_output
from asuc.cli.source import read_content
from pkpd.errors import InputError, Problem, input_error
from pkpd.wording import decimals_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crohns_srs.predict.case import CrohnsCase
    from crohns_srs.predict.class_model import ModelSet

UncertaintyName = Literal["coherent", "paper", "dashboard"]
MissingName = Literal["integrate", "defaults"]
AdjustmentName = Literal["none", "holm"]
FitFolder = Annotated[
    str | None,
    typer.Option(
        metavar="DIR", help="Models of your own, as `asuc crohns fit` wrote them; the published ones unless given."
    ),
]
_EXPECTED = "expected a case (asuc-crohns-case/1)"
_LINES = ".jsonl"


def recommend(
    case: Annotated[
        str,
        typer.Argument(
            metavar="CASE.json",
            help="A case (asuc-crohns-case/1), `-` for standard input; FILE.jsonl holds one on each line.",
        ),
    ],
    fit: FitFolder = None,
    uncertainty: Annotated[
        UncertaintyName,
        typer.Option(
            help="Error of an effect: coherent, or the publication's own (paper: its subgroups, dashboard: its calculator)."
        ),
    ] = "coherent",
    missing: Annotated[
        MissingName | None,
        typer.Option(
            help="Inputs that are not known: averaged over given the rest (coherent unless given), or the calculator's usual values (paper, dashboard)."
        ),
    ] = None,
    adjust: Annotated[
        AdjustmentName, typer.Option(help="p-values of the label: as they are, or for the number of comparisons.")
    ] = "none",
    worthwhile: Annotated[
        float | None,
        typer.Option(
            metavar="POINTS",
            help="Smallest difference between classes that would matter; that of the configuration (20 CDAI points) unless given.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Say which class of drugs the published models expect most of, and how sure that is."""
    if worthwhile is not None and not 0.0 < worthwhile < math.inf:
        raise input_error("--worthwhile", f"{worthwhile:g} is not above 0, such as 20")
    name, content = read_content(case, _EXPECTED)
    asked = (fit, uncertainty, missing, adjust, worthwhile)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise input_error(name, f"byte {error.start + 1} is not UTF-8 text; {_EXPECTED}") from None
    if case.lower().endswith(_LINES):
        documents = list(_recommended(_lines(name, text), asked))
        write_output("".join(json.dumps(one, ensure_ascii=False, allow_nan=False) + "\n" for one in documents))
        return
    document = next(_recommended([(name, text)], asked))
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(answer_parts(document)))


def models_of(folder: str | None) -> ModelSet:
    """Return the models of a folder; None for the published ones.

    Raises
    ------
    InputError
        Where the folder holds no fit.
    """
    from crohns_srs.predict.library import shipped_models  # noqa: PLC0415 - the engine loads after the words are read
    from crohns_srs.predict.own_models import own_models  # noqa: PLC0415

    return shipped_models() if folder is None else own_models(folder)


def _lines(name: str, text: str) -> list[tuple[str, str]]:
    """Return what each line that is not empty is called, and the line."""
    found = [(f"{name}: line {i + 1}", line) for i, line in enumerate(text.split("\n")) if line.strip()]
    if not found:
        raise input_error(name, "holds no line; expected a case (asuc-crohns-case/1) on each")
    return found


def _recommended(
    cases: list[tuple[str, str]],
    asked: tuple[str | None, UncertaintyName, MissingName | None, AdjustmentName, float | None],
) -> Iterator[dict[str, Any]]:
    """Yield the document of each case, after all of them were read."""
    from crohns_srs.predict.case import read_case  # noqa: PLC0415 - the engine loads after the words are read
    from crohns_srs.predict.effects import Uncertainty  # noqa: PLC0415
    from crohns_srs.predict.preference import Adjustment  # noqa: PLC0415
    from crohns_srs.predict.profile import MissingInputs  # noqa: PLC0415
    from crohns_srs.predict.recommend import Choices  # noqa: PLC0415
    from crohns_srs.predict.recommend import recommend as recommend_one  # noqa: PLC0415

    folder, uncertainty, missing, adjust, worthwhile = asked
    choices = Choices(Uncertainty(uncertainty), missing and MissingInputs(missing), Adjustment(adjust), worthwhile)
    models = models_of(folder)
    read: list[CrohnsCase] = []
    problems: list[Problem] = []
    for name, text in cases:
        try:
            read.append(read_case(text, models.config))
        except InputError as error:
            problems += [Problem(f"{name}: {one.place}" if one.place else name, one.message) for one in error.problems]
    if problems:
        raise InputError(problems)
    for one in read:
        yield recommend_one(models, one, choices)


def answer_parts(document: dict[str, Any]) -> list[Sheet | str]:
    """Return what is printed of a case."""
    classes: dict[str, dict[str, Any]] = document["classes"]
    placebo, worthwhile = document["placebo"], document["worthwhile"]
    decimals = _decimals(document)
    found: list[Sheet | str] = [
        f"{document['label'] or 'No class is available'} ({document['uncertainty']} uncertainty).",
        f"Expected on placebo: {placebo['effect']:z.{decimals}f} (SE {placebo['se']:.{decimals}f}).",
    ]
    if classes:
        found += [_effects_sheet(classes, decimals), _chances_sheet(placebo, classes)]
    if document["contrasts"]:
        found.append(_contrasts_sheet(document, decimals))
    if worthwhile and document["contrasts"]:
        least = f"{worthwhile['points']:g} {worthwhile['unit']}".strip()
        found.append(f"By differences that are above {least} with their whole interval: {worthwhile['label']}.")
    if classes:
        found.append(_contributions_sheet(document, decimals))
    found += [_missing_sheet(document["missing"])] if document["missing"] and classes else []
    return [*found, *document["warnings"]]


def _effects_sheet(classes: dict[str, dict[str, Any]], decimals: int) -> Sheet:
    rows = tuple(
        (
            one["title"],
            f"{one['effect']:z.{decimals}f}",
            f"{one['se']:.{decimals}f}",
            _pair(one["interval"], decimals),
            f"{one['expected']:z.{decimals}f}",
            _pair(one["interval_expected"], decimals),
            f"{one['probability_best']:.0%}",
        )
        for one in _ranked(classes)
    )
    head = ("class", "adds", "SE", "95 % interval", "with placebo", "95 % interval", "best")
    return Sheet("Expected outcome", head, rows)


def _chances_sheet(placebo: dict[str, Any], classes: dict[str, dict[str, Any]]) -> Sheet:
    keys = [key for key in placebo if f"{key}_interval" in placebo]
    rows = tuple(
        (title, *(f"{one[key]:.0%} ({_percents(one[f'{key}_interval'])})" for key in keys))
        for title, one in [("placebo alone", placebo), *((one["title"], one) for one in _ranked(classes))]
    )
    head = tuple(f"≥ {key.removeprefix('response')}" if key.startswith("response") else key for key in keys)
    return Sheet("Chance (95 % interval), placebo and drug together", ("", *head), rows)


def _contrasts_sheet(document: dict[str, Any], decimals: int) -> Sheet:
    classes, worthwhile = document["classes"], document["worthwhile"]
    rows = tuple(
        (
            f"{classes[one['a']]['title']} – {classes[one['b']]['title']}",
            f"{one['difference']:z.{decimals}f}",
            f"{one['se']:.{decimals}f}",
            f"{one['df']:.1f}",
            _pair(one["interval"], decimals),
            f"{one['p']:.4f}",
            f"{one['p_holm']:.4f}",
            *(
                (f"{one['probability_a_worthwhile']:.0%}", f"{one['probability_b_worthwhile']:.0%}")
                if worthwhile
                else ()
            ),
        )
        for one in document["contrasts"]
    )
    head = ("", "difference", "SE", "df", "95 % interval", "p", "p (Holm)")
    if worthwhile:
        head += (f"> {worthwhile['points']:g}", f"< -{worthwhile['points']:g}")
    return Sheet("Differences between classes", head, rows)


def _contributions_sheet(document: dict[str, Any], decimals: int) -> Sheet:
    """Return what each input adds to the effect of each class beyond that of a reference patient."""
    classes = document["classes"]
    parts = [document["contributions"][name] for name in classes]
    rows = [("reference patient", *(f"{one['reference']:z.{decimals}f}" for one in parts))]
    for inputs in zip(*(one["inputs"] for one in parts), strict=True):
        first = inputs[0]
        value = first["value"]
        told = f"{value:.3g}" if isinstance(value, float) else {True: "yes", False: "no"}.get(value, value)
        # A covariate with words of its own is called as in the case: “sex: female”, where its title is that of the one that is 1.
        name = first["input"] if isinstance(first["reference"], str) else first["title"]
        title = f"{name}: {'not known' if first['is_missing'] else told}"
        rows.append((title, *(f"{one['points']:+z.{decimals}f}" for one in inputs)))
    return Sheet("Why: points of each input", ("", *(one["title"] for one in classes.values())), tuple(rows))


def _missing_sheet(missing: list[dict[str, Any]]) -> Sheet:
    rows = tuple(
        (
            one["input"],
            f"{level['value']:.3g}" if isinstance(level["value"], float) else str(level["value"]).lower(),
            f"{level['weight']:.0%}",
            level["label"],
        )
        for one in missing
        for level in one["levels"]
    )
    return Sheet("If it were known", ("input", "value", "how likely", "label"), rows)


def _ranked(classes: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(classes.values(), key=lambda one: -one["effect"])


def _decimals(document: dict[str, Any]) -> int:
    """Return the decimals of the outcome: hundredths of what patients differ by, tenths at least."""
    spreads = [one["se_prediction"] for one in document["classes"].values()]
    return decimals_of(max(spreads, default=document["placebo"]["se"]), figures=3, least=1)


def _pair(ends: list[float], decimals: int) -> str:
    return " to ".join(f"{end:z.{decimals}f}" for end in ends)


def _percents(ends: list[float]) -> str:
    return f"{ends[0]:.0%} to {ends[1]:.0%}"

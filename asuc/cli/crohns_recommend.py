"""`asuc crohns recommend`: what the models of pooled trials say of one patient, or of one on each line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, write_output
from asuc.cli.source import read_content
from pkpd.errors import InputError, Problem, input_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crohns_srs.predict.case import CrohnsCase

UncertaintyName = Literal["coherent", "paper", "dashboard"]
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
    uncertainty: Annotated[
        UncertaintyName,
        typer.Option(
            help="Error of an effect: coherent, or the publication's own (paper: its subgroups, dashboard: its calculator)."
        ),
    ] = "coherent",
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Say which class of drugs the published models expect most of, and how sure that is."""
    name, content = read_content(case, _EXPECTED)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise input_error(name, f"byte {error.start + 1} is not UTF-8 text; {_EXPECTED}") from None
    if case.lower().endswith(_LINES):
        documents = list(_recommended(_lines(name, text), uncertainty))
        write_output("".join(json.dumps(one, ensure_ascii=False, allow_nan=False) + "\n" for one in documents))
        return
    document = next(_recommended([(name, text)], uncertainty))
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(answer_parts(document)))


def _lines(name: str, text: str) -> list[tuple[str, str]]:
    """Return what each line that is not empty is called, and the line."""
    found = [(f"{name}: line {i + 1}", line) for i, line in enumerate(text.split("\n")) if line.strip()]
    if not found:
        raise input_error(name, "holds no line; expected a case (asuc-crohns-case/1) on each")
    return found


def _recommended(cases: list[tuple[str, str]], uncertainty: UncertaintyName) -> Iterator[dict[str, Any]]:
    """Yield the document of each case, after all of them were read."""
    from crohns_srs.predict.case import read_case  # noqa: PLC0415 - the engine loads after the words are read
    from crohns_srs.predict.effects import Uncertainty  # noqa: PLC0415
    from crohns_srs.predict.library import shipped_models  # noqa: PLC0415
    from crohns_srs.predict.recommend import recommend as recommend_one  # noqa: PLC0415

    models = shipped_models()
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
        yield recommend_one(models, one, Uncertainty(uncertainty))


def answer_parts(document: dict[str, Any]) -> list[Sheet | str]:
    """Return what is printed of a case."""
    classes: dict[str, dict[str, Any]] = document["classes"]
    responses = sorted({key for one in classes.values() for key in one if key.startswith("response")})
    head = (
        "class",
        "adds",
        "SE",
        "95 % interval",
        "with placebo",
        *(f"fall ≥ {key.removeprefix('response')}" for key in responses),
        "best",
    )
    rows = tuple(
        (
            one["title"],
            f"{one['effect']:.1f}",
            f"{one['se']:.1f}",
            _pair(one["interval"]),
            f"{one['expected']:.1f}",
            *(f"{one[key]:.0%}" for key in responses),
            f"{one['probability_best']:.0%}",
        )
        for one in sorted(classes.values(), key=lambda one: -one["effect"])
    )
    contrasts = tuple(
        (
            f"{classes[one['a']]['title']} – {classes[one['b']]['title']}",
            f"{one['difference']:.1f}",
            f"{one['se']:.1f}",
            f"{one['df']:.1f}",
            _pair(one["interval"]),
            f"{one['p']:.4f}",
        )
        for one in document["contrasts"]
    )
    placebo = document["placebo"]
    found: list[Sheet | str] = [
        f"{document['label'] or 'No class is available'} ({document['uncertainty']} uncertainty).",
        f"Expected on placebo: {placebo['effect']:.1f} (SE {placebo['se']:.1f}).",
    ]
    if rows:
        found.append(Sheet("Expected fall of the outcome", head, rows))
    if contrasts:
        found.append(
            Sheet("Differences between classes", ("", "difference", "SE", "df", "95 % interval", "p"), contrasts)
        )
    return [*found, *document["warnings"]]


def _pair(ends: list[float]) -> str:
    return " to ".join(f"{end:.1f}" for end in ends)

"""The figures of an answer for other programs: the engine's document, or one row for each figure."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from dosing_app.decision.crohns.case import studied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dosing_app.decision.crohns.answer import CrohnsAnswer

_COLUMNS = ("table", "row", "figure", "value")
Row = tuple[str, str, str, float | str]


def answer_json(answer: CrohnsAnswer) -> str:
    """Return the engine's document (`asuc-crohns/1`) as the text of a file."""
    return json.dumps(answer.document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def answer_csv(answer: CrohnsAnswer) -> str:
    """Return every figure of an answer with all its digits: table, row, what it is, value."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_rows(answer))
    return file.getvalue()


def _rows(answer: CrohnsAnswer) -> Iterator[Row]:
    for one in ("uncertainty", "level", "worthwhile"):
        value = answer.uncertainty.value if one == "uncertainty" else float(getattr(answer, one))
        yield "answer", "", one, value
    for one in answer.classes:
        figures = {
            "placebo": answer.placebo,
            "drug": one.drug,
            "expected": one.expected,
            "lower": one.interval[0],
            "upper": one.interval[1],
            "response": one.response,
            "response_lower": one.response_interval[0],
            "response_upper": one.response_interval[1],
            "remission": one.remission,
            "remission_lower": one.remission_interval[0],
            "remission_upper": one.remission_interval[1],
            "probability_first": one.probability_first,
            "trials": studied()[one.id][0],
            "participants": studied()[one.id][1],
        }
        yield from (("classes", one.id, name, value) for name, value in figures.items())
    for one in answer.contrasts:
        figures = {
            "difference": one.difference,
            "lower": one.interval[0],
            "upper": one.interval[1],
            "p": one.p,
            "p_holm": one.p_holm,
        }
        yield from (("differences", f"{one.a} - {one.b}", name, value) for name, value in figures.items())
    for key, by_class in answer.contributions.items():
        yield from (("contributions", key, name, value) for name, value in by_class.items())

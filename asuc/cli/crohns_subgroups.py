"""`asuc crohns subgroups`: patients of a table by what the models prefer for them."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asuc.cli.cohort_source import check_folder, make_folder, write_csv, write_json
from asuc.cli.crohns_recommend import FitFolder, MissingName, UncertaintyName, models_of
from asuc.cli.figure_files import FOLDER, forget_figures, write_figures
from asuc.cli.fit_options import OutFolder
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.output import print_json, report, write_output
from asuc.cli.progress import shown_progress
from crohns_srs.subgroups import expected_decimals
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from crohns_srs.predict.batch import Rule
    from crohns_srs.predict.subgroup_table import LabelledChunk

_RESULT = "subgroups.json"


def subgroups(
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE.csv",
            help="One row for each patient, columns as of the trials or as keys of a case (CSV or Parquet).",
        ),
    ],
    out: OutFolder,
    fit: FitFolder = None,
    uncertainty: Annotated[UncertaintyName, typer.Option(help="Error of an effect, as of `recommend`.")] = "coherent",
    missing: Annotated[
        MissingName | None,
        typer.Option(help="Inputs that are not known, as of `recommend`."),
    ] = None,
    unavailable: Annotated[
        list[str] | None, typer.Option(metavar="CLASS", help="Class that is not to be had; may be repeated.")
    ] = None,
    parquet: Annotated[bool, typer.Option("--parquet", help="Write the rows as Parquet in place of CSV.")] = False,
    no_rows: Annotated[bool, typer.Option("--no-rows", help="Write the table of subgroups alone.")] = False,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Draw nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the folder where it exists.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Label every patient of a table, and say who the patients of each label are and what is expected for them."""
    from crohns_srs.data.patient_file import read_patients  # noqa: PLC0415 - the engine loads after the words are read
    from crohns_srs.predict.batch import create_rule  # noqa: PLC0415
    from crohns_srs.predict.effects import Uncertainty  # noqa: PLC0415
    from crohns_srs.predict.profile import MissingInputs  # noqa: PLC0415
    from crohns_srs.predict.recommend import HELD_CLOSED, Choices  # noqa: PLC0415
    from crohns_srs.predict.subgroup_table import labelled, subgroup_document  # noqa: PLC0415

    folder = check_folder(out, force=force)
    models = models_of(fit)
    ids = [one.id for one in models.classes]
    for one in unavailable or ():
        if one not in ids:
            raise input_error("--unavailable", f"“{one}” is no class; expected one of {', '.join(ids)}")
    patients = read_patients(table, models.config)
    if patients.absent:
        report(f"{table}: no column of {', '.join(patients.absent)}; not known for anybody.")
    asked = Choices(Uncertainty(uncertainty), missing and MissingInputs(missing))
    if asked.uncertainty is Uncertainty.PAPER and not models.is_refitted:
        report(HELD_CLOSED)
    make_folder(folder)
    for name in ("patients.csv", "patients.parquet"):
        (folder / name).unlink(missing_ok=True)  # rows of an earlier table are none of this one's
    started = time.perf_counter()
    rule = create_rule(models, asked.uncertainty, unavailable or (), models.config.outcome.response[0])
    rows = None if no_rows else folder / f"patients.{'parquet' if parquet else 'csv'}"
    with shown_progress("Labelling") as tell, _writer(rows, rule) as write:

        def written() -> Iterator[LabelledChunk]:
            for chunk in labelled(models, patients, rule, is_integrated=asked.is_integrated):
                write(chunk)
                tell((chunk.start + chunk.values.shape[1]) / patients.n)
                yield chunk

        document = subgroup_document(models, patients, rule, written())
    document["missing_inputs"] = (MissingInputs.INTEGRATE if asked.is_integrated else MissingInputs.DEFAULTS).value
    document["seconds"] = round(time.perf_counter() - started, 3)
    write_json(folder / _RESULT, document)
    _write_table(folder, document)
    forget_figures(folder)
    if not no_figures:
        _draw(folder, document)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out([*_sheets(document), f"Written to {folder}."]))


@contextmanager
def _writer(file: Path | None, rule: Rule) -> Generator[Callable[[LabelledChunk], None]]:
    """Yield what writes the rows of a chunk; nothing where there is no file."""
    if file is None:
        yield lambda _: None
        return
    import numpy as np  # noqa: PLC0415

    from crohns_srs.predict.batch import possible_labels  # noqa: PLC0415
    from pkpd.data.row_table import row_table  # noqa: PLC0415 - loads Arrow

    pairs = [f"{rule.ids[a]}_over_{rule.ids[b]}" for a, b in rule.between]
    names = [f"effect_{one}" for one in rule.ids]
    names += [f"response{rule.limit:g}_{one}" for one in ("placebo", *rule.ids)]
    names += [f"{what}_{pair}" for what in ("difference", "se", "df") for pair in pairs]
    with row_table(file, "row", "label", possible_labels(rule), ["placebo", *names]) as write:

        def write_chunk(chunk: LabelledChunk) -> None:
            found = chunk.labels
            differences = np.array([found.effect[a] - found.effect[b] for a, b in rule.between])
            parts = (found.effect, found.response, differences, np.sqrt(found.difference_variance), found.difference_df)
            values = np.vstack([found.placebo[None], *(one for one in parts if one.size)])
            write(np.arange(found.code.size, dtype=np.int64) + chunk.start + 1, found.code, values)

        yield write_chunk


def _write_table(folder: Path, document: dict[str, Any]) -> None:
    """Write one line for each label."""
    occurring = [one for one in document["subgroups"] if one["n"]]
    shown = occurring[0] if occurring else None
    covariates = [(case, key) for case, one in shown["covariates"].items() for key in one] if shown else []
    keys = ("effect", "expected", "share_expected_response", "response")
    head = ["label", "n", "share", *(f"{key}_{case}" for case, key in covariates), "placebo_effect", "placebo_response"]
    head += [f"{key}_{name}" for name in document["classes"] for key in keys]
    rows = [
        [
            one["label"],
            one["n"],
            one["share"],
            *(one["covariates"][case][key] for case, key in covariates),
            one["placebo"]["effect"],
            one["placebo"]["response"],
            *(one["classes"][name][key] for name in document["classes"] for key in keys),
        ]
        if one["n"]
        else [one["label"], 0, 0.0, *([None] * (len(head) - 3))]
        for one in document["subgroups"]
    ]
    write_csv(folder / "subgroups.csv", head, rows)


def _draw(folder: Path, document: dict[str, Any]) -> None:
    from crohns_srs.figures.subgroups import subgroup_figures  # noqa: PLC0415 - loads Matplotlib

    write_figures(folder / FOLDER, subgroup_figures(document), written=lambda _: None)


def _sheets(document: dict[str, Any]) -> list[Sheet | str]:
    titles: dict[str, str] = document["classes"]
    occurring = [one for one in document["subgroups"] if one["n"]]
    at = f"{document['response']:g}"
    decimals = expected_decimals(occurring)
    rows = tuple(
        (
            one["label"] or "no class is available",
            f"{one['n']:,}",
            f"{one['share']:.1%}",
            f"{one['placebo']['effect']:z.{decimals}f}",
            *(f"{one['classes'][name]['effect']:+z.{decimals}f}" for name in titles),
            *(
                f"{one['classes'][name]['share_expected_response']:.0%} / {one['classes'][name]['response']:.0%}"
                for name in titles
            ),
        )
        for one in occurring
    )
    head = ("label", "n", "share", "placebo", *(f"{title} adds" for title in titles.values()))
    head += tuple(f"{title}, ≥ {at}" for title in titles.values())
    missing = f", {document['n_with_missing']:,} with inputs that are not known" if document["n_with_missing"] else ""
    return [
        f"{document['n']:,} patients{missing}; {document['n_occurring']} of {document['n_possible']} possible labels ({document['uncertainty']} uncertainty, {document['seconds']:.1f} s).",
        Sheet("Subgroups", head, rows, wraps=0),
        f"Under ≥ {at}: the share of patients whose expected outcome is at least {at}, and the mean chance of one. The first is no response rate.",
        "Labels are associations in pooled trials, no proven benefit. Research use only.",
    ]

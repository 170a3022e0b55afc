"""`asuc crohns omop`: inputs of patients, and the table of a cohort, from a database in the OMOP common data model."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated, Any

import typer

from asuc.cli.crohns_recommend import UncertaintyName, answer_parts
from asuc.cli.layout import Sheet, laid_out
from asuc.cli.omop_files import check_file, source_words, write_table
from asuc.cli.omop_options import LARGEST_ID, Wanted, index_day, unit_words, wanted_of
from asuc.cli.omop_reading import ReadingTask, read_many, read_named, write_entries
from asuc.cli.omop_tables import cohort_parts
from asuc.cli.output import print_json, write_output
from asuc.cli.progress import shown_progress
from pkpd.errors import input_error

Found = tuple[dict[str, Any], "list[Sheet | str]"]
"""The document, and what is printed of it."""


def omop(
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Database as SQLAlchemy names it (postgresql://…, sqlite:///FILE), or a file of SQLite."
        ),
    ] = None,
    person: Annotated[
        list[int] | None, typer.Option(min=-LARGEST_ID, max=LARGEST_ID, help="A person_id; may be repeated.")
    ] = None,
    persons: Annotated[str | None, typer.Option(metavar="FILE", help="File with a person_id on each line.")] = None,
    cohort: Annotated[bool, typer.Option("--cohort", help="Everybody with Crohn's disease, and their table.")] = False,
    index_date: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Day that inputs are those of.")] = None,
    out: Annotated[
        str | None, typer.Option(metavar="FILE.csv|FILE.jsonl", help="File for a row or a line of each person.")
    ] = None,
    table: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE.csv|.json|.html", help="File for the table of a cohort; may be repeated."),
    ] = None,
    recommend: Annotated[bool, typer.Option("--recommend", help="Add what the models say.")] = False,
    uncertainty: Annotated[UncertaintyName, typer.Option(help="Error of an effect, as in `recommend`.")] = "coherent",
    since: Annotated[
        int, typer.Option(min=1900, max=2300, help="Year from which a first biologic counts apart.")
    ] = 2016,
    schema: Annotated[str | None, typer.Option(help="Schema of the tables.")] = None,
    vocabulary_schema: Annotated[str | None, typer.Option(help="Schema of the vocabulary, if another.")] = None,
    bmi_days: Annotated[int, typer.Option(help="How old a weight or BMI may be, in days.", min=1, max=36_500)] = 365,
    crp_days: Annotated[int, typer.Option(help="How old a CRP may be, in days.", min=1, max=36_500)] = 90,
    cdai_days: Annotated[int, typer.Option(help="How old a CDAI may be, in days.", min=1, max=36_500)] = 30,
    history_days: Annotated[
        int,
        typer.Option(min=0, max=36_500, help="Observation without which no anti-TNF on record means nothing, in days."),
    ] = 365,
    gap_days: Annotated[
        int, typer.Option(min=0, max=36_500, help="How long before the index date observation may have ended, in days.")
    ] = 0,
    current_days: Annotated[
        int, typer.Option(min=0, max=3_650, help="How far from the index date an exposure still is current, in days.")
    ] = 0,
    supply_days: Annotated[
        int, typer.Option(min=1, max=3_650, help="How long an exposure without end and supply lasts, in days.")
    ] = 30,
    high_sensitivity: Annotated[bool, typer.Option("--hs-crp", help="High-sensitivity CRP counts too.")] = False,
    golimumab: Annotated[bool, typer.Option("--golimumab", help="Golimumab counts as an anti-TNF.")] = False,
    drug_era: Annotated[bool, typer.Option("--drug-era", help="Read drug_era for the history too.")] = False,
    cdai_concept: Annotated[
        list[int] | None, typer.Option(min=1, max=LARGEST_ID, help="Concept that holds the CDAI; may be repeated.")
    ] = None,
    cdai_source: Annotated[
        list[str] | None, typer.Option(help="Source value that holds the CDAI; may be repeated.")
    ] = None,
    assume_cdai: Annotated[
        float | None,
        typer.Option(min=0.0, max=1100.0, help="Take this CDAI where there is none (the publication: 300)."),
    ] = None,
    unit: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND:SOURCE=UCUM", help="What a unit without concept means: crp:mg/l=mg/L, bmi:=kg/m2."),
    ] = None,
    demo: Annotated[
        str | None, typer.Option(metavar="FILE.sqlite", help="Write a small invented database, and nothing else.")
    ] = None,
    people: Annotated[int, typer.Option(min=0, max=10_000_000, help="Drawn people of the invented database.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same people.")] = 1,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    as_json: Annotated[bool, typer.Option("--json", metavar="", help="Print one JSON document.")] = False,
) -> None:
    """Read the inputs of patients with Crohn's disease from an OMOP database, each with where it comes from.

    Nothing is written to the database. What it does not hold is missing, with the reason.
    """
    if demo is not None:
        _write_demo(demo, people, seed, force=force)
        return
    if url is None:
        raise input_error(
            "--url",
            "is missing; expected a database, such as sqlite:///cdm.sqlite (or --demo FILE.sqlite for an invented one)",
        )
    day = index_day(index_date)
    wanted = wanted_of(person, persons, cohort=cohort, out=out, table=table, force=force)
    from crohns_srs.omop import ReadOptions, open_database, read_vocabulary  # noqa: PLC0415 - loads SQLAlchemy

    options = ReadOptions(
        bmi_days, crp_days, cdai_days, history_days, gap_days, current_days, supply_days, high_sensitivity, golimumab,
        drug_era, tuple(cdai_concept or ()), tuple(cdai_source or ()), assume_cdai, unit_words(unit or []),
    )  # fmt: skip
    database = open_database(url, schema, vocabulary_schema)
    task = ReadingTask(database, read_vocabulary(database, options), options, day, uncertainty)
    if wanted.kind == "named":
        document, said = _named(task, wanted, is_answered=recommend)
    else:
        document, said = _many(task, wanted, since, is_answered=recommend)
    for name in wanted.tables:
        write_table(name, document)
    if as_json:
        print_json(document)
    else:
        write_output(laid_out(said))


def _named(task: ReadingTask, wanted: Wanted, *, is_answered: bool) -> Found:
    """Return what is known of some persons."""
    from crohns_srs.omop.document import SCHEMA  # noqa: PLC0415 - loads SQLAlchemy

    entries = read_named(task, wanted.ids or [], is_answered=is_answered)
    if wanted.file is not None:
        write_entries(wanted.file, entries, is_answered=is_answered)
    parts = [part for entry in entries for part in _person_parts(entry)]
    return {"schema": SCHEMA, **_head(task), "people": entries}, [*parts, *task.vocabulary.notes, *_written(wanted)]


def _many(task: ReadingTask, wanted: Wanted, since: int, *, is_answered: bool) -> Found:
    """Return how many persons there are of which kind, while what is known of them is written."""
    from crohns_srs.omop.cohort import cohort_document  # noqa: PLC0415 - loads SQLAlchemy
    from crohns_srs.omop.document import COHORT_SCHEMA, SCHEMA  # noqa: PLC0415

    is_cohort = wanted.kind == "cohort"
    counted = read_many(task, wanted.ids, since, wanted.file, is_answered=is_answered, is_labelled=is_cohort)
    if is_cohort:
        document: dict[str, Any] = {"schema": COHORT_SCHEMA, **_head(task), **cohort_document(counted)}
        return document, [*cohort_parts(document), *_written(wanted)]
    n_persons, n_refused = counted.everybody.n + counted.n_refused, counted.n_refused
    numbers = {"n_persons": n_persons, "n_refused": n_refused, "out": str(wanted.file)}
    said = f"{n_persons:,} persons, {n_refused:,} of them refused."
    return {"schema": SCHEMA, **_head(task), **numbers}, [said, *task.vocabulary.notes, *_written(wanted)]


def _head(task: ReadingTask) -> dict[str, Any]:
    """Return what every document says of where its numbers come from."""
    from crohns_srs.omop.document import options_entry  # noqa: PLC0415 - loads SQLAlchemy

    return {
        "database": task.database.name,
        "index_date": task.day.isoformat(),
        "software": f"asuc {version('asuc')}",
        "uncertainty": task.uncertainty,
        "options": options_entry(task.options),
        "warnings": list(task.vocabulary.notes),
    }


def _written(wanted: Wanted) -> list[str]:
    return [f"Written to {', '.join(map(str, wanted.files))}."] if wanted.files else []


def _write_demo(name: str, people: int, seed: int, *, force: bool) -> None:
    from crohns_srs.omop.demo import N_TOLD, write_demo  # noqa: PLC0415 - loads SQLAlchemy
    from crohns_srs.omop.demo_people import CDAI_CONCEPT, DEMO_INDEX  # noqa: PLC0415

    file = check_file("--demo", name, (".sqlite", ".db"), force=force)
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    with shown_progress("Drawing people") as tell:
        n_rows = write_demo(part, people, seed, tell)
    part.replace(file)
    write_output(
        f"{N_TOLD + people:,} invented people in {n_rows:,} rows: {file}\n"
        f"Next: asuc crohns omop --url {file} --person 1 --index-date {DEMO_INDEX} --cdai-concept {CDAI_CONCEPT}\n"
    )


def _person_parts(entry: dict[str, Any]) -> list[Sheet | str]:
    """Return what is printed of a person."""
    rows = tuple((key, _shown(value), _origin(entry, key)) for key, value in entry["case"].items() if key != "schema")
    since = f"Crohn's disease since {entry['crohns_since']}"
    title = f"Person {entry['person_id']} on {entry['index_date']}: {since}"
    biologics = ", ".join(f"{one['ingredient']} from {one['first']}" for one in entry["biologics"])
    found: list[Sheet | str] = [Sheet(title, ("input", "value", "from"), rows, wraps=2)]
    found += [f"Biologics: {biologics}."] if biologics else []
    found += entry["warnings"]
    if entry.get("recommendation"):
        found += answer_parts({**entry["recommendation"], "case": f"Person {entry['person_id']}"})
    return found


def _origin(entry: dict[str, Any], key: str) -> str:
    return f"missing: {entry['missing'][key]}" if key in entry["missing"] else source_words(entry["sources"][key])


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value) if value is not None else "–"

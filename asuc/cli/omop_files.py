"""Files of `asuc crohns omop`: a row or a line for each person as they come, and the table of a cohort."""

from __future__ import annotations

import csv
import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asuc.cli.cohort_source import write_csv, write_json
from pkpd.errors import input_error

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

PERSON_KINDS, TABLE_KINDS = (".csv", ".jsonl"), (".csv", ".json", ".html")
"""Endings of the files."""
_PART = ".part"


def check_file(option: str, name: str, kinds: Sequence[str], *, force: bool) -> Path:
    """Return a file that is to be written, before anything is read.

    Raises
    ------
    InputError
        Where its ending says nothing, it exists and may not be written over, or its folder is not there.
    """
    file = Path(name)
    if file.suffix.lower() not in kinds:
        raise input_error(option, f"{name!r} does not end in {' or '.join(kinds)}, which says what is written")
    if file.is_dir():
        raise input_error(name, "is a folder; expected a file to write")
    if file.exists() and not force:
        raise input_error(name, "exists; nothing is written over without --force")
    if not file.parent.is_dir():
        raise input_error(name, f"there is no folder {str(file.parent)!r} to write it to")
    return file


@contextmanager
def person_file(
    file: Path, keys: Sequence[str], classes: Sequence[str] | None
) -> Generator[Callable[[dict[str, Any]], None]]:
    """Yield what writes the entry of a person; the file has its name only once all are written.

    Parameters
    ----------
    file : Path
        Ends in .csv or .jsonl.
    keys : sequence of str
        Inputs.
    classes : sequence of str or None
        Ids of the classes of drugs, where the answer of the models is written too.
    """
    part = file.with_name(file.name + _PART)
    try:
        stream = part.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise input_error(
            str(file), f"cannot be written ({error.strerror or error}); expected a file to write"
        ) from None
    try:
        with stream:
            if file.suffix.lower() == ".csv":
                writer = csv.writer(stream)
                writer.writerow(_columns(keys, classes))
                yield lambda entry: writer.writerow(_row(entry, keys, classes))
            else:
                yield lambda entry: _write_line(stream.write, entry)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def write_table(file: Path, document: dict[str, Any]) -> None:
    """Write the table of a cohort as its ending says."""
    if file.suffix.lower() == ".json":
        write_json(file, document)
    elif file.suffix.lower() == ".csv":
        groups: list[dict[str, Any]] = document["groups"]
        columns = list(groups[0]) if groups else ["age_from", "age_to", "sex", "n"]
        write_csv(file, columns, ([one[column] for column in columns] for one in groups))
    else:
        from asuc.cli.omop_page import cohort_page  # noqa: PLC0415 - the template loads where it is written

        file.write_text(cohort_page(document), encoding="utf-8")


def source_words(source: dict[str, Any]) -> str:
    """Return how a value follows, and the records it stands on: ``latest weight: measurement 17 of 2024-06-20 [kg]``."""
    records = [
        f"{one['table']} {one['id']}"
        + (f" of {one['date']}" if one["date"] else "")
        + (f" [{one['unit']}]" if one["unit"] else "")
        for one in source["records"]
    ]
    return f"{source['how']}: {', '.join(records)}" if records else source["how"]


def _write_line(write: Callable[[str], object], entry: dict[str, Any]) -> None:
    write(json.dumps(entry, ensure_ascii=False, allow_nan=False) + "\n")


def _columns(keys: Sequence[str], classes: Sequence[str] | None) -> list[str]:
    found = ["person_id", "index_date", "status", "refusal", "crohns_since", *keys]
    found += [f"{key}_{part}" for key in keys for part in ("from", "missing")]
    found += ["first_biologic", "first_biologic_class", "first_biologic_date", "warnings"]
    if classes is not None:
        found += [
            "label",
            "imputed",
            *(f"{part}_{name}" for name in classes for part in ("effect", "se", "response100")),
        ]
    return found


def _row(entry: dict[str, Any], keys: Sequence[str], classes: Sequence[str] | None) -> list[object]:
    found: list[object] = [entry[name] for name in ("person_id", "index_date", "status", "refusal", "crohns_since")]
    found += [_cell(entry["case"][key]) for key in keys]
    for key in keys:
        source = entry["sources"].get(key)
        found += ["" if source is None else source_words(source), entry["missing"].get(key, "")]
    first: dict[str, Any] = entry["biologics"][0] if entry["biologics"] else {}
    found += [first.get(name, "") for name in ("ingredient", "class", "first")]
    found.append(" ".join(entry["warnings"]))
    if classes is not None:
        found += _answer(entry.get("recommendation"), classes)
    return found


def _answer(answer: dict[str, Any] | None, classes: Sequence[str]) -> list[object]:
    if answer is None:
        return [""] * (2 + 3 * len(classes))
    found: list[object] = [answer["label"], " ".join(answer["imputed"])]
    for name in classes:
        found += [answer["classes"][name][part] for part in ("effect", "se", "response100")]
    return found


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value

"""The table of a cohort as one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from asuc.cli.omop_tables import CAVEAT, RECKONED, cohort_tables, missing_sentences, sentences
from asuc.validation.page import Section, validation_page
from asuc.validation.report_table import ReportTable

if TYPE_CHECKING:
    from collections.abc import Mapping


def cohort_page(document: Mapping[str, Any]) -> str:
    """Return the page of a cohort (`asuc-crohns-omop-cohort/1`)."""
    tables = [ReportTable(one.name, one.title, one.head, one.rows) for one in cohort_tables(document)]
    sections = [
        Section("persons", "Persons", (*sentences(document), RECKONED, CAVEAT), tables=tuple(tables[:1])),
        *([Section("labels", "What the models say", tables=tuple(tables[1:]))] if tables[1:] else []),
        Section("missing", "Inputs that are missing", tuple(missing_sentences(document)) or ("None.",)),
    ]
    options: Mapping[str, Any] = document["options"]
    facts = (
        ("Database", document["database"]),
        ("Index date", document["index_date"]),
        ("Software", document["software"]),
        *((name, _said(value)) for name, value in options.items()),
    )
    return validation_page(
        "Crohn's disease in a database: biologics by age and sex",
        f"{document['database']}, {document['index_date']}.",
        sections,
        warnings=tuple(document["warnings"]),
        facts=facts,
    )


def _said(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, cast("list[object]", value))) or "none"
    return "none" if value is None else str(value)

"""The comparison of a folder's runs as one page that asks nothing of any other place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from asuc.nonmem_report.tables import check_table, element_table, subject_table
from asuc.validation.page import Section, validation_page
from asuc.validation.report_table import ReportTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from nonmem_ref.comparison.compare import Comparison
    from pkpd.figures.sheet import Drawing

_VERDICTS = {
    "agree": "NONMEM and this engine agree.",
    "differ": "NONMEM and this engine differ.",
    "not comparable": "No run can be judged; each says why.",
}


def comparison_page(
    runs: Sequence[tuple[Comparison, tuple[Drawing, ...], tuple[str, ...]]],
    document: Mapping[str, Any],
    *,
    facts: Sequence[tuple[str, str]],
) -> str:
    """Return the page.

    Parameters
    ----------
    runs : sequence of (Comparison, drawings, sentences)
        Each run with its figures, and what is not drawn.
    document : mapping
        The comparison (`asuc-nonmem-compare/1`).
    facts : sequence of (str, str)
        Files with their hashes, versions, and when.
    """
    rows = tuple((one.name, one.verdict, *_counts(one), one.reason) for one, _, _ in runs)
    summary = ReportTable(
        "runs",
        "Runs of the folder. Where one differs, the folder does.",
        ("Run", "Verdict", "Pass", "Fail", "Not compared", "In a sentence"),
        rows,
    )
    names = run_names([one for one, _, _ in runs])
    sections = [
        Section("summary", "Summary", (_VERDICTS[document["verdict"]],), tables=(summary,)),
        *(
            section
            for (one, drawings, left_out), name in zip(runs, names, strict=True)
            for section in _sections(one, name, drawings, left_out)
        ),
    ]
    return validation_page(
        f"NONMEM runs recomputed: {document['verdict']}",
        "Each run is evaluated at NONMEM's final estimates and fitted again from its initial ones; every quantity stands beside NONMEM's with its tolerance.",
        sections,
        warnings=(),
        facts=facts,
    )


def run_names(runs: Sequence[Comparison]) -> list[str]:
    """Return a name of each run for files and anchors, of letters, digits, hyphens and underscores, each another."""
    found: list[str] = []
    for one in runs:
        name = re.sub(r"[^A-Za-z0-9_]+", "-", one.name).strip("-") or "run"
        found.append(name if name not in found else f"{name}-{len(found) + 1}")
    return found


def _sections(
    one: Comparison, name: str, drawings: tuple[Drawing, ...], left_out: tuple[str, ...]
) -> Iterator[Section]:
    """Yield the parts of a run: verdicts with figures, then its subjects."""
    tables = tuple(table for table in (check_table(one, name), element_table(one, name)) if table is not None)
    yield Section(
        f"run-{name}", f"{one.name}: {one.verdict}", (one.reason,), tables=tables, drawings=drawings, notes=left_out
    )
    subjects = subject_table(one, name)
    if subjects is not None:
        yield Section(f"subjects-{name}", f"{one.name}: subjects", tables=(subjects,))


def _counts(one: Comparison) -> tuple[int, int, int]:
    verdicts = [check.verdict.value for check in one.checks]
    return verdicts.count("pass"), verdicts.count("fail"), verdicts.count("skipped")

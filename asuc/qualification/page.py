"""A qualification as one page that asks nothing of any other place, to be signed and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asuc.qualification.document import HASH
from asuc.validation.page import Section, validation_page
from asuc.validation.report_table import ReportTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PARTS = (
    ("IQ", "installation", "Installation"),
    ("OQ", "operation", "Operation: the same results computed another way"),
    ("RQ", "reference", "Reference folders"),
    ("PQ", "performance", "Performance"),
)
_NOTES = {
    "OQ": "Nothing on the other side of a comparison is the engine's: plain formulas, dense grids, and solvers of differential equations.",
    "RQ": "Numbers of others are not shipped. What is absent was not checked, which is no failure; “recorded” is a fact without a verdict.",
    "PQ": "Ratios to a plain implementation of the same formula in the same run; they depend little on the machine.",
}
_SIGNATURES = ("Performed by", "Reviewed by", "Approved by")
_VERDICTS = {"pass": "Every check that has a verdict passed.", "fail": "Some checks failed: {failed}."}


def qualification_page(document: Mapping[str, Any]) -> str:
    """Return the page of a qualification (`asuc-qualify/1`)."""
    environment: dict[str, str] = document["environment"]
    verdict = _VERDICTS[document["verdict"]].format(failed=", ".join(document["failed"]))
    sections = [
        Section("verdict", "Verdict", (verdict, *_paragraphs(document)), tables=(_counts(document), _signatures())),
        *_check_sections(document["checks"]),
        _traceability(document["traceability"]),
        Section("packages", "Packages", tables=(_packages(document["packages"]),)),
    ]
    failed: list[str] = document["failed"]
    facts = (
        ("SHA-256 of this qualification", document[HASH]),
        *((name[0].upper() + name[1:], value) for name, value in environment.items()),
        ("SHA-256 of all files of the software", document["files_sha256"]),
        ("Computed", f"{document['computed']}, in {document['seconds']:g} s"),
    )
    return validation_page(
        f"Qualification of {environment['software']}: {document['verdict']}",
        f"Installation and operation on {environment['host']}, {document['computed']}.",
        sections,
        warnings=tuple(f"{code} failed." for code in failed),
        facts=facts,
    )


def _paragraphs(document: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"Signatures below are for the document with SHA-256 {document[HASH]} (qualification.json; "
        "its own hash is that of its text without the hash)."
    )
    yield "A qualification says that this installation computes what it should on this machine; it does not validate any use of it."


def _counts(document: Mapping[str, Any]) -> ReportTable:
    rows = tuple((name, int(n)) for name, n in document["counts"].items())
    return ReportTable("counts", "Checks by verdict.", ("Verdict", "Checks"), rows)


def _signatures() -> ReportTable:
    line = "_" * 22
    rows = tuple((role, line, line, line) for role in _SIGNATURES)
    return ReportTable("signatures", "To be signed.", ("Role", "Name", "Date", "Signature"), rows)


def _check_sections(checks: Sequence[Mapping[str, Any]]) -> Iterator[Section]:
    for prefix, key, title in _PARTS:
        rows = tuple(
            (f"{one['code']} {one['title']}", one["expected"] or "–", one["found"], one["verdict"], one["why"] or "–")
            for one in checks
            if str(one["code"]).startswith(prefix)
        )
        head = ("Check", "Expected", "Found", "Verdict", "How")
        table = ReportTable(f"{key}-checks", f"{title}: {len(rows)} checks.", head, rows)
        note = _NOTES.get(prefix)
        yield Section(key, title, tables=(table,), notes=() if note is None else (note,))


def _traceability(found: Mapping[str, Any]) -> Section:
    rows = tuple(
        (
            row["id"],
            row["text"],
            ", ".join(row["checks"]) or "–",
            _tests(row["tests"]),
            row["verdict"],
        )
        for row in found["requirements"]
    )
    where = (
        f"The tests ran here on {found['date']}."
        if found["tests_ran"] == "here"
        else f"The tests ran with the release, {found['software']}, on {found['date']}; --tests runs them here, in a source tree."
    )
    head = ("Requirement", "In a sentence", "Checks", "Tests", "Verdict")
    table = ReportTable("requirements", "From requirement to test to result.", head, rows)
    note = "“no test” is a requirement that nothing speaks for yet. Tests are named by file and name; of several cases the worst counts."
    return Section("traceability", "Traceability", (where,), tables=(table,), notes=(note,))


def _tests(tests: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {ended}" for name, ended in tests.items()) or "no test"


def _packages(packages: Sequence[Mapping[str, Any]]) -> ReportTable:
    rows = tuple(
        (one["name"], one["version"], int(one["files"]), one["record_sha256"] or "no list") for one in packages
    )
    return ReportTable(
        "packages", f"{len(rows)} packages.", ("Package", "Version", "Files", "SHA-256 of its list of files"), rows
    )

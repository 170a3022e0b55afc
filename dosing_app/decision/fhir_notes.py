"""What is said about a bundle as a whole: how its times were taken, and what was not read."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from dosing_app.decision import case_tree
from dosing_app.decision.fhir_entries import READ_TYPES
from dosing_app.decision.fhir_faults import LeftOutError
from dosing_app.decision.fhir_infusions import drug_word, how_infliximab_is_named
from dosing_app.language import message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.case_tree import Tree
    from dosing_app.decision.fhir_entries import Entry
    from dosing_app.decision.fhir_times import Moment
    from dosing_app.language import Message

_MORE_PAGES = "next"
_MOST_NAMES = 5
# Read, looked up, or noted in words of their own.
_NOTED = frozenset({"Patient", "Medication", "MedicationRequest", *READ_TYPES})


def notes_on_times(starts: Sequence[Moment], draws: Sequence[Moment]) -> list[Message]:
    """Return what was assumed about times that are not all written alike.

    Parameters
    ----------
    starts : sequence of Moment
        When infusions began.
    draws : sequence of Moment
        When results were measured.
    """
    timed = [moment for moment in (*starts, *draws) if moment.at is not None]
    offsets = {moment.offset for moment in timed if moment.offset is not None}
    n_without = sum(moment.offset is None for moment in timed)
    notes: list[Message] = []
    if any(start.at is None for start in starts) and timed:
        has_usual_time = any(start.at is not None for start in starts)
        notes.append(message("fhir.dates_and_times") if has_usual_time else message("fhir.dates_only"))
    if len(offsets) > 1:
        notes.append(message("fhir.offsets"))
    if n_without:
        notes.append(message("fhir.no_offset", count=n_without))
    return notes


def other_drugs(entries: Sequence[Entry]) -> list[Message]:
    """Return the names of the drugs that were given and are not infliximab, so that a misread one is noticed."""
    words: set[str] = set()
    for entry in entries:
        if entry.kind != "MedicationAdministration":
            continue
        with suppress(LeftOutError):
            if how_infliximab_is_named(entry, entries) == "not":
                words.add(drug_word(entry, entries))
    names = sorted(words - {""})[:_MOST_NAMES]
    return [message("fhir.other_drugs_named", names=", ".join(names))] if names else []


def notes_on_the_rest(
    bundle: Tree, entries: Sequence[Entry], *, n_administrations: int, n_unnamed: int
) -> list[Message]:
    """Return what is to be said about what nothing in the case came from.

    Parameters
    ----------
    bundle : dict
        The bundle itself.
    entries : sequence of Entry
        Its resources, without copies.
    n_administrations : int
        How many administrations of infliximab there are, read or noted one by one.
    n_unnamed : int
        How many resources name no patient.
    """
    kinds = Counter(entry.kind for entry in entries)
    n_others = kinds["MedicationAdministration"] - n_administrations
    notes = [message("fhir.other_drugs", count=n_others), *other_drugs(entries)] if n_others else []
    if kinds["MedicationRequest"]:
        notes.append(message("fhir.requests", count=kinds["MedicationRequest"]))
    rest = sorted(kind for kind in kinds if kind and kind not in _NOTED)
    if rest:
        notes.append(message("fhir.other_types", types=", ".join(f"{kind} ({kinds[kind]})" for kind in rest)))
    if n_unnamed:
        notes.append(message("fhir.no_subject", count=n_unnamed))
    if any(link.get("relation") == _MORE_PAGES for _, link in case_tree.rows_of(bundle, "link")):
        notes.append(message("fhir.more_pages"))
    return notes

"""The reader of an HL7 FHIR R4 (4.0.1) bundle: a patient case, and what was read, left out, converted or assumed.

Read are completed medication administrations of infliximab, observations of infliximab levels and of the covariates at
the first infusion, and sex and age of the patient. Names, identifiers, addresses and contacts are never read, and no
note or error repeats them. An infusion or a level that cannot be read without doubt is refused, since a case without it
would be of another patient; a covariate is left out, since a case shows that it is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dosing_app.decision import case_tree
from dosing_app.decision.fhir_baseline import baseline_of, patient_facts
from dosing_app.decision.fhir_entries import entries_of, the_patient, without_copies
from dosing_app.decision.fhir_faults import BundleError, Finding, LeftOutError, RefusedError, figure, note_at
from dosing_app.decision.fhir_infusions import Infusion, how_infliximab_is_named, read_infusion
from dosing_app.decision.fhir_json import read_bundle_tree
from dosing_app.decision.fhir_notes import notes_on_the_rest, notes_on_times, other_drugs
from dosing_app.decision.fhir_results import LEVEL, Result, analyte_of, read_result
from dosing_app.decision.fhir_samples import plain, samples_of
from dosing_app.decision.fhir_times import clock_for, zone_of
from dosing_app.language import message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dosing_app.decision.case_tree import Tree
    from dosing_app.decision.fhir_entries import Entry
    from dosing_app.decision.fhir_times import Clock
    from dosing_app.language import Message


@dataclass(frozen=True, slots=True)
class BundleReading:
    """What a bundle says.

    Parameters
    ----------
    tree : dict
        A case of schema ``asuc-case/1`` as plain dictionaries and lists, which ``read_case`` takes as it is.
    notes : tuple of Message
        What was left out, converted or assumed, in the order of infusions, levels, covariates, patient and the rest.
    """

    tree: dict[str, object]
    notes: tuple[Message, ...]


def read_bundle(source: bytes | str) -> BundleReading:
    """Read one bundle of one patient.

    Parameters
    ----------
    source : bytes or str
        The JSON document in UTF-8, or as text.

    Returns
    -------
    BundleReading
        The case and the notes. Day 0 is the start of the first infusion; there is no planned infusion, and the present
        time is left to its default.

    Raises
    ------
    BundleError
        With every problem found, each naming the resource by its place in the bundle.
    """
    bundle = read_bundle_tree(source)
    entries, of_copies = without_copies(entries_of(bundle))
    patient, n_unnamed = the_patient(entries)
    infusions, left_out, problems = _infusions(entries)
    if not infusions and not problems:
        # Why each administration that could be one was left out is then what counts.
        others = [Finding("Bundle", said) for said in other_drugs(entries)]
        problems = [Finding("Bundle", message("fhir.no_infusion")), *others, *left_out]
    results, of_results, others = _results(entries)
    problems += others
    if not infusions:
        raise BundleError(problems)
    starts = [infusion.start for infusion in infusions]
    clock = clock_for(starts, zone_of([*starts, *(result.drawn for result in results)]))
    doses, of_doses, others = _doses(infusions, clock)
    problems += others
    samples = samples_of([result for result in results if result.analyte.name == LEVEL], starts, clock)
    problems += samples.problems
    if problems:
        raise BundleError(problems)
    baseline, facts = baseline_of(results, clock), patient_facts(patient, clock.start.on)
    tree: dict[str, object] = {
        "schema": "asuc-case/1",
        "covariates": {**baseline.covariates, **facts.covariates},
        "doses": doses,
        "samples": list(samples.rows),
        "start_date": clock.start.on.isoformat(),
    }
    if clock.start.at is not None:
        tree["start_time"] = clock.start.at.strftime("%H:%M")
    notes = (
        *(note_at(*finding) for finding in left_out),
        *of_doses,
        *of_results,
        *samples.notes,
        *baseline.notes,
        *facts.notes,
        *of_copies,
        *notes_on_times(starts, [result.drawn for result in results]),
        *notes_on_the_rest(bundle, entries, n_administrations=len(infusions) + len(left_out), n_unnamed=n_unnamed),
    )
    return BundleReading(tree, notes)


def _infusions(entries: Sequence[Entry]) -> tuple[list[Infusion], list[Finding], list[Finding]]:
    """Return the infusions of infliximab, why others were left out, and why some cannot be read."""
    read: list[Infusion] = []
    left_out: list[Finding] = []
    problems: list[Finding] = []
    for entry in entries:
        if entry.kind != "MedicationAdministration":
            continue
        try:
            named = how_infliximab_is_named(entry, entries)
            if named != "not":
                read.append(read_infusion(entry, named))
        except LeftOutError as error:
            left_out.append(Finding(entry.place, error.said))
        except RefusedError as error:
            problems.append(Finding(entry.place, error.said))
    return read, left_out, problems


def _results(entries: Sequence[Entry]) -> tuple[list[Result], list[Message], list[Finding]]:
    """Return the results that a case has a place for, notes on those that are left out, and problems of levels."""
    read: list[Result] = []
    notes: list[Message] = []
    problems: list[Finding] = []
    n_others = 0
    for entry in entries:
        if entry.kind != "Observation":
            continue
        found = None
        try:
            found = analyte_of(entry)
            if found is None:
                n_others += 1
            else:
                read.append(read_result(entry, found[0], is_by_text=found[1]))
        except LeftOutError as error:
            notes.append(note_at(entry.place, error.said))
        except RefusedError as error:
            if found and found[0].name == LEVEL:
                problems.append(Finding(entry.place, error.said))
            else:
                notes.append(note_at(entry.place, message("fhir.left_out", why=error.said)))
    if n_others:
        notes.append(message("fhir.other_observations", count=n_others))
    return read, notes, problems


def _doses(infusions: Sequence[Infusion], clock: Clock) -> tuple[list[Tree], list[Message], list[Finding]]:
    """Return the doses of a case in time order, notes on them, and those that a case cannot hold."""
    rows: dict[float, Infusion] = {}
    notes: list[Message] = []
    problems: list[Finding] = []
    for infusion in sorted(infusions, key=lambda infusion: clock.day_of(infusion.start)):
        day = clock.day_of(infusion.start)
        notes += infusion.notes
        if infusion.start.at is None:
            notes.append(note_at(infusion.place, message("fhir.date_only", day=figure(day))))
        if case_tree.day(day) is None:
            problems.append(Finding(infusion.place, message("fhir.too_late", day=figure(round(day, 2)))))
        elif day in rows:
            problems.append(Finding(infusion.place, message("fhir.same_time", other=rows[day].place)))
        else:
            rows[day] = infusion
    return [_dose(day, infusion) for day, infusion in rows.items()], notes, problems


def _dose(day: float, infusion: Infusion) -> Tree:
    amount, hours = plain(infusion.amount_mg), plain(infusion.duration_hour)
    return {"time_day": plain(day), "amount_mg": amount, "duration_hour": hours}

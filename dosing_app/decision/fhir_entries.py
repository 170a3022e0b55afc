"""The entries of an HL7 FHIR R4 bundle: where each stands, what it refers to, and the one patient they are about."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from dosing_app.decision.case_tree import Tree, as_object
from dosing_app.decision.fhir_faults import BundleError, Finding, LeftOutError, RefusedError, note_at
from dosing_app.decision.fhir_resources import Subject, read_element
from dosing_app.language import message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dosing_app.language import Message

READ_TYPES = ("MedicationAdministration", "Observation")
"""The resources that rows of a case come from."""
_TYPE_NAME = re.compile(r"[A-Z][A-Za-z]{2,40}", re.ASCII)
_HISTORY = re.compile(r"/_history/[^/]*$")
_R4 = re.compile(r"4\.[0-3](\..*)?")
# Profiles of a country or a programme have version numbers of their own, which say nothing about that of FHIR.
_PROFILE_OF_ANOTHER = re.compile(r"hl7\.org/fhir/([1235]\.\d|StructureDefinition/[A-Za-z]+\|[1235]\.)", re.ASCII)
# Keys of the resources above that R4 does not have: of R5, and of DSTU2 and STU3.
_KEYS_OF_OTHERS = frozenset(
    {"medication", "occurenceDateTime", "occurencePeriod", "occurrenceDateTime", "occurrencePeriod", "notGiven"}
    | {"wasNotGiven", "effectiveTimeDateTime", "effectiveTimePeriod"}
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource of a bundle.

    Parameters
    ----------
    place : str
        Where it stands, such as ``entry[3] Observation``.
    kind : str
        Its type; nothing where there is none.
    resource : dict
        The resource itself.
    url : str
        Its ``fullUrl``; nothing where there is none.
    """

    place: str
    kind: str
    resource: Tree
    url: str

    def names(self) -> frozenset[str]:
        """Return what a reference to this entry may say."""
        own = self.resource.get("id")
        relative = f"{self.kind}/{own}" if isinstance(own, str) and own else ""
        return frozenset(name for name in (self.url, relative) if name)


def entries_of(bundle: Tree) -> tuple[Entry, ...]:
    """Return the resources of a bundle in their order.

    Parameters
    ----------
    bundle : dict
        A JSON object.

    Returns
    -------
    tuple of Entry
        Entries without a resource are passed over.

    Raises
    ------
    BundleError
        The object is no bundle, of another version than R4, or a history, which holds several versions of resources.
    """
    said = _why_no_bundle(bundle)
    if said:
        raise BundleError([Finding("Bundle", said)])
    rows = bundle.get("entry")
    if rows is not None and not isinstance(rows, list):
        raise BundleError([Finding("Bundle", message("fhir.element", element="entry"))])
    entries = tuple(_entries(cast("list[object]", rows or [])))
    others = [entry for entry in entries if entry.kind in READ_TYPES and _is_of_another_version(entry.resource)]
    if others:
        raise BundleError([Finding(entry.place, message("fhir.other_version")) for entry in others])
    return entries


def without_copies(entries: Sequence[Entry]) -> tuple[tuple[Entry, ...], tuple[Message, ...]]:
    """Return the entries without those that repeat another one to the letter, and a note for each of these."""
    places: dict[str, str] = {}
    kept: list[Entry] = []
    notes: list[Message] = []
    for entry in entries:
        content = json.dumps(entry.resource, sort_keys=True)
        if content not in places:
            kept.append(entry)
        elif entry.kind in READ_TYPES:
            notes.append(note_at(entry.place, message("fhir.copy", other=places[content])))
        places.setdefault(content, entry.place)
    return tuple(kept), tuple(notes)


def the_patient(entries: Sequence[Entry]) -> tuple[Entry | None, int]:
    """Return the patient of a bundle, and how many of its resources name none.

    Parameters
    ----------
    entries : sequence of Entry
        Without copies.

    Returns
    -------
    tuple of Entry or None, and int
        None where the bundle holds no such resource.

    Raises
    ------
    BundleError
        The bundle is about several patients. Nothing that names one of them is repeated.
    """
    patients = [entry for entry in entries if entry.kind == "Patient"]
    subjects = [_subject_of(entry) for entry in entries if entry.kind in READ_TYPES]
    known = {name for patient in patients for name in patient.names()}
    strangers = {subject for subject in subjects if subject and not known & {subject, _relative(subject, patients)}}
    if len(patients) > 1 or len(strangers) > (0 if known else 1):
        raise BundleError([Finding("Bundle", message("fhir.several_patients"))])
    return (patients[0] if patients else None), subjects.count("")


def referred_medication(entry: Entry, reference: str, entries: Sequence[Entry]) -> Tree | None:
    """Return the medication that a reference names, from within the resource or from the bundle; None where absent."""
    if reference.startswith("#"):
        contained = entry.resource.get("contained")
        inner = [as_object(item) for item in cast("list[object]", contained)] if isinstance(contained, list) else []
        return next((item for item in inner if item.get("id") == reference[1:]), None)
    medications = [other for other in entries if other.kind == "Medication"]
    wanted = {_version_free(reference), _relative(_version_free(reference), medications)}
    return next((other.resource for other in medications if other.names() & wanted), None)


def refuse_what_changes_meaning(entry: Entry) -> None:
    """Check that nothing in a resource changes its meaning in a way that only its writer knows.

    Raises
    ------
    LeftOutError
        R4 forbids reading a resource with a modifier extension or with rules of its own.
    """
    if entry.resource.get("modifierExtension") or entry.resource.get("implicitRules"):
        raise LeftOutError(message("fhir.modifier"))


def _why_no_bundle(bundle: Tree) -> Message | None:
    kind, version = bundle.get("resourceType"), bundle.get("fhirVersion")
    if kind != "Bundle":
        is_name = isinstance(kind, str) and _TYPE_NAME.fullmatch(kind)
        return message("fhir.not_a_bundle", kind=str(kind)) if is_name else message("fhir.no_fhir")
    if (version is not None and not (isinstance(version, str) and _R4.fullmatch(version))) or _is_of_another_version(
        bundle
    ):
        return message("fhir.other_version")
    return message("fhir.history") if bundle.get("type") == "history" else None


def _is_of_another_version(resource: Tree) -> bool:
    profiles = as_object(resource.get("meta")).get("profile")
    named = cast("list[object]", profiles) if isinstance(profiles, list) else [profiles]
    has_profile = any(isinstance(name, str) and _PROFILE_OF_ANOTHER.search(name) for name in named)
    return has_profile or not _KEYS_OF_OTHERS.isdisjoint(resource)


def _entries(rows: Sequence[object]) -> Iterator[Entry]:
    for row, item in enumerate(rows):
        entry = as_object(item)
        resource, url = as_object(entry.get("resource")), entry.get("fullUrl")
        kind = resource.get("resourceType")
        is_name = isinstance(kind, str) and _TYPE_NAME.fullmatch(kind)
        name = str(kind) if is_name else ""
        if resource:
            yield Entry(
                f"entry[{row}] {name}".strip(), name, resource, _version_free(url) if isinstance(url, str) else ""
            )


def _subject_of(entry: Entry) -> str:
    """Return whom a resource names as its subject; nothing for one inside the resource or none at all."""
    try:
        subject = read_element(Subject, entry.resource).subject
    except RefusedError:
        return ""
    named = (subject.reference if subject else None) or ""
    return "" if named.startswith("#") else _version_free(named)


def _version_free(reference: str) -> str:
    return _HISTORY.sub("", reference)


def _relative(reference: str, targets: Sequence[Entry]) -> str:
    """Return the type and id of an absolute reference, where no target has an address that could contradict it."""
    has_addresses = any(target.url.startswith("http") for target in targets)
    return reference if has_addresses else "/".join(reference.split("/")[-2:])

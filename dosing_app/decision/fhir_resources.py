# ruff: noqa: N815 - the names of the fields are those of FHIR
"""The few elements of HL7 FHIR R4 (4.0.1) resources that a patient case is made from.

Written here rather than taken from the package fhir.resources: its nearest models (R4B) do not check what matters for
a case, such as the comparator of a quantity, and they read names and identifiers, which must never be kept.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dosing_app.decision.fhir_faults import RefusedError
from dosing_app.language import message

_ATC = re.compile(r"\batc\b|2\.16\.840\.1\.113883\.6\.73$")
# Strict reading takes no list for a tuple without this.
_NotStrict = Field(strict=False)


class Element(BaseModel):
    """What every element has in common: immutable, no conversion of types, whatever is not named here is passed over."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False)


ElementType = TypeVar("ElementType", bound=Element)


class Coding(Element):
    """A code of a system."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class CodeableConcept(Element):
    """A concept by codes, by text, or both."""

    coding: Annotated[tuple[Coding, ...], _NotStrict] | None = None
    text: str | None = None

    def codes_of(self, system: str) -> set[str]:
        """Return the codes of a system."""
        return {coding.code for coding in self.coding or () if coding.system == system and coding.code}

    def atc_codes(self) -> set[str]:
        """Return the codes of the ATC classification, which countries publish under addresses of their own."""
        codings = self.coding or ()
        return {coding.code for coding in codings if coding.code and _ATC.search((coding.system or "").lower())}

    def first_word(self) -> str:
        """Return the first word of the first display or of the text, or else the first code; nothing without any.

        One word, since what people write behind the name of a drug may name somebody.
        """
        texts = [*(coding.display for coding in self.coding or ()), self.text, *(c.code for c in self.coding or ())]
        return next((text.split()[0] for text in texts if text and text.strip()), "")

    def words(self) -> str:
        """Return every text for a reader, in small letters."""
        texts = [self.text, *(coding.display for coding in self.coding or ())]
        return "\n".join(text for text in texts if text).lower()


class Reference(Element):
    """A reference to a resource."""

    reference: str | None = None
    display: str | None = None


class Quantity(Element):
    """A number with its unit; the bounds keep exact conversion within what a float holds."""

    value: Annotated[float, Field(gt=-1e12, lt=1e12)] | None = None
    comparator: Literal["<", "<=", ">=", ">"] | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Ratio(Element):
    """One quantity for each of another."""

    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Period(Element):
    """A time from start to end."""

    start: str | None = None
    end: str | None = None


class Dosage(Element):
    """How much was given, how fast and by which route."""

    route: CodeableConcept | None = None
    dose: Quantity | None = None
    rateRatio: Ratio | None = None
    rateQuantity: Quantity | None = None


class MedicationAdministration(Element):
    """An administration; its status and its medication are looked at before the rest is read."""

    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    dosage: Dosage | None = None


class NamedMedication(Element):
    """Which medication an administration was of."""

    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None


class Medication(Element):
    """A medication that an administration refers to."""

    code: CodeableConcept | None = None


class Coded(Element):
    """What an observation is about."""

    code: CodeableConcept


class Observation(Element):
    """An observation; what it is about and its status are looked at before the rest is read."""

    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    effectiveInstant: str | None = None
    valueQuantity: Quantity | None = None
    valueString: str | None = None


class Subject(Element):
    """Whom a resource is about."""

    subject: Reference | None = None


class Patient(Element):
    """The only two elements of a patient that are read."""

    gender: str | None = None
    birthDate: str | None = None


def read_element(element: type[ElementType], resource: object) -> ElementType:
    """Return the elements of a resource that are read.

    Parameters
    ----------
    element : type of Element
        Which ones.
    resource : object
        The resource as plain dictionaries and lists, whatever it holds.

    Raises
    ------
    RefusedError
        Naming the first element that is not as R4 has it, and never its value.
    """
    try:
        return element.model_validate(resource)
    except ValidationError as error:
        path = ".".join(str(step) for step in error.errors(include_url=False, include_input=False)[0]["loc"])
        raise RefusedError(message("fhir.element", element=path or element.__name__)) from None

"""Inputs of the models from a database in the OMOP common data model."""

from __future__ import annotations

from crohns_srs.omop.database import Database, open_database
from crohns_srs.omop.drugs import Biologic
from crohns_srs.omop.input_value import InputValue, SourceRecord
from crohns_srs.omop.listing import Listed, Listing, people
from crohns_srs.omop.options import ReadOptions
from crohns_srs.omop.person_inputs import KEYS, PersonInputs, read_people, stream_inputs
from crohns_srs.omop.reason import Said
from crohns_srs.omop.vocabulary import Vocabulary, read_vocabulary

__all__ = [
    "KEYS",
    "Biologic",
    "Database",
    "InputValue",
    "Listed",
    "Listing",
    "PersonInputs",
    "ReadOptions",
    "Said",
    "SourceRecord",
    "Vocabulary",
    "open_database",
    "people",
    "read_people",
    "read_vocabulary",
    "stream_inputs",
]

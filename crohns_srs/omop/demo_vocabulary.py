"""The vocabulary of the demonstration database as rows of its tables."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crohns_srs.omop.tables import CONCEPT, CONCEPT_ANCESTOR, CONCEPT_RELATIONSHIP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Table

_FILE = Path(__file__).resolve().parents[1] / "library" / "omop_demo_vocabulary.toml"


def vocabulary_rows() -> Iterator[tuple[Table, dict[str, Any]]]:
    """Yield every row with its table."""
    data = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    for one, name, domain, vocabulary, kind, standard, code in data["concepts"]:
        row = {"concept_id": one, "concept_name": name, "domain_id": domain, "vocabulary_id": vocabulary}
        row |= {"concept_class_id": kind, "standard_concept": standard or None, "concept_code": code}
        yield CONCEPT, row
        if standard:
            yield CONCEPT_ANCESTOR, {"ancestor_concept_id": one, "descendant_concept_id": one}
    for ancestor, below in data["ancestors"]:
        for one in below:
            yield CONCEPT_ANCESTOR, {"ancestor_concept_id": ancestor, "descendant_concept_id": one}
    for one, relationship, other in data["relationships"]:
        yield CONCEPT_RELATIONSHIP, {"concept_id_1": one, "relationship_id": relationship, "concept_id_2": other}

"""What the classes of all documents share that commands write, and their JSON Schema as text."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Number = Annotated[float, Field(allow_inf_nan=False)]
MaybeNumber = Number | None
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
MaybeProbability = Probability | None


class Section(BaseModel):
    """A part of a document: it has the keys that it names, and no other."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def json_schema_text(document: type[BaseModel], note: str) -> str:
    """Return the JSON Schema of a document as text, as the files of ``docs/schema`` hold it.

    Parameters
    ----------
    document : class of BaseModel
        Has a key ``schema`` with one value, which is the title.
    note : str
        What the document is, in a sentence.
    """
    schema: dict[str, Any] = document.model_json_schema(by_alias=True)
    kept = {key: value for key, value in schema.items() if key not in ("title", "description")}
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": schema["properties"]["schema"]["const"],
        "description": note,
    }
    return json.dumps({**head, **kept}, indent=2) + "\n"

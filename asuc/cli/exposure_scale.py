"""Whether the exposure beside event times is on the scale of an event model, from the document that `asuc exposure` left with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from asuc.fit_report.documents import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tte.model.event_model import EventModel

_RESULT, _SCHEMA = "exposure.json", "asuc-exposure/1"
_CLOSE = 1e-9


def exposure_remarks(events: Path, model: EventModel) -> Iterator[str]:
    """Yield what speaks against the exposure beside event times; nothing where no document lies there.

    Parameters
    ----------
    events : Path
        File of event times.
    model : EventModel
        Event model whose ``pk_models`` the exposure should be of, at their published values, as the app computes it.
    """
    from pkpd.model import load_model  # noqa: PLC0415 - the engine loads after the words are read
    from pkpd.model.population import population_parameters  # noqa: PLC0415

    try:
        document = mapping(json.loads(events.with_name(_RESULT).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return
    if document.get("schema") != _SCHEMA:
        return
    known = {(spec := load_model(name)).sha256: spec for name in model.pk_models}
    found = known.get(str(document.get("model_sha256")))
    if found is None:
        expected = " or ".join(model.pk_models) or "none that its file names"
        yield (
            f"The exposure was computed with another pharmacokinetic model ({_RESULT}) than {model.id} is for: {expected}."
        )
    else:
        own, values = {one.name: one.value for one in population_parameters(found)}, mapping(document.get("values"))
        changed = [name for name, value in own.items() if not _is_close(values.get(name), value)]
        if changed:
            yield (
                f"The exposure was computed with other values of {', '.join(changed)} ({_RESULT}) than those of {found.id}, with which the app "
                "computes it; compute it without --fit and --init."
            )
    if regimen := document.get("hypothetical_regimen"):
        yield f"The exposure is that of a hypothetical regimen, {regimen} ({_RESULT}), not of the doses given."


def _is_close(found: object, expected: float) -> bool:
    return isinstance(found, (int, float)) and abs(found - expected) <= _CLOSE * abs(expected)

"""Sending the browser only what changed: most inputs change a few outputs, and each one costs it a redrawing."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from plotly.io.json import to_json_plotly  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from dosing_app.ui.elements import no_update

if TYPE_CHECKING:
    from collections.abc import Mapping

Digests = dict[str, Any]
"""Digest of what the browser was last sent, for every output by name, nested as the outputs are."""

_DIGEST_BYTES = 8


class Group(dict[str, Any]):
    """Outputs that belong together, as opposed to a dictionary that is the value of one."""


def only_changed(outputs: Mapping[str, Any], shown: Mapping[str, Any]) -> tuple[Group, Digests]:
    """Leave out what the browser shows already.

    Parameters
    ----------
    outputs : dict
        Values of the outputs by name, one dictionary within another at will; ``no_update`` for what is to stay.
    shown : dict
        Digests of what the browser shows, from the call before; empty at first.

    Returns
    -------
    tuple of Group and Digests
        The outputs with ``no_update`` in place of what is shown already, and the digests for the next call.
    """
    changed = Group()
    digests: Digests = {}
    for name, value in outputs.items():
        before = shown.get(name)
        if isinstance(value, Group):
            changed[name], digests[name] = only_changed(value, before or {})
        elif value is no_update:
            changed[name], digests[name] = no_update, before
        else:
            digests[name] = _digest(value)
            changed[name] = no_update if digests[name] == before else value
    return changed, digests


def _digest(value: object) -> str:
    return blake2b(str(to_json_plotly(value)).encode(), digest_size=_DIGEST_BYTES).hexdigest()

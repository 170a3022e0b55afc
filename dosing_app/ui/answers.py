"""What the callbacks ask of the engine, by the JSON of a valid case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dosing_app.decision.optimize_result import OptimizeResult
    from dosing_app.decision.sensitivity import ModelAverage
    from dosing_app.decision.view import View


@dataclass(frozen=True, slots=True)
class Answers:
    """The engine as the screen sees it.

    Parameters
    ----------
    view : callable
        From the JSON of a case to everything that is shown of it.
    regimens : callable
        To the search of its regimens.
    models : callable
        To what every model says of it.
    """

    view: Callable[[str], View]
    regimens: Callable[[str], OptimizeResult]
    models: Callable[[str], ModelAverage]

"""All subjects, and those at the usual landmark beside them: who they are, and the same analysis of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from asuc.cli.figure_files import FOLDER, forget_figures, write_figures
from asuc.cli.output import report
from asuc.cli.progress import shown_progress
from pkpd.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from pkpd.figures.sheet import Drawing
    from tte.data.events import Events, Landmark

    Tell = Callable[[float], None]

USUAL_LANDMARK = 28.0
"""Day of the landmark that stands beside all subjects [day]: the end of the window of exposure of Niyigena 2026."""
_MOST_NAMED = 1000
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class EventPopulation:
    """Subjects that an analysis is made of.

    Parameters
    ----------
    events : Events
        Their event times.
    landmark : Landmark or None
        The landmark that they are at; None for all subjects.
    is_beside : bool
        Whether they stand beside others, so that their files need a name of their own.
    """

    events: Events
    landmark: Landmark | None
    is_beside: bool = False

    @property
    def day(self) -> float:
        """Return the day from which on they are at risk, 0 for all subjects."""
        return 0.0 if self.landmark is None else self.landmark.day

    @property
    def name(self) -> str:
        """Return what they are called in tables."""
        return "all" if self.landmark is None else f"landmark {self.day:g}"

    @property
    def called(self) -> tuple[str, str]:
        """Return what ends the names of their figures, and who they are in words; nothing of those who stand first."""
        return (f"landmark-{self.day:g}", f"at risk after day {self.day:g}") if self.is_beside else ("", "")

    def file(self, folder: Path, name: str) -> Path:
        """Return the file of these subjects, such as ``trace-landmark-28.csv`` for ``trace.csv``."""
        stem, _, ending = name.rpartition(".")
        return folder / (f"{stem}-{self.called[0]}.{ending}" if self.is_beside else name)


def populations(
    events: Events, landmark: Landmark | None, *, refusal: str, needs_event: bool = True
) -> tuple[EventPopulation, ...]:
    """Return those asked for, and where these are all, those at the usual landmark as well.

    Parameters
    ----------
    events : Events
        Event times of those asked for.
    landmark : Landmark or None
        The landmark where one was asked for, so that nobody stands beside.
    refusal : str
        Begins the sentence on standard error where nobody can stand beside, such as "Not fitted to".
    needs_event : bool
        Whether an analysis needs an event.
    """
    own = EventPopulation(events, landmark)
    if landmark is not None:
        return (own,)
    from tte.data.events import landmark as at_day  # noqa: PLC0415 - the engine loads after the words are read

    try:
        found = at_day(events, USUAL_LANDMARK)
    except InputError as error:
        _refuse(refusal, error.problems[0].message)
        return (own,)
    if needs_event and found.events.n_events == 0:
        _refuse(refusal, f"none of the {found.events.n_subjects:,} at risk then has the event later.")
        return (own,)
    return own, EventPopulation(found.events, found, is_beside=True)


def side_by_side(
    people: Sequence[EventPopulation],
    analyse: Callable[[EventPopulation, Tell], _Found],
    *,
    refusal: str,
    tell: Tell = lambda _: None,
) -> list[tuple[EventPopulation, _Found]]:
    """Return an analysis of each population; one that fails beside others is left out with a sentence on standard error.

    Parameters
    ----------
    people : sequence of EventPopulation
        As ``populations``.
    analyse : callable
        Takes a population, and what is told the share done.
    refusal : str
        As ``populations``.
    tell : callable
        Told the share done of all.

    Raises
    ------
    InputError
        Where the analysis of those who stand first fails.
    """
    found: list[tuple[EventPopulation, _Found]] = []
    for k, one in enumerate(people):
        try:
            found.append((one, analyse(one, lambda share, k=k: tell((k + share) / len(people)))))
        except InputError as error:
            if not one.is_beside:
                raise
            _refuse(refusal, str(error.problems[0]))
        tell((k + 1) / len(people))
    return found


def _refuse(refusal: str, why: str) -> None:
    report(f"{refusal} those at day {USUAL_LANDMARK:g}: {why}")


def beside_entry(
    found: Sequence[tuple[EventPopulation, _Found]], key: str, document: Callable[[_Found], dict[str, Any]]
) -> dict[str, Any] | None:
    """Return what stands beside the document of all subjects, or None.

    Parameters
    ----------
    found : sequence of (EventPopulation, result)
        As ``side_by_side``.
    key : str
        Under which the result stands.
    document : callable
        Makes a document of a result.
    """
    for one, result in found:
        if one.is_beside and one.landmark is not None:
            said = {"landmark": landmark_entry(one.landmark), "sentence": one.landmark.sentence()}
            return {**said, key: document(result)}
    return None


def landmark_entry(landmark: Landmark) -> dict[str, Any]:
    """Return who was left out at a landmark, as it stands in documents."""
    return {
        "day": landmark.day,
        "n_left_out": len(landmark.left_out),
        "left_out": list(landmark.left_out[:_MOST_NAMED]),
        "n_unknown": len(landmark.unknown),
        "unknown": list(landmark.unknown[:_MOST_NAMED]),
    }


def sets_of(document: dict[str, Any], key: str, day: float | None) -> list[tuple[str, str | None, dict[str, Any]]]:
    """Return the sets of a document: what each is called, the sentence on who was left out of one beside, and its own document.

    Parameters
    ----------
    document : dict
        With its ``beside``.
    key : str
        That of the result beside.
    day : float or None
        Day of the landmark that was asked for, to which the whole document belongs.
    """
    own = "all" if day is None else f"landmark {day:g}"
    found: list[tuple[str, str | None, dict[str, Any]]] = [(own, None, document)]
    if (beside := document["beside"]) is not None:
        found.append((f"landmark {beside['landmark']['day']:g}", beside["sentence"], beside[key]))
    return found


def forget_beside(folder: Path, people: Sequence[EventPopulation], *names: str) -> None:
    """Take away files of those beside that an earlier run left, where this one has nobody beside."""
    if not any(one.is_beside for one in people):
        for name in names:
            stem, _, ending = name.rpartition(".")
            (folder / f"{stem}-landmark-{USUAL_LANDMARK:g}.{ending}").unlink(missing_ok=True)


def draw_side_by_side(
    folder: Path,
    found: Sequence[tuple[EventPopulation, _Found]],
    figures: Callable[[EventPopulation, _Found], Iterable[Drawing | str]],
) -> None:
    """Write the figures of each population into the folder's own, and say what is not drawn in their list.

    Parameters
    ----------
    folder : Path
        Folder of the results.
    found : sequence of (EventPopulation, result)
        As ``side_by_side``.
    figures : callable
        Gives the figures of one, with a sentence in place of what is not drawn.
    """
    left_out: list[str] = []
    forget_figures(folder)
    with shown_progress("Drawing") as tell:

        def drawings() -> Iterator[Drawing]:
            for k, (one, result) in enumerate(found):
                for drawn in figures(one, result):
                    if isinstance(drawn, str):
                        left_out.append(f"{one.name.capitalize()}: {drawn}" if one.is_beside else drawn)
                    else:
                        yield drawn
                tell((k + 1) / len(found))

        write_figures(folder / FOLDER, drawings(), left_out=left_out, written=lambda _: None)

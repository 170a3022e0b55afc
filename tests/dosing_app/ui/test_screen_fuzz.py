"""Whatever is typed or pasted: a case or a sentence for each mistake, never a traceback, a NaN, or a lost cell."""

from __future__ import annotations

import copy
import json
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from plotly.io.json import to_json_plotly

from dosing_app.decision.examples import example_case
from dosing_app.decision.pasted_rows import read_pasted_rows
from dosing_app.decision.patient import read_case, to_json
from dosing_app.decision.regimen_search import find_regimens
from dosing_app.decision.sensitivity import compare_models
from dosing_app.decision.view import View, compute_view
from dosing_app.language import speaking
from dosing_app.ui import update
from dosing_app.ui.answers import Answers
from dosing_app.ui.fields import FIELDS
from dosing_app.ui.reading import read_screen
from dosing_app.ui.rows import with_pasted
from dosing_app.ui.state import Screen, new_dose, new_sample, screen_from_case
from tte import load_event_model

EVENT_MODEL = load_event_model()
TYPICAL = screen_from_case(example_case("typical"))


@lru_cache(maxsize=64)
def view(case_json: str) -> View:
    return compute_view(read_case(case_json), EVENT_MODEL)


ANSWERS = Answers(
    view,
    lambda case: find_regimens(view(case).forecast.case, EVENT_MODEL),
    lambda case: compare_models(view(case).forecast.case, EVENT_MODEL),
)
NUMBERS = st.one_of(
    st.integers(-5, 5000).map(str),
    st.floats(0, 5000, allow_nan=False).map(lambda x: f"{x:.3g}"),
    st.floats(0, 100).map(lambda x: f"{x:.1f}".replace(".", ",")),
    st.sampled_from(["", " ", "1e-5", "1e400", "-0", "NaN", "inf", "1,250", "1.250,5", "٣", "½", "0x10", "1_000"]),
)
SIGNS = st.sampled_from(["", "<", ">", "≤", "≥ ", "<=", "=", "~", "±"])
UNITS = st.sampled_from(["", " mg/L", " µg/mL", " mg", " mg/kg", " g/dL", " %", " d", " h", " ng/mL", "mg/dl", " foo"])
MOMENTS = st.sampled_from(
    ["2026-01-12", "12.01.2026 8:30", "1/2/2026", "2026-13-40", "2026-01-12T25:00", "0000-01-01", "9999-12-31 23:59"]
)
TEXTS = st.one_of(
    st.tuples(SIGNS, NUMBERS, UNITS).map("".join), MOMENTS, st.text(max_size=12), st.sampled_from(["=1+1", "@cmd", "-"])
)
DOSES = st.lists(
    st.fixed_dictionaries(
        {
            "day": TEXTS,
            "date": st.one_of(st.just(""), MOMENTS, TEXTS),
            "mg": TEXTS,
            "per_kg": st.one_of(st.just(""), TEXTS),
            "hours": TEXTS,
            "status": st.sampled_from(["given", "planned"]),
        }
    ),
    max_size=4,
)
SAMPLES = st.lists(
    st.fixed_dictionaries(
        {
            "day": TEXTS,
            "date": st.just(""),
            "level": TEXTS,
            "lloq": TEXTS,
            "uloq": TEXTS,
            "exclude": st.text(max_size=5),
        }
    ),
    max_size=4,
)
TYPED = [field.name for field in FIELDS if not field.choices and field.name != "model"]


def screen_of(doses: list[dict[str, str]], samples: list[dict[str, str]], fields: dict[str, str]) -> Screen:
    return Screen(
        [{"id": f"dose{i}", **row} for i, row in enumerate(doses)],
        [{"id": f"sample{i}", "assay": "", **row} for i, row in enumerate(samples)],
        TYPICAL.fields | fields,
        {},
    )


def shown(screen: Screen, language: str) -> str:
    """Return everything that the browser would be sent, as JSON; NaN and infinity are no JSON."""
    with speaking(language):
        outputs = update._outputs(screen, ANSWERS, None, update.Look({}, with_dates=True))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    text = str(to_json_plotly(json_ready(outputs)))
    json.loads(text, parse_constant=pytest.fail)
    return text


def json_ready(outputs: Any) -> Any:
    if isinstance(outputs, dict):
        return {name: json_ready(value) for name, value in outputs.items()}
    return None if outputs is update.no_update else outputs


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DOSES, SAMPLES, st.dictionaries(st.sampled_from(TYPED), TEXTS, max_size=4), st.sampled_from(["en", "de"]))
def test_any_screen_is_answered(
    doses: list[dict[str, str]], samples: list[dict[str, str]], fields: dict[str, str], language: str
):
    screen = screen_of(doses, samples, fields)
    before = copy.deepcopy(screen)

    reading = read_screen(screen)
    text = shown(screen, language)

    assert screen == before
    assert (reading.case is None) == bool(reading.faults)
    for fault in reading.faults:
        assert fault.sentence.strip()
        assert "NaN" not in fault.sentence or "NaN" in str(before)
    assert '"label.' not in text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, st.sampled_from(["day", "mg", "hours", "per_kg"]), st.integers(0, 3))
def test_one_odd_cell_among_good_ones_is_read_or_named(typed: str, column: str, row: int):
    rows = [dict(dose) for dose in TYPICAL.doses]
    rows[row][column] = typed
    if column == "per_kg":
        rows[row]["mg"] = ""
    screen = Screen(rows, TYPICAL.samples, TYPICAL.fields, TYPICAL.kept)

    reading = read_screen(screen)

    shown(screen, "en")
    if reading.case is not None:
        again = screen_from_case(read_case(to_json(reading.case)))
        assert read_screen(again).case == reading.case
    else:
        assert reading.faults


STATUS_WORDS = {
    "gegeben",
    "geplant",
    "given",
    "planned",
    "done",
    "yes",
    "no",
    "true",
    "false",
    "x",
    "1",
    "0",
    "ja",
    "nein",
}


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(TEXTS, min_size=1, max_size=6), min_size=1, max_size=5), st.sampled_from(["\t", ";"]))
@example([["H"]], "\t")
@example([["~0 mg"], ["2026-01-12"]], "\t")
@example([["½ mg"], ["2026-01-12"]], "\t")
def test_nothing_that_is_pasted_is_lost(cells: list[list[str]], separator: str):
    cleaned = [["".join(c for c in cell if c.isprintable() and c not in '"\t;') for cell in row] for row in cells]
    text = "\n".join(separator.join(row) for row in cleaned)
    pasted = read_pasted_rows(text, "doses")
    if any(note.key == "paste.no_rows" for note in pasted.notes):
        # Nothing but headings (h, mg): the paste is refused as a whole, and that is said.
        assert pasted.rows == ()
        return
    rows = with_pasted([], pasted, new_dose)

    kept = " ".join([*(" ".join(row.values()) for row in rows), *(str(note) for note in pasted.notes)])
    filled = [row for row in cleaned if any(cell.strip() for cell in row)]
    # Words without a figure in the first line may be headings, and are no data then.
    may_be_header = bool(filled) and not any(sign.isnumeric() for cell in filled[0] for sign in cell)
    for row in filled[1:] if may_be_header else filled:
        for cell in row:
            # A word for given or planned is taken as that. What stood there in pieces, such as a date and its time, is put together; a comma may have separated cells.
            assert all(part in kept or part.lower() in STATUS_WORDS for part in cell.replace(",", " ").split())
    shown(Screen(rows, [], TYPICAL.fields, {}), "de")


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200))
@example("3000000")
@example("-1e300")
def test_any_text_can_be_pasted_as_samples(text: str):
    pasted = read_pasted_rows(text, "samples")
    rows = with_pasted(TYPICAL.samples, pasted, new_sample)

    assert rows[: len(TYPICAL.samples)] == list(TYPICAL.samples)
    assert len(rows) == len(TYPICAL.samples) + len(pasted.rows)
    assert len({row["id"] for row in rows}) == len(rows)
    shown(Screen(TYPICAL.doses, rows, TYPICAL.fields, TYPICAL.kept), "en")

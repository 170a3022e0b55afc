"""Files of runs that were damaged on the way: cut, overwritten, joined, in another encoding, or of nothing but zeros.

A file that is only read is a result whatever it holds; a run that is translated is translated or refused. Nothing else may come of it.
"""

from __future__ import annotations

import contextlib
import json
import tracemalloc
import warnings
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nonmem_ref.read import KINDS, read_artefact
from nonmem_ref.translation.translate import translate
from pkpd.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

CONTROL = """$PROBLEM two limits
$INPUT ID TIME AMT RATE DV EVID MDV WT SEX LOQ
$DATA data.csv IGNORE=@ ACCEPT=(WT.GT.0)
$SUBROUTINES ADVAN3 TRANS4
$PK
TVCL = THETA(1)*(WT/70)**0.75
IF (SEX.EQ.1) TVCL = TVCL*EXP(THETA(6))
CL = TVCL*EXP(ETA(1))
V1 = THETA(2)*EXP(ETA(2))
Q = THETA(3)
V2 = THETA(4)
S1 = V1
$ERROR
IPRED = F
SD = THETA(5)*IPRED
IF (DV.GE.LOQ) THEN
F_FLAG = 0
Y = IPRED + SD*EPS(1)
ELSE
F_FLAG = 1
Y = PHI((LOQ-IPRED)/SD)
ENDIF
$THETA (0,0.4) (0,3) (0,0.3) (0,2) (0,0.2) 0.1
$OMEGA BLOCK(2) 0.1
0.02 0.2
$SIGMA 1 FIX
$ESTIMATION METHOD=1 LAPLACE INTERACTION
"""
DATA = """ID,TIME,AMT,RATE,DV,EVID,MDV,WT,SEX,LOQ
1,0,350,4200,.,1,1,70,0,0.4
1,5,.,.,40,0,0,70,0,0.4
1,14,350,4200,.,1,1,68,0,0.4
1,30,.,.,0.2,0,0,68,0,0.4
2,0,300,3600,.,1,1,60,1,0.4
2,6,.,.,22.5,0,0,60,1,0.4
"""
WORDS = (
    *("***", "NaN", "1E400", "-1.2-103", "\0", "TABLE NO. 1", "TABLE NO. 99999999999999999999", "#TBLN: 99999999999999999999", "\r", "\n\n"),
    *("(", ")", "=", "IF (", "THEN", "ENDIF", "LOG(0)", "THETA(99999)", "ETA(0)", "A(1)", "**", "/0", "BLOCK(9)", "FIX", "SAME", "$INPUT ID"),
    *("&", '"', "'", ";", "9" * 400, "1e999999", "Infinity", "é", "\u2028", "ÿþ", "ITERATION", ","),
)  # fmt: skip
EDIT = st.tuples(
    st.floats(0.0, 1.0), st.sampled_from(["cut", "byte", "word", "left out", "twice"]), st.integers(0, 299)
)


def damaged(data: bytes, edits: list[tuple[float, str, int]], encoding: str | None) -> bytes:
    """Return some bytes after edits at places that are shares of their length."""
    for share, kind, number in edits:
        at = int(share * len(data))
        before, after = data[:at], data[at:]
        if kind == "cut":
            # Most of a file is left, so that later edits find something.
            data = data if share < 0.5 else before
        elif kind == "byte":
            data = before + bytes([number % 256]) + after[1:]
        elif kind == "word":
            data = before + WORDS[number % len(WORDS)].encode() + after
        elif kind == "left out":
            data = before + after[number:]
        else:
            data = before + after[:number] + after
    return data if encoding is None else data.decode("latin-1").encode(encoding)


STATUSES = ("successful", "terminated", "incomplete", "no results", "unreadable")


def read_as_result(path: Path) -> tuple[str, str]:
    """Return status and reason of a file that is read without a warning, and whose document is JSON."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_artefact(path)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    return found["status"], found["reason"]


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    file=st.integers(0, 10_000),
    edits=st.lists(EDIT, min_size=1, max_size=12),
    encoding=st.sampled_from([None, None, None, "utf-8", "utf-16", "utf-32-be"]),
    ending=st.sampled_from([None, None, None, *KINDS, "txt"]),
)
def test_a_damaged_file_is_a_result(
    tmp_path: Path,
    reference_dir: Path,
    file: int,
    edits: list[tuple[float, str, int]],
    encoding: str | None,
    ending: str | None,
):
    whole = [one for one in sorted((reference_dir / "nonmem").rglob("*.*")) if one.is_file() and one.suffix != ".md"]
    one = whole[file % len(whole)]
    path = tmp_path / f"run{one.suffix if ending is None else f'.{ending}'}"
    path.write_bytes(damaged(one.read_bytes()[:30_000], edits, encoding))
    status, reason = read_as_result(path)
    assert status in STATUSES
    assert reason.endswith(".")


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    edits=st.lists(EDIT, min_size=1, max_size=6),
    is_data=st.booleans(),
    encoding=st.sampled_from([None, None, "utf-16"]),
)
def test_a_damaged_run_is_translated_or_refused(
    tmp_path: Path, *, edits: list[tuple[float, str, int]], is_data: bool, encoding: str | None
):
    control, data = CONTROL.encode(), DATA.encode()
    if is_data:
        data = damaged(data, edits, encoding)
    else:
        control = damaged(control, edits, encoding)
    (tmp_path / "run.ctl").write_bytes(control)
    (tmp_path / "data.csv").write_bytes(data)
    with warnings.catch_warnings(), contextlib.suppress(InputError):
        warnings.simplefilter("error")
        found = translate(tmp_path / "run.ctl", data=tmp_path / "data.csv")
        assert found.rows


def test_the_run_itself_is_translated(tmp_path: Path):
    (tmp_path / "run.ctl").write_text(CONTROL, encoding="utf-8")
    (tmp_path / "data.csv").write_text(DATA, encoding="utf-8")
    assert len(translate(tmp_path / "run.ctl").rows) == 6


@pytest.mark.parametrize("byte", [b"\0", b"0", b"\n"], ids=["nul", "digit", "empty lines"])
@pytest.mark.parametrize("ending", ["ext", "lst", "cov", "tab"])
def test_much_of_nothing_is_read_at_bounded_memory(tmp_path: Path, ending: str, byte: bytes):
    path = tmp_path / f"run.{ending}"
    n = 1 << (30 if byte == b"\0" else 20)
    with path.open("wb") as stream:
        if byte == b"\0":
            # A gibibyte of zeros, of which the disk holds nothing.
            stream.truncate(n)
        else:
            stream.write(byte * n)
    tracemalloc.start()
    status, reason = read_as_result(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 200e6
    # A line of digits may be a number of a $TABLE file; lines of nothing are no result of a run.
    assert status in (STATUSES if byte == b"0" else STATUSES[2:])
    assert reason.endswith(".")

"""Files of runs of all kinds: what they hold, how the run ended, and that nothing raises."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nonmem_ref.blocks import read_blocks
from nonmem_ref.ext import SE, read_ext
from nonmem_ref.lines import read_lines
from nonmem_ref.listing import read_listing
from nonmem_ref.read import kind_of, read_artefact

if TYPE_CHECKING:
    from pathlib import Path

TITLE = "TABLE NO.     1: First Order Conditional Estimation with Interaction: Goal Function=MINIMUM VALUE OF OBJECTIVE FUNCTION: Problem=1 Subproblem=0"
NAMES = " ITERATION    THETA1       SIGMA(1,1)   OMEGA(1,1)   OBJ"
EXT = f"""{TITLE}
{NAMES}
            0  1.00000E+00  2.00000E-01  3.00000E-01    100.12345678901234
            5  1.50000E+00  2.50000E-01  3.50000E-01    90.123456789012340
  -1000000000  1.50000E+00  2.50000E-01  3.50000E-01    90.123456789012340
  -1000000001  1.00000E-01  1.00000E+10  5.00000E-02    0.0000000000000000
  -1000000006  0.00000E+00  1.00000E+00  0.00000E+00    0.0000000000000000
  -1000000007  0.00000E+00  3.70000E+01  0.00000E+00    0.0000000000000000
"""
LISTING = """Mon Nov  2 10:00:00 CET 2026
$PROBLEM    ONE
$DATA d.csv IGNORE=@
NM-TRAN MESSAGES
1NONLINEAR MIXED EFFECTS MODEL PROGRAM (NONMEM) VERSION 7.5.1
 PROBLEM NO.:         1
 NO. OF DATA RECS IN DATA SET:       10
 TOT. NO. OF OBS RECS:        8
 TOT. NO. OF INDIVIDUALS:        2
 #TBLN:      1
 #METH: First Order Conditional Estimation with Interaction
0ITERATION NO.:    0    OBJECTIVE VALUE:   100.1        NO. OF FUNC. EVALS.:   6
 #TERM:
0MINIMIZATION SUCCESSFUL
 HOWEVER, PROBLEMS OCCURRED WITH THE MINIMIZATION.
 NO. OF FUNCTION EVALUATIONS USED:       25
 ETASHRINKSD(%)  1.0000E+00  2.0000E+00
                 3.0000E+00
 EPSSHRINKSD(%)  4.0000E+00
 #TERE:
0R MATRIX ALGORITHMICALLY SINGULAR
 #OBJV:********************************************       90.123       **************************************************
"""


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode("latin-1"))
    return path


def test_standard_errors_that_are_no_numbers_are_told_with_their_line(tmp_path: Path):
    text = EXT.replace("1.00000E-01  1.00000E+10  5.00000E-02", "         NaN  1.00000E+10  1.00000E+10")
    found = read_artefact(written(tmp_path / "run.ext", text))
    # That of SIGMA is fixed: nobody expects one.
    assert found["tables"][0]["se"] == [None, None, None]
    assert found["messages"] == [
        "line 6: the standard error of THETA1 is not a finite number.",
        "line 6: NONMEM estimated no standard error (1E+10) of OMEGA(1,1).",
    ]


def document(path: Path):
    found = read_artefact(path)
    assert found == json.loads(json.dumps(found, allow_nan=False))
    return found


def test_an_ext_file(tmp_path: Path):
    found = document(written(tmp_path / "run.ext", EXT))
    assert (found["kind"], found["status"]) == ("ext", "successful")
    table = found["tables"][0]
    assert table == {
        "number": 1,
        "method": "First Order Conditional Estimation with Interaction",
        "ofv": 90.12345678901234,
        "names": ["THETA1", "SIGMA(1,1)", "OMEGA(1,1)"],
        "final": [1.5, 0.25, 0.35],
        "se": [0.1, None, 0.05],
        "fixed": [False, True, False],
        "termination": [37],
        "rows": 6,
    }


def test_every_number_knows_its_line(tmp_path: Path):
    table = read_ext(written(tmp_path / "run.ext", EXT)).tables[0]
    assert (table.line, table.rows[SE].line) == (1, 6)
    assert table.iterations.tolist() == [0, 5]
    assert table.objectives[1] == 90.12345678901234


@pytest.mark.parametrize(
    ("n_lines", "status"),
    [
        (1, "no results"),
        (2, "no results"),
        (3, "incomplete"),
        (4, "incomplete"),
        (5, "incomplete"),
        (7, "incomplete"),
        (8, "successful"),
    ],
)
def test_an_ext_file_that_ends_early_says_how_far_it_came(tmp_path: Path, n_lines: int, status: str):
    text = "\n".join(EXT.split("\n")[:n_lines]) + "\n"
    assert document(written(tmp_path / "run.ext", text))["status"] == status


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("1.34000E+02", "terminated"),
        ("1.31000E+02", "terminated"),
        ("1.36000E+02", "terminated"),
        ("0.00000E+00", "successful"),
        ("***********", "incomplete"),
    ],
)
def test_the_code_says_how_a_search_ended(tmp_path: Path, code: str, status: str):
    text = EXT.replace("-1000000007  0.00000E+00", f"-1000000007  {code}")
    assert document(written(tmp_path / "run.ext", text))["status"] == status


@pytest.mark.parametrize("objective", ["NaN", "Infinity", "1.3407807929942596E+154", "****"])
def test_an_objective_that_is_none_is_null_and_said(tmp_path: Path, objective: str):
    text = EXT.replace(
        "-1000000000  1.50000E+00  2.50000E-01  3.50000E-01    90.123456789012340",
        f"-1000000000  1.50000E+00  2.50000E-01  3.50000E-01    {objective}",
    )
    found = document(written(tmp_path / "run.ext", text))
    assert found["status"] == "terminated"
    assert any("objective" in one for one in found["messages"])


def test_the_last_step_of_several_counts(tmp_path: Path):
    second = EXT.replace(
        "TABLE NO.     1: First Order Conditional Estimation with Interaction",
        "TABLE NO.     2: Objective Function Evaluation by Importance Sampling",
    ).replace("-1000000007  0.00000E+00", "-1000000007  1.00000E+00")
    found = document(written(tmp_path / "run.ext", EXT + second))
    assert [one["number"] for one in found["tables"]] == [1, 2]
    assert found["status"] == "terminated"


def test_other_names_of_the_objective_are_known(tmp_path: Path):
    text = (
        EXT.replace(
            "First Order Conditional Estimation with Interaction", "Stochastic Approximation Expectation-Maximization"
        )
        .replace("   OBJ", "   SAEMOBJ")
        .replace("-1000000007  0.00000E+00", "-1000000007  2.00000E+00")
    )
    found = document(written(tmp_path / "run.ext", text))
    assert (found["status"], found["tables"][0]["ofv"]) == ("successful", 90.12345678901234)
    assert "convergence was not tested" in found["reason"]


def test_commas_and_widths_do_not_matter(tmp_path: Path):
    text = "\n".join(
        line if i == 0 else ",".join(f"{cell:>14}" for cell in line.split())
        for i, line in enumerate(EXT.strip().split("\n"))
    )
    plain, comma = (document(written(tmp_path / name, one)) for name, one in (("a.ext", EXT), ("b.ext", text)))
    assert plain == comma


def test_a_table_that_repeats_its_head_is_one(tmp_path: Path):
    head, row = "TABLE NO.  1\n ID          TIME        DV\n", "  1.0000E+00  0.0000E+00  2.0000E+00\n"
    block = read_blocks(written(tmp_path / "t.tab", (head + row * 900) * 2 + head + row * 3)).blocks
    assert [one.values.shape for one in block] == [(1803, 3)]
    assert block[0].lines[[0, 899, 900, 1802]].tolist() == [3, 902, 905, 1809]


def test_rows_of_any_width_are_read_with_their_lines(tmp_path: Path):
    rng = np.random.default_rng(5)
    numbers = np.round(rng.normal(size=(500, 4)) * 10.0 ** rng.integers(-3, 6, (500, 4)), 4)
    rows = [",".join(f"{value:.10g}" for value in row) for row in numbers]
    rows[300:300] = ["", "1,2,3"]
    (block,) = read_blocks(written(tmp_path / "t.tab", "\n".join(["TABLE NO.  1", "ID,A,B,C", *rows]))).blocks
    whole = np.delete(block.values, 300, axis=0)
    np.testing.assert_array_equal(whole, numbers)
    np.testing.assert_array_equal(block.values[300], [1.0, 2.0, 3.0, np.nan])
    assert block.lines[[0, 299, 300, 301, 500]].tolist() == [3, 302, 304, 305, 504]


def test_replicates_of_a_simulation_are_tables_of_their_own(tmp_path: Path):
    text = "".join(f"TABLE NO.  1\n ID          DV\n  1.0000E+00  {i}.0000E+00\n" for i in range(3))
    blocks = read_blocks(written(tmp_path / "t.tab", text)).blocks
    assert [one.values.tolist() for one in blocks] == [[[1.0, 0.0]], [[1.0, 1.0]], [[1.0, 2.0]]]


def test_a_table_without_names_or_title_is_rows_of_numbers(tmp_path: Path):
    rows = "  1.0000E+00  0.0000E+00\n  1.0000E+00  1.0000E+00\n"
    (block,) = read_blocks(written(tmp_path / "t.tab", rows)).blocks
    assert (block.number, block.names, block.values.tolist()) == (None, (), [[1.0, 0.0], [1.0, 1.0]])


def test_asterisks_that_run_into_each_other_are_parted_by_the_width(tmp_path: Path):
    text = "TABLE NO.  1\n ID        DV        PRED\n  1.00E+00**********  2.00E+00\n  1.00E+00********************\n"
    (block,) = read_blocks(written(tmp_path / "t.tab", text)).blocks
    np.testing.assert_array_equal(block.values, [[1.0, np.nan, 2.0], [1.0, np.nan, np.nan]])


def test_a_row_cut_off_is_filled_and_said(tmp_path: Path):
    found = document(
        written(tmp_path / "t.tab", "TABLE NO.  1\n ID          DV\n  1.0000E+00  2.0000E+00\n  1.0000E+00")
    )
    assert found["status"] == "incomplete"
    assert "line 4: the row has 1 of 2 numbers." in found["messages"]


def test_a_cut_is_seen_behind_more_short_rows_than_are_told(tmp_path: Path):
    text = "TABLE NO.  1\n ID          DV\n  1.0000E+00  2.0000E+00\n" + "  1.0000E+00\n" * 30
    assert document(written(tmp_path / "t.tab", text))["reason"] == "The last row (line 33) is cut off."


def test_a_matrix_has_names_for_rows_and_columns(tmp_path: Path):
    text = (
        TITLE
        + "\n NAME             THETA1       OMEGA(2,1)\n THETA1           1.00000E+00 -2.00000E-01\n OMEGA(2,1)      -2.00000E-01  4.00000E+00\n"
    )
    (block,) = read_blocks(written(tmp_path / "run.cov", text), has_labels=True).blocks
    assert block.labels == block.names == ("THETA1", "OMEGA(2,1)")
    np.testing.assert_array_equal(block.values, [[1.0, -0.2], [-0.2, 4.0]])


def test_a_listing(tmp_path: Path):
    path = written(tmp_path / "run.lst", LISTING)
    found = document(path)
    assert (found["kind"], found["status"]) == ("lst", "successful")
    table = found["tables"][0]
    assert (table["ofv"], table["quantities"]["function_evaluations"]) == (90.123, 25.0)
    assert table["shrinkage"] == {"ETASHRINKSD": [1.0, 2.0, 3.0], "EPSSHRINKSD": [4.0]}
    assert [one.split(": ", 1)[1] for one in found["messages"]] == [
        "HOWEVER, PROBLEMS OCCURRED WITH THE MINIMIZATION.",
        "R MATRIX ALGORITHMICALLY SINGULAR",
    ]
    listing = read_listing(path)
    assert [text for _, text in listing.control_stream] == ["$PROBLEM    ONE", "$DATA d.csv IGNORE=@"]
    assert (listing.version, listing.problems[0].counts) == (
        "7.5.1",
        {"records": 10, "observations": 8, "individuals": 2},
    )


@pytest.mark.parametrize(
    ("sentence", "status"),
    [
        ("0MINIMIZATION TERMINATED\n DUE TO ROUNDING ERRORS (ERROR=134)", "terminated"),
        (" REDUCED STOCHASTIC PORTION WAS COMPLETED", "successful"),
        (" STOCHASTIC PORTION WAS NOT COMPLETED", "terminated"),
        (" OPTIMIZATION WAS COMPLETED", "successful"),
        (" OPTIMIZATION WAS NOT COMPLETED", "terminated"),
        (" EXPECTATION ONLY PROCESS WAS COMPLETED", "successful"),
        (" BURN-IN WAS COMPLETED\n\n STATISTICAL PORTION WAS NOT COMPLETED", "terminated"),
    ],
)
def test_each_kind_of_method_says_in_its_own_words_that_it_is_over(tmp_path: Path, sentence: str, status: str):
    assert (
        document(written(tmp_path / "run.lst", LISTING.replace("0MINIMIZATION SUCCESSFUL", sentence)))["status"]
        == status
    )


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", "unreadable"),
        ("\n\n   \n", "unreadable"),
        ("hello\n", "unreadable"),
        (LISTING.split(" #TBLN", maxsplit=1)[0], "no results"),
        (LISTING.split(" #TERM", maxsplit=1)[0], "incomplete"),
    ],
)
def test_a_listing_that_ends_early_says_how_far_it_came(tmp_path: Path, text: str, status: str):
    assert document(written(tmp_path / "run.lst", text))["status"] == status


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a", EXT, "ext"),
        ("b.txt", LISTING, "lst"),
        ("c", "TABLE NO.  1\n ID DV\n 1 2\n", "table"),
        ("d", TITLE + "\n SUBJECT_NO ID ETA(1)\n 1 1 0.5\n", "phi"),
    ],
)
def test_a_file_of_another_name_is_known_by_its_head(tmp_path: Path, name: str, text: str, kind: str):
    assert kind_of(written(tmp_path / name, text)) == kind


def test_lines_have_their_numbers_whatever_the_size_of_what_is_read_at_once(tmp_path: Path):
    path = written(tmp_path / "f", b"one\r\n\0two\n" + b"x" * 50 + b"\nfour\n\nsix")
    for chunk in (1, 2, 3, 7, 1000):
        lines = [one for part in read_lines(path, chunk=chunk, longest=20) for one in part.texts()]
        kept = {number: text for number, text in lines if text}
        assert kept == {1: "one", 2: "two", 3: "x" * 20, 4: "four", 6: "six"}, chunk


@pytest.mark.requirement("NM-01")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.sampled_from([EXT, LISTING]),
    st.integers(0, 1500),
    st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), max_size=20),
    st.sampled_from(["run.ext", "run.lst", "run.cov", "run.tab", "run.phi", "run"]),
)
def test_no_damage_raises(tmp_path: Path, text: str, length: int, flips: list[tuple[int, int]], name: str):
    data = bytearray(text.encode()[:length])
    for place, byte in flips:
        if place < len(data):
            data[place] = byte
    document(written(tmp_path / name, bytes(data)))


@pytest.mark.requirement("NM-01")
def test_the_files_of_others(reference_dir: Path):
    folder = reference_dir / "nonmem"
    expected = {
        "parser_samples/402.ext": ("successful", 196.008341625908),
        "parser_samples/run18.ext": ("terminated", 587.7142007859294),
        "parser_samples/run_interrupted.ext": ("incomplete", None),
        "parser_samples/only_table_line.ext": ("no results", None),
        "parser_samples/no_header_error_only_iter.ext": ("no results", 1.3407807929942596e154),
        "parser_samples/pheno_saem.ext": ("successful", 366.3357339156992),
        "parser_samples/rounding_error.lst": ("terminated", None),
        "parser_samples/estimate_near_boundary_warning.lst": ("successful", None),
        "pheno_focei/pheno_real.ext": ("successful", 586.2760562818805),
        "pheno_focei/pheno_real.lst": ("successful", 586.2760562818805),
        "m3_laplace_ad3tr4/ad3tr4_loqb_lap.res": ("terminated", -131.093869350157),
        "tte_exponential_tte100/tte100.ext": ("successful", 1297.0157895421612),
    }
    for name, (status, ofv) in expected.items():
        found = document(folder / name)
        assert (found["status"], found["tables"][-1]["ofv"] if found["tables"] else None) == (status, ofv), name
    numbers = read_blocks(folder / "parser_samples" / "synthetic_numbers.tab").blocks[0]
    np.testing.assert_array_equal(numbers.values[0], [1.0, 0.0, 1.234e-103, 1.234e103, 15.0, np.nan, np.nan])
    assert read_blocks(folder / "parser_samples" / "synthetic_no_oneheader.tab").blocks[0].values.shape == (1950, 5)

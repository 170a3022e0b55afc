"""The page on OMOP databases says what the command does."""

from __future__ import annotations

import csv
import json
from dataclasses import fields
from typing import TYPE_CHECKING

from crohns_srs.omop import KEYS, ReadOptions, open_database, read_people
from crohns_srs.omop.demo_people import DEMO_INDEX
from crohns_srs.omop.document import person_entry
from crohns_srs.omop.tables import METADATA
from tests.docs.pages import blocks, page, run_line

if TYPE_CHECKING:
    from pathlib import Path

PAGE = page("docs/how-to/omop.md")


def test_the_examples_are_run_as_they_are_printed(tmp_path: Path):
    lines = blocks(PAGE, "sh")[0].splitlines()
    for line in lines:
        done = run_line(line, tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
    with (tmp_path / "people.csv").open(encoding="utf-8", newline="") as stream:
        head = next(csv.reader(stream))
    assert {f"{key}_{part}" for key in KEYS for part in ("from", "missing")} < set(head)
    assert (tmp_path / "cohort.html").exists()
    one = read_people(open_database(str(tmp_path / "demo.sqlite")), [1], DEMO_INDEX, ReadOptions())[0]
    entry = json.loads(json.dumps(person_entry(one)))
    assert [key for key in entry if f"`{key}`" not in PAGE] == ["person_id", "index_date"] or "`person_id`" in PAGE


def test_every_table_input_and_window_is_named():
    assert [table.name for table in METADATA.tables.values() if f"`{table.name}`" not in PAGE] == []
    assert [key for key in KEYS if f"| `{key}` |" not in PAGE] == []
    windows = [one for one in fields(ReadOptions) if one.name.endswith("_days")]
    assert [one.name for one in windows if f"--{one.name.replace('_', '-')}" not in PAGE] == []
    defaults = {one.name: one.default for one in windows}
    assert f"{defaults['bmi_days']} days (`--bmi-days`)" in PAGE
    assert f"{defaults['crp_days']} days (`--crp-days`)" in PAGE
    assert f"{defaults['cdai_days']} days (`--cdai-days`)" in PAGE
    assert f"{defaults['history_days']} days (`--history-days`)" in PAGE
    assert f"{defaults['supply_days']} days (`--supply-days`)" in PAGE

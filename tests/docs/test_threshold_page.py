"""The page on thresholds says what the command writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.docs.pages import blocks, page, run_line
from tests.tte.evaluation.published_counts import published_counts, write_events

if TYPE_CHECKING:
    from pathlib import Path

PAGE = page("docs/how-to/choose-a-threshold.md")


def test_the_examples_run_and_the_page_names_keys_and_files(tmp_path: Path):
    write_events(tmp_path / "events.csv", *published_counts())
    for line in blocks(PAGE, "sh")[0].splitlines():
        done = run_line(f"{line} --n 20", tmp_path)
        assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "threshold" / "threshold.json").read_text(encoding="utf-8"))
    entry = document["markers"][0]["populations"]["all"]
    keys = {*document, *document["markers"][0], *entry, *entry["drawn"]["j"], *entry["best"]}
    shares = {"sensitivity", "specificity", "accuracy", "ppv", "npv"}
    said = {"schema", "threshold", "status_text"}
    assert {key for key in keys - shares - said if f"`{key}`" not in PAGE} == set()
    assert all(f"`{file.name}`" in PAGE for file in (tmp_path / "threshold").iterdir() if file.is_file())
    assert not (tmp_path / "all-markers" / "figures").exists()

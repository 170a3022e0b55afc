"""No key of a case file is left in a warning of a search."""

from __future__ import annotations

import pytest

from dosing_app.decision.optimize_result import OptimizeWarning
from dosing_app.findings.warning_words import WORDS, warning_text
from dosing_app.language import Name, message, spoken


@pytest.mark.parametrize("name", [name for name in WORDS if not name.startswith("search.")])
def test_a_reader_finds_the_name_of_the_field(name: str):
    warning = OptimizeWarning("any", message("search.limit", limit=Name(name), value="7"))

    assert warning_text(warning) == spoken(message("search.limit", limit=WORDS[name], value="7"))
    assert "_" not in warning_text(warning)

"""`asuc app --omop`: a database that cannot be used ends the start with one sentence and exit code 2."""

from __future__ import annotations

import pytest

from asuc.cli import run


@pytest.fixture
def refusal(capsys):
    """Return a function that starts the app in a way that must be refused, and returns its one line."""

    def refused(*arguments: str) -> str:
        assert run(["app", "--no-browser", "--port", "0", *arguments]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        return err.rstrip("\n")

    return refused


def test_an_index_date_needs_a_database(refusal):
    said = refusal("--index-date", "2026-01-15")
    assert said == "--index-date: there is no database that it could hold for; add --omop URL"


def test_an_index_date_that_is_none_is_told(refusal, tmp_path):
    said = refusal("--omop", str(tmp_path / "cdm.sqlite"), "--index-date", "15.1.2026")
    assert said.startswith("--index-date: '15.1.2026' is no day; expected a day such as ")


def test_a_database_that_is_not_there_is_told(refusal, tmp_path):
    assert str(tmp_path / "none.sqlite") in refusal("--omop", str(tmp_path / "none.sqlite"))


def test_no_database_where_anybody_could_read_it(refusal, tmp_path):
    said = refusal("--omop", str(tmp_path / "cdm.sqlite"), "--host", "0.0.0.0")  # noqa: S104 - refused
    assert said.startswith("--omop: whoever reaches this server could read every person of the database; add a sign-on")

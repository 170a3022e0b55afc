"""A message becomes text where it is read."""

from __future__ import annotations

import pytest

from dosing_app.language import Figure, Name, enumerated, listed, message, render, say, speaking
from dosing_app.language.catalogue import PSEUDO, Catalogue, catalogue, language_name, languages


def test_numbers_have_the_signs_of_the_language():
    said = message("finder.regimens", count=12_345)

    assert render(said, "en").startswith("12\u202f345 ")
    assert render(said, "de").startswith("12\u202f345 ")
    assert render(message("number.percent", value=Figure("9.5")), "de").startswith("9,5")
    assert render(message("number.percent", value=Figure("9.5")), "en").startswith("9.5")


def test_files_have_commas_in_thousands():
    said = message("check.covariate", covariate="Level", value=Figure("1,250.5"))

    assert str(said) == "Level 1,250.5"
    assert render(said, "en") == "Level 1\u202f250.5"
    assert render(said, "de") == "Level 1\u202f250,5"


def test_one_and_many():
    assert say("finder.regimens", count=1) == "1 regimen"
    assert say("finder.regimens", count=2) == "2 regimens"


def test_a_message_in_a_message_is_said_in_the_same_language():
    inner = message("number.percent", value=Figure("9.5"))

    assert render(message("field.assumed", value=inner), "de") == f"{render(inner, 'de')} angenommen"


def test_one_two_and_more_things_are_listed_in_each_language():
    items = ["A", message("covariate.weight_kg"), "C"]

    assert [render(message("check.quantity", value=enumerated(items[:n]), unit=""), "de") for n in (1, 2, 3)] == [
        "A ",
        "A und Gewicht ",
        "A, Gewicht und C ",
    ]
    assert str(listed(items)) == "A, Weight, C"
    assert enumerated(["A"]) == "A"


def test_a_reader_has_other_words_for_the_names_of_a_file():
    said = message("list.and", first=Name("now_day"), second=message("list.comma", first=Name("x"), second="now_day"))

    assert str(said) == "now_day and x, now_day"
    assert str(said.with_words({"now_day": "now"})) == "now and x, now_day"
    assert str(said.with_words({"list.comma": message("covariate.sex")})) == "now_day and Sex"
    assert str(said) == "now_day and x, now_day"


def test_messages_can_be_members_of_a_set():
    assert len({message("check.under", limit="1"), message("check.under", limit="1"), message("check.days")}) == 2


def test_the_language_ends_with_its_block():
    with speaking("de"):
        german = say("header.save")

    assert german != say("header.save")


def test_an_unknown_language_is_english():
    with speaking("xx"):
        assert say("header.save") == "Save case"


def test_a_missing_sentence_falls_back_to_english(monkeypatch: pytest.MonkeyPatch):
    empty = Catalogue("de", {}, lambda _: 0, ",")

    def lacking(name: str) -> Catalogue:
        return empty if name == "de" else catalogue(name)

    monkeypatch.setattr("dosing_app.language.messages.catalogue", lacking)

    assert render(message("header.save"), "de") == "Save case"


def test_a_key_that_does_not_exist_is_a_mistake_of_the_program():
    with pytest.raises(KeyError, match=r"no\.such_key"):
        say("no.such_key")


def test_the_made_up_language_is_longer_and_keeps_its_values():
    said = render(message("number.percent", value=Figure("9.5")), PSEUDO)

    assert "9.5" in said
    assert len(render(message("header.save"), PSEUDO)) > len(render(message("header.save"), "en"))


def test_languages_name_themselves():
    assert languages() == ("en", "de")
    assert [language_name(language) for language in languages()] == ["English", "Deutsch"]

"""The page on pooled trials says what the command does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crohns_srs.data.config import load_config
from crohns_srs.data.schema import (
    ClassSection,
    ConfigFile,
    CovariateSection,
    OtherUnitSection,
    OutcomeSection,
    RemissionSection,
)
from crohns_srs.predict.case import read_case
from crohns_srs.predict.effects import Uncertainty
from crohns_srs.predict.library import shipped_models
from crohns_srs.predict.recommend import recommend
from crohns_srs.srs.schema import ModelEntry
from tests.docs.pages import blocks, page

if TYPE_CHECKING:
    from pathlib import Path

PAGE = page("docs/how-to/crohns.md")


def test_the_configuration_is_read_as_it_is_printed(tmp_path: Path):
    file = tmp_path / "trials.toml"
    file.write_text(blocks(PAGE, "toml")[0], encoding="utf-8")
    config = load_config(str(file))
    assert [one.id for one in config.classes] == ["anti_tnf"]
    assert [one.name for one in config.drug_covariates] == ["cdai", "male"]
    kinds = (ConfigFile, OutcomeSection, RemissionSection, ClassSection, CovariateSection, OtherUnitSection)
    keys = {key for kind in kinds for key in kind.model_fields}
    assert [key for key in keys - {"schema_"} if key not in PAGE] == []


def test_the_case_is_answered_as_the_page_says():
    models = shipped_models()
    case = read_case(blocks(PAGE, "json")[0], models.config)
    for one in Uncertainty:
        assert f"| `{one.value}` |" in PAGE
        found = recommend(models, case, one)
        own = {
            "schema",
            "uncertainty",
            "case",
            "level",
            "label_adjustment",
            "groups",
            "worthwhile",
            "unavailable",
            "imputed",
        }
        own |= {"missing_inputs", "warnings", "models"}
        assert [key for key in set(found) - own if f"| `{key}` |" not in PAGE] == []
        chances = {"response100", "response70", "remission"}
        told = {f"{key}{end}": f"…{end}" for key in chances for end in ("_interval", "_added")}
        keys = {key for one in (*found["classes"].values(), *found["contrasts"]) for key in one}
        unsaid = {"title", "probability_above_zero"}
        assert [key for key in keys - unsaid if f"`{told.get(key, key)}`" not in PAGE] == []


def test_every_key_of_a_model_is_explained():
    unsaid = {"title", "status_text", "terms", "n_obs", "n_trials", "reml_criterion", "warnings"}
    short = {"kenward_roger_df": "…_df", "kenward_roger_p": "…_p"}
    assert [
        key for key in ModelEntry.model_fields if key not in unsaid and f"`{short.get(key, key)}`" not in PAGE
    ] == []

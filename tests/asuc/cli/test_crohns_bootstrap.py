"""`asuc crohns bootstrap`: the same refits whoever computes them, and nothing lost where it is stopped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from asuc.cli import crohns_bootstrap, run
from crohns_srs.data.config import load_config
from crohns_srs.data.ipd_file import read_participants
from crohns_srs.lmm import held_covariance, held_shift
from crohns_srs.srs.fit import fit_sequence
from crohns_srs.srs.schema import CrohnsBootstrap
from tests.crohns_srs.trials import rows, written

if TYPE_CHECKING:
    from pathlib import Path


def document(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "bootstrap.json").read_text(encoding="utf-8"))
    return {key: value for key, value in found.items() if key != "seconds"}


@pytest.mark.requirement("OPS-01")
def test_any_number_of_processes_gives_the_same_numbers(tmp_path: Path):
    table, config = written(tmp_path, rows())
    words = ["crohns", "bootstrap", table, "--config", config, "--n", "2500", "--seed", "3"]
    assert run([*words, "--out", str(tmp_path / "one")]) == 0
    assert run([*words, "--out", str(tmp_path / "two"), "--workers", "2"]) == 0
    found = document(tmp_path / "one")
    assert found == document(tmp_path / "two")
    CrohnsBootstrap.model_validate(found | {"seconds": 0.0})
    assert (found["n"], found["effects"], list(found["models"])) == (2500, "held", ["placebo", "old", "new"])
    assert not (tmp_path / "one" / "blocks").exists()


@pytest.mark.requirement("CD-01")
def test_refits_with_held_effects_have_the_moments_of_their_closed_form(tmp_path: Path):
    """Within Monte Carlo error and what re-estimated variances add: the placebo model, whose variance between trials is well known, within 5 %."""
    table, config = written(tmp_path, rows())
    assert run(["crohns", "bootstrap", table, "--config", config, "--out", str(tmp_path / "out")]) == 0
    found = document(tmp_path / "out")["models"]["placebo"]
    fit = fit_sequence(read_participants(table, load_config(config))).placebo.fit
    sd = np.sqrt(np.diag(held_covariance(fit)))
    assert (np.array(found["mean"]) - fit.estimate - held_shift(fit)) / sd == pytest.approx(0.0, abs=0.25)
    np.testing.assert_allclose(np.array(found["se"])[2:], sd[2:], rtol=0.05)


def test_what_was_stopped_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    table, config = written(tmp_path, rows())
    words = ["crohns", "bootstrap", table, "--config", config, "--n", "2000", "--out"]
    assert run([*words, str(tmp_path / "whole")]) == 0
    refit = crohns_bootstrap.refit
    calls: list[object] = []

    def stop_at_third(*words: Any, **options: Any) -> Any:
        calls.append(words)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return refit(*words, **options)

    monkeypatch.setattr(crohns_bootstrap, "refit", stop_at_third)
    assert run([*words, str(tmp_path / "part")]) == 1
    assert "2,000 of 6,000 refits are kept; the same command with --resume goes on from" in capsys.readouterr().err
    assert not (tmp_path / "part" / "bootstrap.json").exists()
    monkeypatch.setattr(crohns_bootstrap, "refit", refit)
    (tmp_path / "part" / "blocks" / "0-1.npy").write_bytes(b"cut off")
    assert run([*words, str(tmp_path / "part"), "--resume"]) == 0
    assert document(tmp_path / "part") == document(tmp_path / "whole")
    capsys.readouterr()
    assert run([*words, str(tmp_path / "part"), "--resume", "--json"]) == 0
    said = capsys.readouterr()
    assert "holds this result already" in said.err
    assert json.loads(said.out)["n"] == 2000
    assert run([*words, str(tmp_path / "part"), "--resume", "--seed", "9"]) == 2
    assert "seed is 1 there and 9 now" in capsys.readouterr().err
    assert run([*words, str(tmp_path / "part")]) == 2
    assert "exists; nothing is written over without --force" in capsys.readouterr().err

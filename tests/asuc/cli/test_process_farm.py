"""Tasks in several processes: what they find, and what happens where one is lost."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from asuc.cli.process_farm import process_farm
from asuc.cli.task import TaskFailure
from asuc.cli.task_farm import n_workers, task_farm
from pkpd.errors import InputError
from tests.asuc import works
from tests.asuc.shell import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def computed(work, shared, tasks, workers=2):
    with task_farm(workers, None) as begin:
        return dict(begin(work, shared)(tasks))


@pytest.mark.parametrize("workers", [1, 3])
def test_every_task_has_its_result_whatever_the_number_of_workers(workers: int):
    assert computed(works.square, 3, range(20), workers) == {k: 3 * k * k for k in range(20)}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_raises_is_a_failure_with_its_reason_and_no_end_of_the_others(workers: int):
    found = computed(works.square_unless_seven, 1, range(12), workers)
    assert found.pop(7) == TaskFailure("ValueError: seven is not squared")
    assert found == {k: k * k for k in range(12) if k != 7}


def test_two_workers_share_the_tasks_and_are_gone_afterwards():
    found = set(computed(works.process_id, None, range(300)).values())
    assert len(found) == 2
    assert os.getpid() not in found
    assert not multiprocessing.active_children()


def test_tasks_that_come_later_go_to_the_same_workers():
    with process_farm(2) as begin:
        compute = begin(works.process_id, None)
        first, second = (set(dict(compute(range(300))).values()) for _ in range(2))
        assert not list(compute([]))
    assert first == second


def test_what_a_killed_worker_computed_is_computed_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    found = computed(works.die_once_at_seven, str(tmp_path / "died"), range(20))
    assert found == {k: 2 * k * k for k in range(20)}
    assert capsys.readouterr().err == "A worker was lost (signal 9); what it computed is computed again.\n"


def test_a_task_that_kills_three_workers_is_a_failure_and_no_other_task_is(capsys: pytest.CaptureFixture[str]):
    found = computed(works.die_at_seven, 1, range(20))
    assert found.pop(7) == TaskFailure("3 workers were lost while they computed it, the last by signal 9")
    assert found == {k: k * k for k in range(20) if k != 7}
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_where_no_worker_stays_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("asuc.cli.process_farm._MOST_IN_A_ROW", 1)
    with pytest.raises(
        InputError, match=r"--workers: 3 worker processes ended one after another .* by signal 9; expected"
    ):
        computed(works.die, None, range(100))


def test_whoever_leaves_early_leaves_no_process_behind():
    with process_farm(2) as begin:
        compute = begin(works.square, 1)
        for _, found in compute(range(50)):
            assert found >= 0
            break
        assert not multiprocessing.active_children()
        assert dict(compute(range(3))) == {0: 0, 1: 1, 2: 4}


def test_workers_beside_a_scheduler_are_refused_and_processors_are_counted():
    with pytest.raises(InputError, match="--workers: 2 is given beside --scheduler"):
        n_workers(2, "tcp://127.0.0.1:8786")
    assert n_workers(None, None, usual=1) == 1
    assert n_workers(5, None, usual=1) == 5
    assert n_workers(None, None) >= 1


def test_compiled_loops_of_a_worker_run_on_one_thread():
    assert computed(works.threads, None, [0]) == {0: 1}


def test_no_worker_hears_of_ctrl_c_the_first_of_a_program_neither():
    words = [sys.executable, "-m", "tests.asuc.cli.worker_signals"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603
    assert done.stdout == "[False, False]\n"

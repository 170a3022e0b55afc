"""Ctrl-C inside a call of the compiler, where Python would lose it."""

from __future__ import annotations

import inspect
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from asuc.cli.interruption import keep_interrupts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

executionengine = pytest.importorskip("llvmlite.binding.executionengine")  # what the compiler is built on


@pytest.fixture(autouse=True)
def _interrupts_are_kept() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler), sys.unraisablehook
    keep_interrupts()
    yield
    signal.signal(signal.SIGINT, before[0])
    sys.unraisablehook = before[1]


def called_back(name: str) -> Callable[[], bool]:
    """Return a function that hears Ctrl-C, as one of llvmlite's of a name, and says whether it came to its end."""
    text = f"def {name}():\n    raise_signal(SIGINT)\n    return True\n"
    names: dict[str, Callable[[], bool]] = {}
    given = {"raise_signal": signal.raise_signal, "SIGINT": signal.SIGINT}
    exec(compile(text, executionengine.__file__, "exec"), given, names)  # noqa: S102 - a file name of llvmlite's
    return names[name]


def test_the_call_of_the_compiler_ends_and_then_ctrl_c_is_heard():
    assert called_back("_raw_object_cache_notify")()
    with pytest.raises(KeyboardInterrupt):
        time.sleep(30)


def test_in_a_finalizer_whose_exceptions_python_passes_over_ctrl_c_is_heard_a_moment_later():
    class Interrupted:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    one = Interrupted()
    del one
    with pytest.raises(KeyboardInterrupt):
        time.sleep(30)


def test_other_exceptions_that_python_passes_over_are_printed(capsys: pytest.CaptureFixture[str]):
    class Failing:
        def __del__(self) -> None:
            raise ValueError("of a finalizer")

    one = Failing()
    del one
    assert "ValueError: of a finalizer" in capsys.readouterr().err


def test_elsewhere_ctrl_c_is_heard_at_once():
    with pytest.raises(KeyboardInterrupt):
        called_back("run")()


def test_what_is_not_to_hear_ctrl_c_still_does_not():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_interrupts()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@pytest.mark.parametrize("name", ["_raw_object_cache_notify", "_raw_object_cache_getbuffer"])
def test_llvmlite_has_the_functions_that_are_looked_for(name: str):
    (found,) = (one for one in vars(executionengine).values() if inspect.isclass(one) and hasattr(one, name))
    assert inspect.getsourcefile(getattr(found, name)) == executionengine.__file__

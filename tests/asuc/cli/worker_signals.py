"""What a worker says of its signals: run as a program, it prints which of the first two workers hear of Ctrl-C."""

from __future__ import annotations

import signal

from asuc.cli.process_farm import process_farm


def hears_ctrl_c(shared: None, task: int) -> bool:  # noqa: ARG001 - as a task is computed
    """Return whether Ctrl-C is let through."""
    return signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


if __name__ == "__main__":
    with process_farm(1) as begin:
        print([outcome for _, outcome in begin(hears_ctrl_c, None)([1, 2])])  # noqa: T201 - read by the test

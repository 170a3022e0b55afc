"""The `asuc` command: `python -m asuc` and the installed script."""

from __future__ import annotations

import sys

from asuc.cli import run
from asuc.cli.interruption import keep_interrupts
from asuc.cli.output import adapt_to_terminal


def main() -> None:
    """Run the command line and leave with its exit code: 0 done, 2 bad input, 1 internal."""
    keep_interrupts()
    adapt_to_terminal()
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()

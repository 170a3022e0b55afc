"""`python -m studies NAME`: a study by simulation; its page and its table are written into docs/validation."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from studies import estimation, imputation, joint, labels, optimum, pipeline

if TYPE_CHECKING:
    from collections.abc import Callable

# Each study: what it asks, in one line, and what runs it with the words behind its name.
STUDIES: dict[str, tuple[str, Callable[[list[str]], None]]] = {
    "estimation": (estimation.QUESTION, estimation.main),
    "imputation": (imputation.QUESTION, imputation.main),
    "joint": (joint.QUESTION, joint.main),
    "labels": (labels.QUESTION, labels.main),
    "optimum": (optimum.QUESTION, optimum.main),
    "pipeline": (pipeline.QUESTION, pipeline.main),
}


def main() -> None:
    """Run one study, or all of them as they stand by default."""
    listed = "\n".join(f"  {name:12} {question}" for name, (question, _) in STUDIES.items())
    parser = argparse.ArgumentParser(
        prog="python -m studies",
        description=__doc__,
        epilog=f"studies:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=[*STUDIES, "all"], metavar="NAME", help="which study, or all")
    options, rest = parser.parse_known_args()
    for name, (_, run) in STUDIES.items():
        if options.name in (name, "all"):
            run(rest)


if __name__ == "__main__":
    main()

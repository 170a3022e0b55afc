"""Arrow as the cohort files use it. It ships no types: its names are declared here once, so that all else is checked."""

from __future__ import annotations

from typing import Any

import pyarrow as arrow  # noqa: ICN001 - "pa" is the name it is given below  # pyright: ignore[reportMissingTypeStubs]
import pyarrow.compute as arrow_compute  # pyright: ignore[reportMissingTypeStubs]
import pyarrow.csv as arrow_csv  # pyright: ignore[reportMissingTypeStubs]
import pyarrow.parquet as arrow_parquet  # pyright: ignore[reportMissingTypeStubs]

pa: Any = arrow
pc: Any = arrow_compute
csv: Any = arrow_csv
parquet: Any = arrow_parquet

# Raised by Arrow for a file that is not what it should be.
ArrowInvalid: type[ValueError] = pa.ArrowInvalid
# Raised for types that have no text or number.
ArrowNotImplemented: type[NotImplementedError] = pa.ArrowNotImplementedError

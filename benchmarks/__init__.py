"""Speed and error of the engine, each measured by the same run on the same patients: `make bench`."""

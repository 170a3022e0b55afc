"""From the columns of a cohort file in NONMEM's convention to a cohort, or to every problem with its line.

ID TIME[day] AMT[mg] DV[mg/L], and where given RATE[mg/day] or DUR[day], EVID, MDV, ADDL, II[day], SS, CENS, LIMIT, LLOQ, ULOQ, OCC,
CENTRE, ASSAY; every other column is a covariate. Names count in upper or lower case; an empty cell, a point and NA are null.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pkpd.data.arrow import pa
from pkpd.data.censored import all_censored
from pkpd.data.cohort import Cohort
from pkpd.data.cohort_table import (
    CohortTable,
    cell,
    cells,
    in_order_of_lines,
    names_in,
    numbers,
    problem_at,
    read_table,
    texts,
)
from pkpd.data.records import Censoring
from pkpd.data.repeated_rows import repeated_rows
from pkpd.data.unread_levels import unread_levels
from pkpd.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pkpd.arrays import BoolArray, FloatArray, IntArray

REQUIRED = ("ID", "TIME", "DV")
KNOWN = (
    *REQUIRED,
    *("AMT", "RATE", "DUR", "EVID", "MDV", "ADDL", "II", "SS", "CMT"),
    *("CENS", "LIMIT", "LLOQ", "ULOQ", "OCC", "CENTRE", "CENTER", "ASSAY"),
)
_NUMERIC = (
    "TIME",
    "DV",
    "AMT",
    "RATE",
    "DUR",
    "EVID",
    "MDV",
    "ADDL",
    "II",
    "SS",
    "CMT",
    "CENS",
    "LIMIT",
    "LLOQ",
    "ULOQ",
    "OCC",
)
_OBSERVATION, _DOSE, _OTHER, _RESET, _RESET_DOSE = 0, 1, 2, 3, 4
_BELOW, _ABOVE = 1, -1
_DATE = re.compile(r"\d[-/:.]\d+[-/:. ]|\d:\d")
_CODES = (-9.0, -99.0, -999.0, -9999.0)
_DECIMAL_COMMA = re.compile(r"^[+-]?\d*,\d+$")
# Doses before a steady-state one that stand for all that there were: as many as go back so far in time, within limits. What was given
# earlier is nothing any more at half-lives up to a twentieth of that, in days for antibodies and in hours for others.
_STEADY_SPAN, _FEWEST_STEADY, _MOST_STEADY = 6000.0, 80, 2000
_MOST_EXPANDED = 100_000_000


@dataclass(frozen=True, slots=True)
class CohortReading:
    """What a cohort file says.

    Parameters
    ----------
    table : CohortTable
        The file.
    cohort : Cohort or None
        The cohort; None where there are problems.
    problems : tuple of Problem
        Everything that is wrong, each with its line and column.
    notes : tuple of str
        What was assumed or passed over, in one sentence each.
    undosed : tuple of int
        Rows of measured levels without a dose of their subject before them, where every model predicts 0.
    """

    table: CohortTable
    cohort: Cohort | None
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    undosed: tuple[int, ...] = ()


def read_cohort(path: str, columns: Mapping[str, str] | None = None, *, takes_any_level: bool = False) -> CohortReading:
    """Read a cohort.

    Parameters
    ----------
    path : str
        A CSV or Parquet file.
    columns : mapping of str to str, optional
        Case names of covariates by their column, as a model has them; every other column keeps its name in small letters.
    takes_any_level : bool
        Whether levels of 0 or less are levels like any other, as in runs whose data are taken over.

    Raises
    ------
    InputError
        Where the file cannot be read as a table at all.
    """
    table = read_table(path)
    missing = [name for name in REQUIRED if name not in table.columns]
    if missing:
        found = ", ".join(table.columns)
        absent = (Problem(path, f"has no column {name}; it has {found}") for name in missing)
        return CohortReading(table, None, (*absent, *table.faults), ())
    reader = _Reader(table, columns or {}, takes_any_level=takes_any_level)
    problems = reader.problems()
    if problems:
        return CohortReading(table, None, problems, tuple(reader.notes), reader.undosed)
    cohort = reader.cohort()
    return CohortReading(table, cohort, (), tuple(reader.notes), reader.undosed)


class _Reader:
    """The columns of one file as arrays, and what is wrong with them."""

    def __init__(self, table: CohortTable, columns: Mapping[str, str], *, takes_any_level: bool = False) -> None:
        self.table = table
        self.takes_any_level = takes_any_level
        self.case_names = {column.upper(): name for column, name in columns.items()}
        self.notes: list[str] = []
        self.faults: list[Problem] = list(table.faults)
        self.unread: set[tuple[int, str]] = set()
        self.values = {name: self._numbers(name) for name in _NUMERIC if name in table.columns}
        self.ids = texts(table, "ID")
        codes = self.ids.dictionary_encode()
        self.code: IntArray = codes.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        self.names = [str(name) for name in codes.dictionary.to_pylist()]
        is_first = np.concatenate(([True], self.code[1:] != self.code[:-1]))
        self.first: IntArray = np.flatnonzero(is_first)
        self.subject: IntArray = np.cumsum(is_first) - 1
        self.evid = self._evid()
        self.is_sample = self._is_sample()
        self.is_dose: BoolArray = self.evid == _DOSE
        self.undosed = self._undosed()
        self.centre_column = next((name for name in ("CENTRE", "CENTER") if name in self.table.columns), None)
        self.centre_row = self._centre_row()
        self.covariates = self._covariates()

    def _covariates(self) -> dict[str, FloatArray]:
        """Return the columns of covariates; one that holds text and that no model asks for is passed over."""
        found: dict[str, FloatArray] = {}
        for name in self.table.columns:
            if name in KNOWN:
                continue
            if name in self.case_names:
                found[self.case_names[name]] = self._numbers(name)
                continue
            values, wrong = numbers(self.table, name)
            if wrong.size:
                where = f"line {self.table.line[wrong[0]]}: “{cell(self.table, name, int(wrong[0]))}”"
                self.notes.append(f"Column {name} holds text ({where}) and is not read.")
            else:
                found[name.lower()] = values
                self._note_code(name, values)
        return found

    def _note_code(self, name: str, values: FloatArray) -> None:
        """Note a negative code among values that are not negative: no model that knows the possible ones looks at this column."""
        is_code = np.isin(values, _CODES)
        if is_code.any() and (values[~is_code] >= 0.0).any() and not (values[~is_code] < 0.0).any():
            row = int(np.flatnonzero(is_code)[0])
            where = f"{cell(self.table, name, row)} in line {self.table.line[row]}"
            self.notes.append(
                f"Column {name} holds {where}, and else no value below 0; a missing value is an empty cell, a point or NA."
            )

    def column(self, name: str, default: float = np.nan) -> FloatArray:
        """Return a column, or a constant where the file has none."""
        return self.values.get(name, np.full(self.table.n_rows, default))

    def _numbers(self, name: str) -> FloatArray:
        values, wrong = numbers(self.table, name)
        shown = dict(zip(wrong.tolist(), cells(self.table, name, wrong), strict=True))
        self.unread |= {(row, name) for row in shown}
        has_comma = [row for row, text in shown.items() if _DECIMAL_COMMA.match(text)]
        if has_comma:
            self._fault(has_comma[0], name, _decimal_comma(shown[has_comma[0]], len(has_comma) - 1))
        for row in shown.keys() - set(has_comma):
            self._fault(row, name, f"“{shown[row]}” is not a number; expected {_instead_of(name, shown[row])}")
        return values

    def _fault(self, row: int, name: str, message: str) -> None:
        self.faults.append(problem_at(self.table, int(row), name, message))

    def _lacking(self, message: str) -> None:
        """Note what no row holds; it may stand in rows or cells that could not be read, and these are told."""
        if not self.table.faults and not self.unread:
            self.faults.append(Problem(self.table.file, message))

    def _each(self, where: BoolArray, name: str, message: str) -> None:
        """Note a problem of every row of some, its cell shown as {value}."""
        rows = np.flatnonzero(where)
        if not rows.size:
            return
        for row, text in zip(rows.tolist(), cells(self.table, name, rows), strict=True):
            # What is no number at all has been said of that cell.
            if (row, name) not in self.unread:
                self._fault(row, name, message.format(value=text or "nothing"))

    def _evid(self) -> IntArray:
        amount = self.column("AMT", 0.0)
        guess = np.where(np.nan_to_num(amount) > 0.0, _DOSE, _OBSERVATION)
        given = self.column("EVID")
        return np.where(np.isnan(given), guess, given).astype(np.int64)

    def _is_sample(self) -> BoolArray:
        is_observed = self.evid == _OBSERVATION
        mdv, dv, cens = self.column("MDV"), self.values["DV"], np.nan_to_num(self.column("CENS", 0.0))
        if "MDV" in self.values:
            is_observed &= np.nan_to_num(mdv) == 0.0
            is_empty = is_observed & np.isnan(dv) & (cens == 0.0)
            self._each(is_empty, "DV", "is {value}, but MDV is 0; expected a level, or MDV 1")
            return is_observed & ~is_empty
        return is_observed & (~np.isnan(dv) | (cens != 0.0))

    def problems(self) -> tuple[Problem, ...]:
        """Return everything that is wrong."""
        self.notes += repeated_rows(self.table, self.is_dose, self.is_sample)
        self.notes += unread_levels(
            self.table,
            np.where(self._is_dose_with_level(), np.nan, self.values["DV"]),
            is_dose=self.is_dose,
            is_sample=self.is_sample,
            # Beside MDV 0 an empty cell is a problem, and beside MDV 1 as it should be.
            is_observed=(self.column("EVID") == _OBSERVATION) & ("MDV" not in self.values),
        )
        self._check_subjects()
        self._check_events()
        self._check_doses()
        self._check_samples()
        return in_order_of_lines(self.faults)

    def _check_subjects(self) -> None:
        table, time = self.table, self.values["TIME"]
        self._each(
            names_in(table, "ID").to_numpy(zero_copy_only=False) == "",
            "ID",
            "is {value}; expected the name of a subject",
        )
        seen: set[int] = set()
        for row in self.first.tolist():
            code = int(self.code[row])
            if code in seen:
                self._fault(
                    row, "ID", f"subject {self.names[code]} comes back after another one; expected its rows together"
                )
            seen.add(code)
        self._each(np.isnan(time), "TIME", "is {value}; expected a time [day]")
        self._each(~np.isnan(time) & ~np.isfinite(time), "TIME", "is {value}; expected a finite time [day]")
        is_back = np.concatenate(([False], (np.diff(time) < 0.0) & (np.diff(self.subject) == 0)))
        self._each(is_back, "TIME", "{value} is earlier than the row before; expected times in order within a subject")
        if self.centre_column is not None:
            centre = names_in(table, self.centre_column).to_numpy(zero_copy_only=False).astype(str)
            own = centre[self.centre_row][self.subject]
            self._each(
                (centre != "") & (centre != own),
                self.centre_column,
                "is {value} and another one in a row before; expected one centre for a subject",
            )

    def _check_events(self) -> None:
        given = self.column("EVID", 0.0)
        is_known = np.isin(given, (0, 1, 2, 3, 4)) | np.isnan(given)
        self._each(~is_known, "EVID", "is {value}; expected 0 (sample), 1 (dose) or 2 (covariates)")
        resets = np.isin(given, (_RESET, _RESET_DOSE))
        self._each(
            resets,
            "EVID",
            "{value} resets the amounts, which is not read here; give the time after it a subject of its own",
        )
        if "MDV" in self.values:
            mdv = self.values["MDV"]
            self._each(~(np.isin(mdv, (0, 1)) | np.isnan(mdv)), "MDV", "is {value}; expected 0 or 1")

    def _check_doses(self) -> None:
        if not self.is_dose.any():
            self._lacking("holds no dose; expected rows with AMT above 0, or EVID 1")
            return
        amount = self.column("AMT")
        self._each(
            self.is_dose & ~(amount > 0.0),
            "AMT" if "AMT" in self.values else "EVID",
            "is {value} in a dose; expected an amount above 0 [mg]",
        )
        for name, unit in (("AMT", "mg"), ("RATE", "mg/day"), ("DUR", "day"), ("II", "day")):
            if name in self.values:
                self._each(
                    self.is_dose & np.isposinf(self.values[name]),
                    name,
                    f"is {{value}}; expected a finite number [{unit}]",
                )
        self._each(
            self._is_dose_with_level(),
            "DV",
            "is {value} in a row with a dose; expected the level in a row of its own, or EVID 1 where it is none",
        )
        self._each(
            (self.evid == _OBSERVATION) & (np.nan_to_num(amount) > 0.0),
            "AMT",
            "is {value} in a sample (EVID 0); expected 0, or EVID 1",
        )
        if "RATE" in self.values and "DUR" in self.values:
            both = (
                self.is_dose & (np.nan_to_num(self.values["RATE"]) != 0.0) & (np.nan_to_num(self.values["DUR"]) != 0.0)
            )
            self._each(both, "RATE", "is {value} and DUR is given as well; expected one of them")
        if "RATE" in self.values:
            rate = np.nan_to_num(self.values["RATE"])
            self._each(
                self.is_dose & (rate < 0.0),
                "RATE",
                "is {value}, a rate or duration to be estimated; expected a rate above 0 [mg/day], or DUR",
            )
        if "DUR" in self.values:
            self._each(
                self.is_dose & (np.nan_to_num(self.values["DUR"]) < 0.0),
                "DUR",
                "is {value}; expected a duration of at least 0 [day]",
            )
        extra, apart = np.nan_to_num(self.column("ADDL", 0.0)), np.nan_to_num(self.column("II", 0.0))
        if "ADDL" in self.values:
            self._each(
                self.is_dose & ((extra < 0.0) | (extra % 1.0 != 0.0)),
                "ADDL",
                "is {value}; expected a whole number of further doses",
            )
            self._each(
                self.is_dose & (extra > 0.0) & ~(apart > 0.0),
                "ADDL",
                "is {value} without an interval; expected II above 0 [day]",
            )
            if extra[self.is_dose].clip(0).sum() > _MOST_EXPANDED:
                self.faults.append(Problem(self.table.file, f"ADDL asks for more than {_MOST_EXPANDED:,} doses in all"))
        if "SS" in self.values:
            steady = np.nan_to_num(self.values["SS"])
            self._each(
                self.is_dose & ~np.isin(steady, (0, 1)), "SS", "is {value}; expected 0, or 1 for a dose at steady state"
            )
            is_first = np.zeros(self.table.n_rows, dtype=bool)
            is_first[self.first] = True
            is_steady = self.is_dose & (steady == 1)
            self._each(
                is_steady & ~is_first,
                "SS",
                "is {value} in a later row; expected steady state only in a subject's first row",
            )
            self._each(is_steady & ~(apart > 0.0), "SS", "is {value} without an interval; expected II above 0 [day]")

    def _is_dose_with_level(self) -> BoolArray:
        """Return which rows hold an amount and a level, and do not say which of them they are for."""
        dv, mdv = self.values["DV"], np.nan_to_num(self.column("MDV", 0.0))
        return self.is_dose & np.isnan(self.column("EVID")) & ~np.isnan(dv) & (dv != 0.0) & (mdv == 0.0)

    def _check_samples(self) -> None:
        if not self.is_sample.any():
            self._lacking("holds no level; expected rows of EVID 0 with DV, or with CENS and a limit")
            return
        dv, cens, limit = self.values["DV"], np.nan_to_num(self.column("CENS", 0.0)), self.column("LIMIT")
        lower, upper = self.column("LLOQ"), self.column("ULOQ")
        at = self.is_sample
        if "CENS" in self.values:
            self._each(at & ~np.isin(cens, (-1, 0, 1)), "CENS", "is {value}; expected 0, 1 (below DV) or -1 (above DV)")
            self._each(
                at & (cens != 0.0) & np.isnan(dv),
                "DV",
                "is {value} in a censored row; expected the limit that the level lies beyond [mg/L]",
            )
            if not self.takes_any_level:
                self._each(
                    at & (cens != 0.0) & (dv == 0.0),
                    "DV",
                    "is {value} in a censored row; expected the limit that the level lies beyond, above 0 [mg/L]",
                )
        if not self.takes_any_level:
            self._each(at & (dv < 0.0) & np.isfinite(dv), "DV", "is {value}; expected a level of at least 0 [mg/L]")
        self._each(at & ~np.isnan(dv) & ~np.isfinite(dv), "DV", "is {value}; expected a finite level [mg/L]")
        for name, values in (("LLOQ", lower), ("ULOQ", upper)):
            if name in self.values:
                self._each(
                    at & ((values <= 0.0) | np.isinf(values)), name, "is {value}; expected a limit above 0 [mg/L]"
                )
        # Without one of the columns nothing is compared.
        self._each(at & (lower >= upper), "LLOQ", "is {value}, not below ULOQ; expected the lower limit first")
        if "LIMIT" in self.values:
            has_end = at & ~np.isnan(limit)
            self._each(
                has_end & (cens == _BELOW) & ~(limit < dv),
                "LIMIT",
                "is {value}; expected the lower end of the interval, below DV",
            )
            if not self.takes_any_level:
                self._each(
                    has_end & (cens == _BELOW) & (limit < 0.0),
                    "LIMIT",
                    "is {value}; expected the lower end of the interval, at least 0 [mg/L]",
                )
            self._each(
                has_end & (cens == _ABOVE) & ~(limit > dv),
                "LIMIT",
                "is {value}; expected the upper end of the interval, above DV",
            )
        has_room = at & (cens == 0.0) & (dv == 0.0) & ~(lower > 0.0) & (not self.takes_any_level)
        self._each(has_room, "DV", "is {value}; expected a level above 0, or CENS 1 with the limit in DV")

    def cohort(self) -> Cohort:
        """Return the cohort of columns in which nothing is wrong."""
        n = self.first.size
        samples = np.flatnonzero(self.is_sample)
        level, censoring, lloq, uloq = self._levels(samples)
        doses = self._doses()
        rows, row_time = self._covariate_rows()
        centre, centres = self._centres()
        assay, assays = self._assays(samples)
        self._note(doses, samples)
        self.notes += [note] if (note := all_censored(censoring)) else []
        return Cohort(
            ids=tuple(self.names[int(self.code[row])] for row in self.first),
            dose_start=_starts_of(doses.subject, n),
            dose_time=doses.time,
            dose_amount=doses.amount,
            dose_duration=doses.duration,
            sample_start=_starts_of(self.subject[samples], n),
            sample_time=self._drawn(samples),
            level=level,
            censoring=censoring,
            lloq=lloq,
            uloq=uloq,
            assay=assay,
            assays=assays,
            row_start=_starts_of(self.subject[rows], n),
            row_time=row_time,
            covariates={name: values[rows] for name, values in self.covariates.items()},
            sample_line=self.table.line[samples],
            occasion=self._occasions(rows),
            centre=centre,
            centres=centres,
        )

    def _drawn(self, samples: IntArray) -> FloatArray:
        """Return when samples were drawn; one whose row follows a bolus of the same time, as in NONMEM a moment after it."""
        time = self.values["TIME"]
        is_after = self._is_after_bolus()[samples]
        if is_after.any():
            one = "1 sample stands" if is_after.sum() == 1 else f"{is_after.sum()} samples stand"
            self.notes.append(f"{one} after a bolus of the same time, and count as drawn right after it.")
        return np.where(is_after, np.nextafter(time[samples], np.inf), time[samples])

    def _is_after_bolus(self) -> BoolArray:
        """Return which rows follow a bolus of the same subject and time, one of ADDL included."""
        time = self.values["TIME"]
        rate, duration = np.nan_to_num(self.column("RATE", 0.0)), np.nan_to_num(self.column("DUR", 0.0))
        is_bolus = self.is_dose & (rate == 0.0) & (duration == 0.0)
        is_new = np.concatenate(([True], (np.diff(time) != 0.0) | (np.diff(self.subject) != 0)))
        begin = np.flatnonzero(is_new)[np.cumsum(is_new) - 1]
        before = np.concatenate(([0], np.cumsum(is_bolus)))[:-1]
        return (before > before[begin]) | self._is_at_further_bolus(is_bolus)

    def _is_at_further_bolus(self, is_bolus: BoolArray) -> BoolArray:
        """Return which rows have the time of a bolus that ADDL adds: NONMEM gives it before the record of that time."""
        which, time = self._further_doses(is_bolus)
        # A complex number for each pair of subject and time.
        return np.isin(self.subject + 1j * self.values["TIME"], self.subject[which] + 1j * time)

    def _further_doses(self, is_asked: BoolArray) -> tuple[IntArray, FloatArray]:
        """Return the row and the time of each dose that ADDL adds to some rows; of none where it asks for more than can be."""
        time, apart, extra = self.values["TIME"], self.column("II", 0.0), self.column("ADDL", 0.0)
        rows = np.flatnonzero(is_asked & (extra >= 1.0) & (apart > 0.0) & np.isfinite(extra + apart + time))
        if extra[rows].sum() > _MOST_EXPANDED:
            rows = rows[:0]
        count = extra[rows].astype(np.int64)
        which = np.repeat(rows, count)
        number = np.arange(which.size) - np.repeat(np.cumsum(count) - count, count) + 1
        return which, time[which] + number * apart[which]

    def _undosed(self) -> tuple[int, ...]:
        """Return the rows of levels that are more than nothing though no dose of the subject came before."""
        time, dv = self.values["TIME"], self.values["DV"]
        cens = np.nan_to_num(self.column("CENS", 0.0))
        is_nothing = ((cens == 0.0) & (dv < self.column("LLOQ"))) | ((cens == _BELOW) & ~(self.column("LIMIT") > 0.0))
        is_steady = np.nan_to_num(self.column("SS", 0.0)) == 1
        begin = np.where(is_steady, -np.inf, time)[self.is_dose]
        first_dose = np.full(self.first.size, np.inf)
        np.fmin.at(first_dose, self.subject[self.is_dose], begin)
        first = first_dose[self.subject]
        is_before = (time < first) | ((time == first) & ~self._is_after_bolus())
        return tuple(np.flatnonzero(self.is_sample & ~is_nothing & is_before).tolist())

    def _levels(self, samples: IntArray) -> tuple[FloatArray, IntArray, FloatArray, FloatArray]:
        dv, cens = self.values["DV"][samples], np.nan_to_num(self.column("CENS", 0.0))[samples]
        limit, lloq, uloq = (self.column(name)[samples].copy() for name in ("LIMIT", "LLOQ", "ULOQ"))
        is_below = (cens == _BELOW) | ((cens == 0.0) & (dv < lloq))
        is_above = (cens == _ABOVE) | ((cens == 0.0) & (dv > uloq))
        is_between = ~np.isnan(limit) & (cens != 0.0)
        lloq = np.where(cens == _BELOW, np.where(is_between, limit, dv), lloq)
        uloq = np.where(cens == _ABOVE, np.where(is_between, limit, dv), uloq)
        # Of an interval both ends are kept, whichever of them is DV.
        uloq = np.where((cens == _BELOW) & is_between, dv, uloq)
        lloq = np.where((cens == _ABOVE) & is_between, dv, lloq)
        censoring = np.where(
            is_below, int(Censoring.BELOW), np.where(is_above, int(Censoring.ABOVE), int(Censoring.NONE))
        )
        censoring = np.where(is_between, int(Censoring.BETWEEN), censoring)
        return np.where(censoring == 0, dv, np.nan), censoring.astype(np.int64), lloq, uloq

    def _doses(self) -> _Doses:
        rows = np.flatnonzero(self.is_dose)
        amount, time = self.column("AMT")[rows], self.values["TIME"][rows]
        rate, duration = np.nan_to_num(self.column("RATE", 0.0))[rows], np.nan_to_num(self.column("DUR", 0.0))[rows]
        duration = np.divide(amount, rate, out=duration.copy(), where=rate > 0.0)
        apart, extra = (
            np.nan_to_num(self.column("II", 0.0))[rows],
            np.nan_to_num(self.column("ADDL", 0.0))[rows].astype(np.int64),
        )
        before = self._n_steady()[rows]
        count = 1 + extra + before
        which = np.repeat(np.arange(rows.size), count)
        number = np.arange(which.size) - np.repeat(np.cumsum(count) - count, count) - before[which]
        times = time[which] + number * apart[which]
        order = np.lexsort((times, self.subject[rows][which]))
        which, times = which[order], times[order]
        return _Doses(self.subject[rows][which], times, amount[which], duration[which])

    def _n_steady(self) -> IntArray:
        """Return for each row how many doses stand for those before it, which are none but at steady state."""
        is_steady = self.is_dose & (np.nan_to_num(self.column("SS", 0.0)) == 1)
        apart = np.where(is_steady, np.nan_to_num(self.column("II", 0.0)), np.inf)
        n = np.clip(np.ceil(_STEADY_SPAN / apart), _FEWEST_STEADY, _MOST_STEADY)
        return np.where(is_steady, n, 0.0).astype(np.int64)

    def _covariate_rows(self) -> tuple[IntArray, FloatArray]:
        """Return the rows in which some covariate or the occasion differs from the row before, and each subject's first; and from when on.

        A row between dose and level that comes right before such a row counts as well: until then the covariates were those before, and
        from then on they are those of the change, as in NONMEM. So they are where a dose of ADDL lies between both rows, which is no
        record of its own: the row then counts twice, first from right after the row before.
        """
        changes = np.zeros(self.table.n_rows, dtype=bool)
        for values in (*self.covariates.values(), self.column("OCC", 0.0)):
            differs = (values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
            changes[1:] |= differs
        is_quiet = ~self.is_dose & ~self.is_sample
        is_last_before = np.append(changes[1:] & (self.subject[1:] == self.subject[:-1]), False)
        changes[self.first] = True
        early = np.flatnonzero(changes & self._follows_further_dose())
        rows = np.concatenate((early, np.flatnonzero(changes | (is_quiet & is_last_before))))
        # Two steps beyond a level that counts as drawn one step after its bolus.
        before = np.nextafter(np.nextafter(self.values["TIME"][early - 1], np.inf), np.inf)
        time = np.concatenate((before, self.values["TIME"][rows[early.size :]]))
        order = np.lexsort((time, rows))
        return rows[order], time[order]

    def _follows_further_dose(self) -> BoolArray:
        """Return which rows have a dose that ADDL adds between the row before and themselves."""
        found = np.zeros(self.table.n_rows, dtype=bool)
        which, given = self._further_doses(self.is_dose)
        if not which.size:
            return found
        # The first row at the time of the dose or later: numbers of subjects and places of times are whole, so that both make one order.
        times, place = np.unique(np.concatenate((self.values["TIME"], given)), return_inverse=True)
        key = self.subject * times.size + place[: self.table.n_rows]
        own = self.subject[which]
        row = np.searchsorted(key, own * times.size + place[self.table.n_rows :])
        is_inside = (row < self.table.n_rows) & (self.subject[np.minimum(row, self.table.n_rows - 1)] == own)
        row, given = row[is_inside], given[is_inside]
        found[row[given < self.values["TIME"][row]]] = True
        return found

    def _occasions(self, rows: IntArray) -> IntArray:
        """Return the occasions of the rows, numbered from 0 within each subject in the order of their codes."""
        if "OCC" not in self.values:
            return np.zeros(rows.size, dtype=np.int64)
        codes, subject = np.nan_to_num(self.values["OCC"])[rows], self.subject[rows]
        pairs, place = np.unique(np.column_stack((subject, codes)), axis=0, return_inverse=True)
        begins = np.searchsorted(pairs[:, 0], pairs[:, 0])
        return (np.arange(len(pairs)) - begins)[place.ravel()].astype(np.int64)

    def _centre_row(self) -> IntArray:
        """Return the row of each subject that says its centre: the first in which there is one, else the first."""
        if self.centre_column is None:
            return self.first
        is_named = names_in(self.table, self.centre_column).to_numpy(zero_copy_only=False) != ""
        found = np.full(self.first.size, self.table.n_rows)
        np.minimum.at(found, self.subject[is_named], np.flatnonzero(is_named))
        return np.where(found < self.table.n_rows, found, self.first)

    def _centres(self) -> tuple[IntArray, tuple[str, ...]]:
        if self.centre_column is None:
            return np.zeros(self.first.size, dtype=np.int64), ("",)
        codes = names_in(self.table, self.centre_column).take(pa.array(self.centre_row)).dictionary_encode()
        names = tuple(map(str, codes.dictionary.to_pylist()))
        return codes.indices.to_numpy(zero_copy_only=False).astype(np.int64), names

    def _assays(self, samples: IntArray) -> tuple[IntArray, tuple[str | None, ...]]:
        if "ASSAY" not in self.table.columns:
            return np.zeros(samples.size, dtype=np.int64), (None,)
        codes = names_in(self.table, "ASSAY").take(samples).dictionary_encode()
        names = tuple(str(name) or None for name in codes.dictionary.to_pylist())
        return codes.indices.to_numpy(zero_copy_only=False).astype(np.int64), names

    def _note(self, doses: _Doses, samples: IntArray) -> None:
        n = self.first.size
        n_without_dose = n - np.unique(doses.subject).size
        n_without_level = n - np.unique(self.subject[samples]).size
        centre, centres = self._centres()
        n_without_centre = int(np.isin(centre, [i for i, name in enumerate(centres) if not name]).sum())
        if 0 < n_without_centre < n:
            self.notes.append(f"{_subjects(n_without_centre)} no centre, as if that were a centre of its own.")
        if n_without_dose:
            self.notes.append(f"{_subjects(n_without_dose)} no dose.")
        if n_without_level:
            self.notes.append(f"{_subjects(n_without_level)} no level, which adds nothing to the likelihood.")
        if n_steady := int(self._n_steady().max()):
            self.notes.append(f"A dose at steady state stands for itself and {n_steady} equal ones before it.")


def _subjects(n: int) -> str:
    return "1 subject has" if n == 1 else f"{n} subjects have"


@dataclass(frozen=True, slots=True)
class _Doses:
    """Doses in the order of subjects and times, ADDL and SS written out."""

    subject: IntArray
    time: FloatArray
    amount: FloatArray
    duration: FloatArray


def _starts_of(subject: IntArray, n: int) -> IntArray:
    return np.concatenate(([0], np.cumsum(np.bincount(subject, minlength=n)))).astype(np.int64)


def _decimal_comma(text: str, n_further: int) -> str:
    """Return what is wrong with numbers that have a decimal comma, said once for a column."""
    others = (
        ", as 1 further cell of the column has"
        if n_further == 1
        else f", as {n_further} further cells of the column have"
    )
    return f"“{text}” has a decimal comma{others if n_further else ''}; expected a point: {text.replace(',', '.')}"


def _instead_of(name: str, text: str) -> str:
    """Return what was expected instead of a text."""
    if name == "DV" and text[:1] in {"<", ">", "≤", "≥"}:
        beyond = "CENS 1 (below)" if text[0] in "<≤" else "CENS -1 (above)"
        return f"the limit alone, with {beyond}"
    if name == "TIME" and _DATE.search(text):
        return "days since the first dose, as a number: dates and clock times are not read"
    return "one, or a point for none"

"""Measures at given random effects against closed forms and numerical integration of the concentration curve."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from pkpd.data.cohort import Cohort, cohort_of
from pkpd.data.records import CovariateRow, Dose, Subject
from pkpd.exposure.measures import BoundRegimens, Wanted, bound_regimens, levels_at, measures_at
from pkpd.model import load_model

ONE, TWO = load_model("niyigena_2026_asuc"), load_model("fasanmade_2009")
COVARIATES = {"weight_kg": 63.0, "crp_mg_per_L": 30.0, "albumin_g_per_L": 31.0, "sex": 1.0, "ada_positive": 0.0}
WINDOWS = ((14.0, 28.0), (0.0, 7.0), (0.5, 0.6), (3.0, 14.0))
ETA = np.array([[0.3, -0.2], [-1.1, 0.7], [1.6, -1.2]])
# A dose inside a window, one across its end, one of a low rate after a high bolus.
REGIMENS = (
    (Dose(0.0, 400.0, 1.0 / 12.0), Dose(6.97, 400.0, 0.08), Dose(20.0, 300.0, 0.1)),
    (Dose(0.0, 900.0, 0.0), Dose(0.02, 500.0, 12.0), Dose(14.0, 200.0, 0.0)),
)


def cohort(*regimens: tuple[Dose, ...]) -> Cohort:
    rows = (CovariateRow(0.0, COVARIATES),)
    return cohort_of([Subject(doses, (), rows) for doses in regimens])


def concentrations(doses: tuple[Dose, ...], own: dict[str, float], times: np.ndarray) -> np.ndarray:
    """Return concentrations from the differential equations, piece by piece."""
    volume, peripheral = own.get("v1", own.get("v", math.nan)), own.get("v2", 1.0)
    flow = own.get("q", 0.0)
    ends = sorted({0.0, *(d.time_day for d in doses), *(d.time_day + d.duration_day for d in doses), times.max()})
    state, found = np.zeros(2), np.zeros(times.size)
    for start, end in pairwise(ends):
        state[0] += sum(d.amount_mg for d in doses if d.duration_day == 0.0 and d.time_day == start)
        middle = 0.5 * (start + end)
        running = [d for d in doses if d.duration_day > 0.0 and d.time_day < middle < d.time_day + d.duration_day]
        rate = sum(d.amount_mg / d.duration_day for d in running)

        def slope(_: float, a: np.ndarray, rate: float = rate) -> list[float]:
            moved = flow * (a[0] / volume - a[1] / peripheral)
            return [rate - own["cl"] * a[0] / volume - moved, moved]

        solved = solve_ivp(slope, (start, end), state, method="LSODA", rtol=1e-11, atol=1e-11, dense_output=True)
        inside = (times > start) & (times <= end)
        if inside.any() and solved.sol is not None:
            found[inside] = solved.sol(times[inside])[0] / volume
        state = solved.y[:, -1].copy()
    return found


def measured(model, regimen: tuple[Dose, ...], wanted: Wanted, eta: np.ndarray) -> dict[str, float]:
    found = measures_at(bound_regimens(model, cohort(regimen), wanted), np.zeros(1, dtype=np.int64), eta[None])
    return {name: float(value[0]) for name, value in found.items()}


@pytest.mark.parametrize("model", [ONE, TWO], ids=lambda model: model.id)
@pytest.mark.parametrize("regimen", REGIMENS, ids=["infusions", "boluses"])
@pytest.mark.parametrize("eta", ETA, ids=str)
def test_areas_extremes_and_troughs_are_those_of_the_differential_equations(model, regimen, eta):
    wanted = Wanted(WINDOWS, (5.0, 14.0, 20.0), has_extremes=True)
    own = measured(model, regimen, wanted, eta)
    days = concentrations(regimen, own, np.array(wanted.trough_days))
    assert [own[f"trough_{day:g}"] for day in wanted.trough_days] == pytest.approx(days.tolist(), rel=1e-7)
    jumps = [t for d in regimen for t in (d.time_day, d.time_day + d.duration_day)]
    for number, (start, end) in enumerate(WINDOWS):
        ends = sorted({start, end, *(t for t in jumps if start < t < end)})
        pieces = [np.linspace(a + 1e-9, b, 4001) for a, b in pairwise(ends)]
        curves = [concentrations(regimen, own, piece) for piece in pieces]
        # Simpson's rule over 4,000 intervals of each smooth piece.
        areas = [
            (piece[1] - piece[0]) / 3.0 * (c[0] + c[-1] + 4.0 * c[1::2].sum() + 2.0 * c[2:-1:2].sum())
            for piece, c in zip(pieces, curves, strict=True)
        ]
        area = own[wanted.window_name("auc", number)]
        assert area == pytest.approx(sum(areas), rel=1e-6)
        ratio = own[wanted.window_name("ln_auc_cl", number)]
        assert ratio == pytest.approx(math.log(area / own["cl"]), abs=1e-12)
        # At the beginning of a window the concentration is that before a dose.
        first = concentrations(regimen, own, np.array([start]))[0]
        highest, lowest = (own[wanted.window_name(kind, number)] for kind in ("cmax", "cmin"))
        assert highest == pytest.approx(max(first, *map(np.max, curves)), rel=2e-6)
        assert lowest == pytest.approx(min(first, *map(np.min, curves)), rel=2e-6)


def test_a_concentration_that_turns_between_two_events_has_its_extreme_there():
    # A slow infusion begins while the first dose is still distributed: the concentration falls, then rises.
    regimen = (Dose(0.0, 600.0, 0.0), Dose(0.01, 4000.0, 20.0))
    wanted = Wanted(((0.01, 20.0),), has_extremes=True)
    own = measured(TWO, regimen, wanted, np.array([0.5, -0.3]))
    times = np.linspace(0.0100001, 20.0, 200_001)
    curve = concentrations(regimen, own, times)
    assert 0 < curve.argmin() < times.size - 1
    assert own["cmin"] == pytest.approx(curve.min(), rel=1e-7)
    assert own["cmin"] < 0.99 * min(curve[0], curve[-1])


def test_the_area_of_a_bolus_is_the_closed_form():
    wanted = Wanted(((0.0, 7.0), (3.0, 28.0)))
    own = measured(ONE, (Dose(0.0, 500.0, 0.0),), wanted, np.array([0.4, 0.1]))
    k = own["cl"] / own["v"]
    assert own["half_life"] == pytest.approx(math.log(2.0) / k, rel=1e-12)
    for name, (start, end) in (("auc", (0.0, 7.0)), ("auc_3_28", (3.0, 28.0))):
        closed = 500.0 / own["cl"] * (math.exp(-k * start) - math.exp(-k * end))
        numeric = quad(lambda t: 500.0 / own["v"] * math.exp(-k * t), start, end, epsabs=1e-12)[0]
        assert own[name] == pytest.approx(closed, rel=1e-12)
        assert own[name] == pytest.approx(numeric, rel=1e-10)


def test_a_window_without_drug_has_no_area_no_concentration_and_no_ratio():
    wanted = Wanted(((0.0, 7.0),), (6.0, 40.0), has_extremes=True)
    own = measured(ONE, (Dose(40.0, 300.0, 0.1),), wanted, np.zeros(2))
    assert (own["auc"], own["cmin"], own["cmax"], own["trough_6"], own["trough_40"]) == (0.0, 0.0, 0.0, 0.0, 0.0)
    assert math.isnan(own["ln_auc_cl"])


def test_a_trough_at_the_time_of_a_dose_is_before_it_for_infusions_and_boluses():
    for second in (Dose(14.0, 500.0, 0.1), Dose(14.0, 500.0, 0.0)):
        given = (Dose(0.0, 500.0, 0.1), second)
        alone = measured(ONE, given[:1], Wanted(trough_days=(14.0,)), np.zeros(2))
        both = measured(ONE, given, Wanted(trough_days=(14.0,)), np.zeros(2))
        assert both["trough_14"] == pytest.approx(alone["trough_14"], rel=1e-12)


def test_many_random_effects_at_once_are_each_of_their_subject():
    wanted = Wanted(WINDOWS, (5.0, 14.0), has_extremes=True)
    bound: BoundRegimens = bound_regimens(TWO, cohort(*REGIMENS), wanted)
    index = np.array([1, 0, 1])
    together = measures_at(bound, index, ETA)
    assert tuple(together) == ("cl", "v1", "q", "v2", "half_life", *wanted.names)
    for i, subject in enumerate(index):
        alone = measured(TWO, REGIMENS[subject], wanted, ETA[i])
        assert {name: float(value[i]) for name, value in together.items()} == pytest.approx(alone, rel=1e-12)
    assert levels_at(bound, index, ETA).T.tolist() == [together["trough_5"].tolist(), together["trough_14"].tolist()]


def test_names_of_further_windows_hold_their_days():
    wanted = Wanted(((0.0, 14.0), (14.0, 28.0)), (14.0, 6.5), has_extremes=True)
    assert wanted.names == (
        *("auc", "ln_auc_cl", "cmin", "cmax"),
        *("auc_14_28", "ln_auc_cl_14_28", "cmin_14_28", "cmax_14_28", "trough_14", "trough_6.5"),
    )

"""Times to an event recognized in $PRED: what each way of writing means, NONMEM's -2 log L by SciPy's distributions, and what is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import integrate, stats

from nonmem_ref.control.read import parse_control
from nonmem_ref.dataset.read import Dataset
from nonmem_ref.recognition.recognize_events import recognize_events
from nonmem_ref.translation.event_translation import EventTranslation, translated_events
from nonmem_ref.translation.translate import Run
from tte.data.events import events_of
from tte.estimation.fit import FitOptions, fit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nonmem_ref.recognition.recognize_events import EventRecognition
    from pkpd.arrays import FloatArray

N = 60
BY_DV = "IF (DV.EQ.0) Y=EXP(-CHZ)\nIF (DV.EQ.1) Y=HAZ*EXP(-CHZ)"
THETA = "$THETA (0,0.004) (0,1.3) 0.02 (0,1.5)"


def data(**columns: Any) -> Dataset:
    """Return subjects with one record each, some with the event."""
    rng = np.random.default_rng(8)
    time = np.round(60.0 * rng.weibull(1.1, N) + 0.5, 3)
    known = {
        "ID": np.arange(1.0, N + 1.0),
        "TIME": np.minimum(time, 90.0),
        "DV": (time < 90.0) * 1.0,
        "CRP": np.round(rng.uniform(2.0, 80.0, N), 1),
        "WT": np.round(rng.uniform(45.0, 95.0, N), 1),
        "SEX": np.arange(N) % 2.0,
        "RACE": 1.0 + np.arange(N) % 3,
    }
    known |= {name: np.asarray(values, dtype=float) for name, values in columns.items()}
    individual = np.cumsum(np.concatenate(([False], np.diff(known["ID"]) != 0.0)))
    names = tuple(f"{one:g}" for one in known["ID"][np.unique(individual, return_index=True)[1]])
    return Dataset("d.csv", known, tuple(known), np.arange(known["ID"].size) + 2, individual, names)


DATA = data()


def stream(
    pred: str, *, theta: str = THETA, omega: str = "$OMEGA 0 FIX", est: str = "LIKELIHOOD LAPLACE METHOD=1"
) -> str:
    return f"$PROBLEM p\n$INPUT ID TIME DV\n$DATA d.csv\n$PRED\n{pred}\n{theta}\n{omega}\n$ESTIMATION {est}\n"


def recognition(pred: str, dataset: Dataset = DATA, **rest: Any) -> EventRecognition:
    reading = parse_control(enumerate(stream(pred, **rest).splitlines(), start=1))
    assert not reading.problems, reading.problems
    return recognize_events(reading.problems_read[0], dataset)


def translation(pred: str, path: Path, dataset: Dataset = DATA, **rest: Any) -> EventTranslation:
    reading = parse_control(enumerate(stream(pred, **rest).splitlines(), start=1))
    return translated_events(Run(path / "run.ctl", reading.problems_read[0], dataset, ()))


def our_objective(found: EventTranslation) -> float:
    """Return -2 log L of the translated model and its rows."""
    column = {name: [row[i] for row in found.rows] for i, name in enumerate(found.head)}
    entry, upper = column.get("ENTRY"), column.get("TIME2")
    covariates = {name: column[name] for name in found.model.covariates}
    events = events_of(column["TIME"], column["EVENT"], entry=entry, upper=upper, covariates=covariates)
    return -2.0 * fit(events, found.model, FitOptions(0)).log_likelihood


def objective_of(survival: Callable[[FloatArray], FloatArray], density: Callable[[FloatArray], FloatArray]) -> float:
    """Return -2 log L of the data by a survival and a density of each subject."""
    time, event = DATA.columns["TIME"], DATA.columns["DV"]
    return float(-2.0 * np.log(np.where(event == 1.0, density(time), survival(time))).sum())


def frozen(one: Any) -> float:
    return objective_of(one.sf, one.pdf)


def surge(amplitude: FloatArray, peak: float, width: float) -> float:
    """Return -2 log L of a surge by quadrature."""
    total = 0.0
    for time, event, a in zip(DATA.columns["TIME"], DATA.columns["DV"], amplitude, strict=True):
        area = integrate.quad(lambda t: 1.0 / (1.0 + ((t - peak) / width) ** 4), 0.0, time, epsabs=1e-13, limit=200)[0]
        total -= a * area
        if event:
            total += np.log(a / (1.0 + ((time - peak) / width) ** 4))
    return -2.0 * total


CRP, WT, SEX, RACE = (DATA.columns[name] for name in ("CRP", "WT", "SEX", "RACE"))
SURGE = """AMP=THETA(1)*5*EXP(THETA(3)*(CRP-30))
PT=THETA(4)*20
SW=THETA(2)*15
R=SQRT(2)
U=(TIME-PT)/SW
V=-PT/SW
FU=LOG((U*U+R*U+1)/(U*U-R*U+1))+2*ATAN(R*U+1)+2*ATAN(R*U-1)
FV=LOG((V*V+R*V+1)/(V*V-R*V+1))+2*ATAN(R*V+1)+2*ATAN(R*V-1)
CHZ=AMP*SW*(FU-FV)/4/R
HAZ=AMP/(1+U**4)
"""
# Code, the objective that NONMEM has at its initial estimates, the hazard, and its coefficients.
WAYS: dict[str, tuple[str, dict[str, Any], Callable[[], float], str, dict[str, float]]] = {
    "constant hazard, DV as exponent": (
        "LAM=THETA(1)*EXP(THETA(3)*(CRP-30)+ETA(1))\nY=EXP(-LAM*TIME)*LAM**DV",
        {},
        lambda: frozen(stats.expon(scale=1.0 / (0.004 * np.exp(0.02 * (CRP - 30.0))))),
        "exponential",
        {"lambda": 0.004, "lambda:CRP": 0.02},
    ),
    "-2LL, a power of weight and a factor by sex": (
        "LAM=THETA(1)*(WT/70)**THETA(3)\nIF (SEX.EQ.1) LAM=LAM*THETA(4)\nLL=DV*LOG(LAM)-LAM*TIME\nY=-2*LL",
        {"est": "METHOD=COND LAPLACE -2LL"},
        lambda: frozen(stats.expon(scale=1.0 / (0.004 * (WT / 70.0) ** 0.02 * np.where(SEX == 1.0, 1.5, 1.0)))),
        "exponential",
        {"lambda": 0.004, "lambda:LN_WT": 0.02, "lambda:SEX_EQ_1": np.log(1.5)},
    ),
    "Weibull, proportional hazards": (
        f"LAM=THETA(1)*EXP(THETA(3)*CRP)\nG=THETA(2)\nCHZ=LAM*TIME**G\nHAZ=G*LAM*TIME**(G-1)\n{BY_DV}",
        {},
        lambda: frozen(stats.weibull_min(1.3, scale=(0.004 * np.exp(0.02 * CRP)) ** (-1.0 / 1.3))),
        "weibull",
        {"lambda": 0.004, "shape": 1.3, "lambda:CRP": 0.02},
    ),
    "Weibull, rate and effect inside the power": (
        f"LAM=THETA(1)*EXP(THETA(3)*(CRP-30))\nG=THETA(2)\nCHZ=(LAM*TIME)**G\nHAZ=G*LAM*(LAM*TIME)**(G-1)\n{BY_DV}",
        {},
        lambda: frozen(stats.weibull_min(1.3, scale=1.0 / (0.004 * np.exp(0.02 * (CRP - 30.0))))),
        "weibull",
        {"lambda": 0.004**1.3, "shape": 1.3, "lambda:CRP": 0.026},
    ),
    "Weibull, rate inside the power and effect outside": (
        f"G=EXP(THETA(2))\nCHZ=(THETA(1)*TIME)**G*EXP(THETA(3)*(CRP-30))\nHAZ=G*CHZ/TIME\n{BY_DV}",
        {"theta": "$THETA (0,0.004) 0.26 0.02 (0,1.5)"},
        lambda: frozen(
            stats.weibull_min(np.exp(0.26), scale=np.exp(-0.02 * (CRP - 30.0) * np.exp(-0.26)) / 0.004),
        ),
        "weibull",
        {"lambda": 0.004 ** np.exp(0.26), "shape": np.exp(0.26), "lambda:CRP": 0.02},
    ),
    "Weibull, shape by sex": (
        f"G=THETA(2)*(1+THETA(3)*SEX)\nCHZ=THETA(1)*TIME**G\nHAZ=G*THETA(1)*TIME**(G-1)\n{BY_DV}",
        {},
        lambda: frozen(stats.weibull_min(1.3 * (1.0 + 0.02 * SEX), scale=0.004 ** (-1.0 / (1.3 * (1.0 + 0.02 * SEX))))),
        "weibull",
        {"shape:SEX": np.log(1.02)},
    ),
    "Gompertz": (
        f"LAM=THETA(1)*EXP(THETA(3)*CRP)\nGAM=-THETA(2)/100\nCHZ=LAM/GAM*(EXP(GAM*TIME)-1)\nHAZ=LAM*EXP(GAM*TIME)\n{BY_DV}",
        {},
        lambda: objective_of(
            lambda t: np.exp(0.004 * np.exp(0.02 * CRP) / 0.013 * (np.exp(-0.013 * t) - 1.0)),
            lambda t: (
                0.004
                * np.exp(0.02 * CRP - 0.013 * t)
                * np.exp(0.004 * np.exp(0.02 * CRP) / 0.013 * (np.exp(-0.013 * t) - 1.0))
            ),
        ),
        "gompertz",
        {"lambda": 0.004, "gamma": -0.013, "lambda:CRP": 0.02},
    ),
    "log-logistic, a median for each race": (
        """ALP=40
IF (RACE.EQ.2) ALP=40*THETA(2)
IF (RACE.EQ.3) ALP=40*THETA(4)
X=(TIME/ALP)**THETA(4)
S=1/(1+X)
IF (DV.EQ.1) THEN
Y=THETA(4)*X/TIME*S**2
ELSE
Y=S
ENDIF""",
        {},
        lambda: frozen(stats.fisk(1.5, scale=40.0 * np.where(RACE == 2.0, 1.3, np.where(RACE == 3.0, 1.5, 1.0)))),
        "loglogistic",
        {"alpha": 40.0, "beta": 1.5, "alpha:RACE_EQ_2": np.log(1.3), "alpha:RACE_EQ_3": np.log(1.5)},
    ),
    "log-normal by PHI": (
        """MU=4+THETA(3)*(CRP-30)
Z=(LOG(TIME)-MU)/THETA(2)
SUR=1-PHI(Z)
PDF=EXP(-Z**2/2)/SQRT(2*3.14159265358979)/THETA(2)/TIME
HAZ=PDF/SUR
IF (DV.EQ.1) Y=SUR*HAZ
IF (DV.EQ.0) Y=SUR""",
        {},
        lambda: frozen(stats.lognorm(1.3, scale=np.exp(4.0 + 0.02 * (CRP - 30.0)))),
        "lognormal",
        {"mu": 4.0, "sigma": 1.3, "mu:CRP": 0.02},
    ),
    "a surge": (
        f"{SURGE}{BY_DV}",
        {},
        lambda: surge(0.02 * np.exp(0.02 * (CRP - 30.0)), 30.0, 19.5),
        "surge",
        {"A": 0.02, "PT": 30.0, "SW": 19.5, "A:CRP": 0.02},
    ),
    "F_FLAG without LIKELIHOOD": (
        f"CHZ=THETA(1)*TIME\nHAZ=THETA(1)\nF_FLAG=1\n{BY_DV}",
        {"est": "METHOD=1 LAPLACE"},
        lambda: frozen(stats.expon(scale=250.0)),
        "exponential",
        {"lambda": 0.004},
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_writing_has_nonmems_objective(way: str, tmp_path: Path):
    pred, rest, objective, hazard, values = WAYS[way]
    found = translation(pred, tmp_path, **rest)
    assert found.model.hazard.value == hazard
    for name, value in values.items():
        assert found.model.given[name] == pytest.approx(value, rel=1e-10), name
    assert our_objective(found) == pytest.approx(objective(), abs=1e-8)


def test_the_three_codings_of_a_weibull_hazard_are_one_model():
    """models.md §2: what 20 % at an exposure of 5.79 fixes, in each coding."""
    for coding, reference in (("PH", 6.563), ("INSIDE", 7.404), ("POWER", 7.533)):
        chz = {
            "PH": "0.001122*TIME**G*EXP(B*(X-THETA(1)))",
            "INSIDE": "(0.001122*EXP(B*(X-THETA(1)))*TIME)**G",
            "POWER": "(0.001122*TIME)**G*EXP(B*(X-THETA(1)))",
        }[coding]
        pred = f"G=THETA(2)\nB=THETA(3)\nCHZ={chz}\nHAZ=G*CHZ/TIME\n{BY_DV}"
        dataset = data(X=np.linspace(4.0, 8.0, N))
        found = recognition(pred, dataset, theta=f"$THETA {reference} (0,1.08) -0.56").events
        assert found is not None
        log_lambda, shape, slope = found.hazard.linear[0]
        (effect,) = found.hazard.effects
        risk = -np.expm1(-np.exp(log_lambda + np.exp(shape) * np.log(90.0) + slope * (5.79 - effect.reference)))
        assert risk == pytest.approx(0.20, abs=2e-4)


def test_references_and_elements_of_theta_stand_in_the_model_as_in_the_code(tmp_path: Path):
    found = translation(WAYS["constant hazard, DV as exponent"][0], tmp_path)
    assert [(one.name, one.reference) for one in found.model.effects] == [("lambda:CRP", 30.0)]
    assert found.model.given == {"lambda": 0.004, "lambda:CRP": 0.02}
    assert found.head == ("ID", "TIME", "EVENT", "CRP")
    power = translation(
        *(WAYS["-2LL, a power of weight and a factor by sex"][0], tmp_path), est="LAPLACE METHOD=1 -2LL"
    )
    assert {one.covariate: one.reference for one in power.model.effects}["LN_WT"] == np.log(70.0)


def test_what_is_fixed_is_held_and_what_ties_parameters_is_said():
    weibull = "CHZ=THETA(1)*TIME**THETA(2)\nHAZ=THETA(2)*CHZ/TIME\n" + BY_DV
    found = recognition(weibull, theta="$THETA (0,0.004) 1.3 FIX").events
    assert found is not None
    assert found.is_fixed.tolist() == [False, True]
    assert found.free == (1,)
    tied = recognition("ALP=40*THETA(2)\nX=(TIME/ALP)**THETA(2)\nCHZ=LOG(1+X)\nHAZ=THETA(2)*X/TIME/(1+X)\n" + BY_DV)
    assert tied.notes == (
        "1 elements of THETA make 2 parameters: a fit of the engine estimates a number for each of the latter.",
    )
    bounded = recognition(weibull, theta="$THETA (0.001,0.004,0.1) (0,1.3)")
    assert bounded.notes == ("The bounds of THETA(1) are not kept: a fit of the engine has its own.",)


TRUNCATED = """LAM=THETA(1)*EXP(THETA(3)*(CRP-30))
G=THETA(2)
C=LAM*TIME**G
E=LAM*ENTRY**G
R=LAM*RIGHT**G
IF (DV.EQ.0) Y=EXP(E-C)
IF (DV.EQ.1) Y=EXP(E-C)*G*C/TIME
IF (DV.EQ.2) Y=EXP(E-C)-EXP(E-R)
IF (DV.EQ.3) Y=1-EXP(E-C)
IF (DV.EQ.4) Y=1
"""


def intervals() -> Dataset:
    time, place = DATA.columns["TIME"], np.arange(N)
    code = np.where(place % 5 == 0, 2.0, np.where(place % 7 == 1, 3.0, DATA.columns["DV"]))
    code[3] = 4.0
    return data(ENTRY=np.where(place % 3 == 0, 0.3 * time, 0.0), RIGHT=time + np.where(code == 2.0, 7.0, 0.0), DV=code)


def test_entries_and_intervals_are_found_with_the_items_that_hold_their_times(tmp_path: Path):
    dataset = intervals()
    found = translation(TRUNCATED, tmp_path, dataset)
    assert found.head == ("ID", "TIME", "EVENT", "ENTRY", "TIME2", "CRP")
    assert any("1 records that count have a likelihood of 1" in note for note in found.notes)
    c = dataset.columns
    one = stats.weibull_min(1.3, scale=(0.004 * np.exp(0.02 * (CRP - 30.0))) ** (-1.0 / 1.3))
    alive = one.sf(c["ENTRY"])
    by_code = {
        0.0: one.sf(c["TIME"]) / alive,
        1.0: one.pdf(c["TIME"]) / alive,
        2.0: (one.sf(c["TIME"]) - one.sf(c["RIGHT"])) / alive,
        3.0: 1.0 - one.sf(c["TIME"]) / alive,
        4.0: np.ones(N),
    }
    likelihood = np.select([c["DV"] == code for code in by_code], list(by_code.values()))
    assert our_objective(found) == pytest.approx(-2.0 * np.log(likelihood).sum(), abs=1e-8)


def test_stretches_of_time_are_rows_of_a_counting_process(tmp_path: Path):
    """A covariate that changes: two records for each subject, the hazard being multiplied in each by its own."""
    time = np.repeat(DATA.columns["TIME"], 2)
    is_second = np.arange(2 * N) % 2 == 1
    columns = {name: np.repeat(values, 2) for name, values in DATA.columns.items()}
    columns |= {
        "START": np.where(is_second, 0.4 * time, 0.0),
        "TIME": np.where(is_second, time, 0.4 * time),
        "DV": np.where(is_second, columns["DV"], 0.0),
        "CRP": columns["CRP"] * np.where(is_second, 0.5, 1.0),
    }
    pred = f"LAM=THETA(1)*EXP(THETA(3)*(CRP-30))\nCHZ=LAM*(TIME-START)\nHAZ=LAM\n{BY_DV}"
    found = translation(pred, tmp_path, data(**columns))
    assert found.head == ("ID", "START", "STOP", "EVENT", "CRP")
    assert len(found.rows) == 2 * N


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a frailty": (
        {"pred": "LAM=THETA(1)*EXP(ETA(1))\nY=EXP(-LAM*TIME)*LAM**DV", "omega": "$OMEGA 0.1"},
        r"line 4, \$PRED: has Y depend on ETA\(1\), whose variance is not held at 0 \(a frailty\)",
    ),
    "a frailty that is fixed": (
        {"pred": "LAM=THETA(1)*EXP(ETA(1))\nY=EXP(-LAM*TIME)*LAM**DV", "omega": "$OMEGA 0.1 FIX"},
        "a frailty",
    ),
    "predictions": (
        {"pred": "Y=THETA(1)*TIME", "est": "METHOD=1"},
        r"line 4, \$PRED: is read for times to an event; expected LIKELIHOOD or -2LOGLIKELIHOOD",
    ),
    "EPS": (
        {"pred": "LAM=THETA(1)*EXP(EPS(1))\nY=EXP(-LAM*TIME)*LAM**DV"},
        r"line 5, \$PRED: has Y depend on EPS; expected a likelihood of THETA alone",
    ),
    "another hazard": (
        {"pred": "CHZ=THETA(1)*SQRT(TIME)+THETA(2)*TIME\nHAZ=THETA(1)/2/SQRT(TIME)+THETA(2)\n" + BY_DV},
        r"line 4, \$PRED: has a cumulative hazard that is none of the engine's as a function of TIME",
    ),
    "a time that is shifted": (
        {"pred": "CHZ=THETA(1)*(TIME+0.001)**THETA(2)\nHAZ=THETA(2)*CHZ/(TIME+0.001)\n" + BY_DV},
        "gives no record a likelihood that falls from 1|none of the engine's as a function of TIME",
    ),
    "proportional hazards of a log-logistic time": (
        {
            "pred": "X=(TIME/40)**THETA(2)\nRH=EXP(THETA(3)*CRP)\nCHZ=RH*LOG(1+X)\nHAZ=RH*THETA(2)*X/TIME/(1+X)\n"
            + BY_DV
        },
        "none of the engine's",
    ),
    "a linear effect on the hazard": (
        {"pred": "LAM=THETA(1)*(1+THETA(3)*CRP)\nY=EXP(-LAM*TIME)*LAM**DV"},
        r"line 4, \$PRED: has lambda of the exponential hazard depend on CRP; expected ln lambda to be a sum of CRP, its logarithm",
    ),
    "covariates that act on each other": (
        {"pred": "LAM=THETA(1)*EXP(THETA(3)*CRP*SEX)\nY=EXP(-LAM*TIME)*LAM**DV"},
        "depend on CRP|covariates act on each other",
    ),
    "a hazard of events that is another": (
        {"pred": "CHZ=THETA(1)*TIME\nHAZ=2*THETA(1)\n" + BY_DV},
        r"gives the record in line \d+ of the data \(and \d+ more records\) a likelihood that is none of an event",
    ),
    "repeated events": (
        {
            "pred": "IF (NEWIND.NE.2) OLD=0\nCHZ=THETA(1)*TIME-OLD\nOLD=THETA(1)*TIME\nHAZ=THETA(1)\n" + BY_DV,
        },
        r"line 7, \$PRED: OLD is given a value after that of the record before was used",
    ),
    "no survival": (
        {"pred": "Y=THETA(1)"},
        "gives no record a likelihood that falls from 1 on as a data item grows from 0",
    ),
    "no number at the initial estimates": (
        {"pred": "LAM=THETA(1)*EXP(THETA(3)*CRP)\nCHZ=LAM*TIME\nHAZ=LAM*(SEX-1)\n" + BY_DV},
        "a likelihood that is (0|no number) at the initial estimates",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_the_engine_has_not_is_refused_with_the_reason(what: str):
    words, reason = REFUSED[what]
    found = recognition(**words)
    assert found.events is None
    assert len(found.problems) == 1, found.problems
    assert re.search(reason, str(found.problems[0])), found.problems[0]


def test_second_records_of_a_subject_without_a_begin_are_refused_as_repeated_events():
    twice = {name: np.repeat(values, 2) for name, values in DATA.columns.items()}
    found = recognition("CHZ=THETA(1)*TIME\nHAZ=THETA(1)\n" + BY_DV, data(**twice))
    expected = "expected one for each subject (repeated events are not in the engine), or a data item from which time on each record counts"
    (problem,) = found.problems
    assert str(problem) == f"d.csv: line 3: is a second record of subject 1 with a likelihood; {expected}"


def test_records_with_mdv_do_not_count(tmp_path: Path):
    """One record at time 0 with MDV 1 and one of the event, as data sets of event times often have."""
    twice = {name: np.repeat(values, 2) for name, values in DATA.columns.items()}
    is_first = np.arange(2 * N) % 2 == 0
    twice |= {
        "TIME": np.where(is_first, 0.0, twice["TIME"]),
        "MDV": is_first * 1.0,
        "DV": np.where(is_first, 0.0, twice["DV"]),
    }
    pred, _, objective, *_ = WAYS["constant hazard, DV as exponent"]
    found = translation(pred, tmp_path, data(**twice))
    assert len(found.rows) == N
    assert our_objective(found) == pytest.approx(objective(), abs=1e-8)

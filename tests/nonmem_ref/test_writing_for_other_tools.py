"""Models for nlmixr2 and mrgsolve: the text, read by an evaluator of its own, predicts what the engine does; what cannot be said is refused.

No R runs here. The evaluator below knows the little of both languages that is written: assignments, powers, conditions, derivatives.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from nonmem_ref.writing.other_model import theta_name
from nonmem_ref.writing.other_tools import OtherFiles, other_files
from pkpd.data.cohort import select_samples, subject_of
from pkpd.data.records import Censoring
from pkpd.errors import InputError
from pkpd.kernels.advance import subject_at
from pkpd.kernels.objective import minus2_log_likelihood
from pkpd.model import load_model
from pkpd.model.library import model_names
from pkpd.model.population import population_parameters
from pkpd.model.spec import EtaVariance, RandomEffectShape, ResidualError, ResidualKind
from pkpd.problem import bind
from pkpd.simulation.predict import predict_samples
from tests.nonmem_ref.test_writing import NIYIGENA, cohort_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from pkpd.data.cohort import Cohort
    from pkpd.model.spec import ModelSpec

TERNANT, ZHAO = load_model("ternant_2008"), load_model("zhao_2026_pediatric")
FUNCTIONS = {"exp": math.exp, "log": math.log, "log10": math.log10, "sqrt": math.sqrt, "pow": math.pow}


@dataclass(frozen=True)
class Program:
    """What a text says: values of parameters, lines that compute, derivatives in the order of the compartments, the level, and the
    additive and proportional variance of each compartment that levels are of (nothing for errors of another kind)."""

    values: dict[str, float]
    lines: list[str]
    slopes: dict[str, str]
    level: str
    variances: dict[str, tuple[float, float]]


def quantified(cohort: Cohort) -> Cohort:
    return select_samples(cohort, cohort.censoring == int(Censoring.NONE))


def files(model: ModelSpec, cohort: Cohort, tool: Any, **options: Any) -> OtherFiles:
    return other_files(model, population_parameters(model), cohort, tool, data="data.csv", **options)


def as_python(line: str) -> str:
    """Return an assignment or condition of R or C++ as Python says it."""
    line = line.strip().removesuffix(";").removeprefix("double ").replace("<-", "=").replace("^", "**")
    return re.sub(r"^if \((.*)\) \{$", r"if \1:", line)


def python_lines(block: str) -> list[str]:
    lines: list[str] = []
    depth = 0
    for line in filter(None, map(str.strip, block.splitlines())):
        if line == "}":
            depth -= 1
            continue
        lines.append("  " * depth + as_python(line))
        depth += line.endswith("{")
    return lines


def nlmixr2(text: str) -> Program:
    ini = text.split("ini({")[1].split("})", maxsplit=1)[0]
    values: dict[str, float] = {}
    for name, value in re.findall(r"(\w+) <- (.*)", ini):
        numbers = re.findall(r"-?[\d.]+(?:e[-+]?\d+)?", value)
        values[name] = float(numbers[1] if value.startswith("c(") else numbers[0])
    body = text.split("model({")[1].split("})\n", maxsplit=1)[0]
    slopes = {name: as_python(slope) for name, slope in re.findall(r"d/dt\((\w+)\) <- (.*)", body)}
    lines = [
        line
        for line in body.splitlines()
        if "d/dt" not in line and " ~ " not in line and not re.match(r" *cp\d* <-", line)
    ]
    variances: dict[str, tuple[float, float]] = {}
    for name, error in re.findall(r"(cp\d*) ~ (.*)", body):
        assert name == "cp" or f"    {name} <- cp\n" in body
        parts = dict(re.findall(r"(add|prop)\((\w+)\)", error))
        rest = re.sub(r"(add|prop)\(\w+\)| \+ |combined2\(\)", "", error)
        if not rest:
            variances[name] = (values.get(parts.get("add", ""), 0.0) ** 2, values.get(parts.get("prop", ""), 0.0) ** 2)
    return Program(values, python_lines("\n".join(lines)), slopes, re.findall(r"cp <- (.*)", body)[0], variances)


def mrgsolve(text: str) -> Program:
    blocks = re.split(r"^\$", text, flags=re.MULTILINE)
    (parameters,) = (block for block in blocks if block.startswith("PARAM @annotated\n"))
    values = {name: float(value) for name, value in re.findall(r"^(\w+) : (\S+) : ", parameters, flags=re.MULTILINE)}
    (main,) = (block.removeprefix("MAIN") for block in blocks if block.startswith("MAIN"))
    (ode,) = (block for block in blocks if block.startswith("ODE"))
    (table,) = (block for block in blocks if block.startswith("TABLE"))
    slopes = dict(re.findall(r"dxdt_(\w+) = (.*);", ode))
    (compartments,) = (block for block in blocks if block.startswith("CMT"))
    assert list(slopes) == re.findall(r"^(\w+) : ", compartments, flags=re.MULTILINE)
    level = re.findall(r"double DV = (central/\w+)", table)[0]
    main = re.sub(r"ETA\((\d+)\)", r"ETA_\1", main)
    # mapbayr takes the variances by pairs, one for each compartment with [OBS] in their order, and no heed of $TABLE.
    (sigma,) = (block for block in blocks if block.startswith("SIGMA"))
    numbers = [float(number) for number in re.findall(r"^([\d.e-]+) //", sigma, flags=re.MULTILINE)]
    places = [i for i, line in enumerate(compartments.splitlines()[1:], start=1) if "OBS]" in line]
    assert len(numbers) == 2 * len(places)
    variances: dict[str, tuple[float, float]] = {}
    if "exp(EPS" not in table:
        variances = {str(place): (numbers[2 * i + 1], numbers[2 * i]) for i, place in enumerate(places)}
        # What is simulated has the same.
        simulated = [f"DV = {level}*(1.0 + EPS({2 * i + 1})) + EPS({2 * i + 2});" for i in range(len(places))]
        expected = [f"double {simulated[0]}"]
        expected += [f"if (self.cmt == {place}) {dv}" for place, dv in zip(places[1:], simulated[1:], strict=True)]
        assert [line for line in table.splitlines() if "EPS" in line] == expected
    captured = next(block for block in blocks if block.startswith("CAPTURE")).split()
    assert {"DV"} | ({"PAR", "MET"} if len(places) > 1 else set()) <= set(captured)
    return Program(values, python_lines(main), slopes, level, variances)


def predicted(
    program: Program, written: OtherFiles, number: int, etas: dict[str, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the predicted levels of a subject, their variances, and the levels: from record to record, with the covariates of the
    record that an interval ends at."""
    columns = [name.upper() for name in written.head]
    rows: list[dict[str, Any]] = [dict(zip(columns, row, strict=True)) for row in written.rows if row[0] == number]
    amounts = np.zeros(len(program.slopes))
    rates: list[tuple[float, int, float]] = []
    now, found, variances, levels = rows[0]["TIME"], [], [], []
    names = list(program.slopes)
    code = compile("\n".join(program.lines), "model", "exec")
    slopes = [compile(slope, "slope", "eval") for slope in program.slopes.values()]
    for row in rows:
        known: dict[str, Any] = {**FUNCTIONS, **program.values, **etas, **{k: v for k, v in row.items() if v != "."}}
        exec(code, known)  # noqa: S102 - the text that is tested
        edges = sorted({now, row["TIME"], *(end for end, _, _ in rates if now < end < row["TIME"])})
        for start, end in pairwise(edges):
            into = np.zeros(amounts.size)
            for stop, compartment, rate in rates:
                into[compartment] += rate * (stop > start + 1e-12)

            def slope(_: float, x: np.ndarray, into: np.ndarray = into, known: dict[str, Any] = known) -> list[float]:
                here = {**known, **dict(zip(program.slopes, x.tolist(), strict=True))}
                return [eval(one, here) + more for one, more in zip(slopes, into.tolist(), strict=True)]  # noqa: S307

            amounts = solve_ivp(slope, (start, end), amounts, method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
        now = row["TIME"]
        if row["EVID"] == 1:
            rate, cmt = float(row["RATE"]), row["CMT"]
            compartment = names.index(cmt) if isinstance(cmt, str) else int(cmt) - 1
            if rate > 0.0:
                rates.append((now + row["AMT"] / rate, compartment, rate))
            else:
                amounts[compartment] += row["AMT"]
        elif row["EVID"] == 0:
            found.append(eval(program.level, {**known, **dict(zip(program.slopes, amounts.tolist(), strict=True))}))  # noqa: S307
            of = str(row["CMT"]) if len(program.variances) > 1 else next(iter(program.variances), "")
            additive, proportional = program.variances.get(of, (math.nan, math.nan))
            variances.append(additive + proportional * found[-1] ** 2)
            levels.append(row["DV"])
    return np.array(found), np.array(variances), np.array(levels)


def assert_same_predictions(model: ModelSpec, cohort: Cohort) -> None:
    rng = np.random.default_rng(8)
    both = {tool: files(model, cohort, tool) for tool in ("nlmixr2", "mrgsolve")}
    programs = {
        "nlmixr2": nlmixr2(both["nlmixr2"].texts["model.R"]),
        "mrgsolve": mrgsolve(both["mrgsolve"].texts["model.cpp"]),
    }
    order = [
        eta
        for group in re.findall(r"^ +(eta_.*) ~", both["nlmixr2"].texts["model.R"], re.MULTILINE)
        for eta in group.split(" + ")
    ]
    has_variances = model.residual.kind is ResidualKind.VARIANCES_ADD and model.residual.exponent == 1.0
    compared = 0
    for i in range(0, cohort.n_subjects, 4):
        subject = subject_of(cohort, i)
        if not subject.samples:
            continue
        problem = bind(model, [subject])
        drawn = 0.1 * rng.normal(size=problem.n_eta)
        ours = predict_samples(problem, drawn)
        by_name = etas_of(model, cohort, i, drawn)
        assert sorted(by_name) == sorted(order)
        etas = {"nlmixr2": by_name, "mrgsolve": {f"ETA_{n}": by_name[eta] for n, eta in enumerate(order, start=1)}}
        for tool, program in programs.items():
            f, variance, level = predicted(program, both[tool], i + 1, etas[tool])
            np.testing.assert_allclose(f, ours, rtol=1e-8, atol=1e-12)
            if has_variances:
                likelihood = (np.log(2.0 * math.pi * variance) + (level - f) ** 2 / variance).sum()
                expected = minus2_log_likelihood(subject_at(problem.subjects, 0), ours)
                assert likelihood == pytest.approx(expected, rel=1e-9, abs=1e-7)
        compared += ours.size
    assert compared >= 5


def etas_of(model: ModelSpec, cohort: Cohort, i: int, drawn: np.ndarray) -> dict[str, float]:
    """Return the random effects by the names in R: of those of categories the subject's own, and a value without effect for the others."""
    found: dict[str, float] = {}
    for one, value in zip(model.variances, drawn.tolist(), strict=True):
        if one.covariate is None:
            found[f"eta_{one.eta}"] = value
            continue
        own = cohort.covariates[one.covariate][cohort.row_start[i]]
        labels = {code: label for label, code in model.covariates[one.covariate].categories}
        found |= {f"eta_{one.eta}_{labels[code]}": value if code == own else 77.0 for code, _ in one.table}
    return found


@pytest.mark.requirement("NM-06")
@pytest.mark.parametrize("name", model_names())
def test_every_shipped_model_predicts_what_the_engine_does(name: str):
    model = load_model(name)
    assert_same_predictions(model, quantified(cohort_for(model)))


@pytest.mark.parametrize(
    "shape", [RandomEffectShape.BOX_COX, RandomEffectShape.PROPORTIONAL, RandomEffectShape.ADDITIVE]
)
def test_shapes_of_random_effects_are_written(shape: RandomEffectShape):
    terms = tuple(
        replace(term, shape=shape, shape_parameter=0.7 if shape is RandomEffectShape.BOX_COX else 0.0)
        for term in NIYIGENA.terms
    )
    model = replace(NIYIGENA, terms=terms)
    assert_same_predictions(model, quantified(cohort_for(model)))


ADD, PROP = theta_name("sigma_additive"), theta_name("sigma_proportional")


@pytest.mark.parametrize(
    ("residual", "r", "sigma"),
    [
        (ResidualError(0.5, 0.3, {}), f"add({ADD}) + prop({PROP}) + combined2()", ("0.09", "0.25")),
        (ResidualError(0.5, 0.0, {}), f"add({ADD})", ("0.0", "0.25")),
        (ResidualError(0.5, 0.3, {}, ResidualKind.SDS_ADD), f"add({ADD}) + prop({PROP}) + combined1()", None),
        (ResidualError(0.5, 0.3, {}, exponent=0.8), f"add({ADD}) + pow({PROP}, t_sigma_exponent) + combined2()", None),
        (ResidualError(0.5, 0.0, {}, ResidualKind.LOGARITHMIC), "lnorm(t_sigma_log)", ("0.0", "0.25")),
    ],
)
def test_residual_errors(residual: ResidualError, r: str, sigma: tuple[str, str] | None):
    model = replace(NIYIGENA, residual=residual)
    cohort = quantified(cohort_for(model))
    assert f"    cp ~ {r}\n" in files(model, cohort, "nlmixr2").texts["model.R"]
    if sigma is None:
        with pytest.raises(InputError, match="mapbayr"):
            files(model, cohort, "mrgsolve")
        return
    text = files(model, cohort, "mrgsolve").texts["model.cpp"]
    assert f"$SIGMA\n{sigma[0]} // proportional\n{sigma[1]} // additive" in text
    log = residual.kind is ResidualKind.LOGARITHMIC
    assert ("double DV = central/V*exp(EPS(2));" if log else "double DV = central/V*(1.0 + EPS(1)) + EPS(2);") in text


def test_correlated_effects_are_blocks_with_variances_and_covariances():
    model = replace(NIYIGENA, correlations=(("cl", "v", 0.5),))
    variance = {one.eta: one.omega2 for one in model.variances}
    covariance = 0.5 * math.sqrt(variance["cl"] * variance["v"])
    cohort = quantified(cohort_for(model))
    r, cpp = (files(model, cohort, tool) for tool in ("nlmixr2", "mrgsolve"))
    (numbers,) = re.findall(r"eta_cl \+ eta_v ~ c\((.*)\)", r.texts["model.R"])
    assert list(map(float, numbers.split(", "))) == pytest.approx(
        [variance["cl"], covariance, variance["v"]], rel=1e-15
    )
    (block,) = re.findall(r"\$OMEGA @block\n(\S+)\n(\S+) (\S+)\n", cpp.texts["model.cpp"])
    assert list(map(float, block)) == pytest.approx([variance["cl"], covariance, variance["v"]], rel=1e-15)


def with_kinds(*kinds: Censoring) -> Cohort:
    """Return a cohort whose first levels are of these kinds, the others quantified."""
    cohort = cohort_for(NIYIGENA)
    found = np.full(cohort.censoring.size, int(Censoring.NONE))
    found[: len(kinds)] = [int(kind) for kind in kinds]
    return replace(
        cohort,
        censoring=found,
        lloq=np.where(np.isnan(cohort.lloq), 0.4, cohort.lloq),
        uloq=np.where(np.isnan(cohort.uloq), 20.0, cohort.uloq),
        level=np.where(np.isnan(cohort.level), 5.0, cohort.level),
    )


def test_limits_are_columns_of_nlmixr2_as_of_the_cohort():
    cohort = with_kinds(Censoring.NONE, Censoring.BELOW, Censoring.ABOVE)
    written = files(NIYIGENA, cohort, "nlmixr2")
    columns = {name: i for i, name in enumerate(written.head)}
    levels = [row for row in written.rows if row[columns["EVID"]] == 0]
    found = {(row[columns["DV"]], row[columns["CENS"]]) for row in levels}
    assert {(cohort.level[0], 0), (cohort.lloq[1], 1), (cohort.uloq[2], -1)} <= found


def test_intervals_are_refused_for_nlmixr2_which_has_another_likelihood_of_them():
    # Beal's M4, in nlmixr2est's censEst.h: the probability is divided by that of lying beyond LIMIT.
    with pytest.raises(InputError, match="between two limits; nlmixr2 takes LIMIT"):
        files(NIYIGENA, with_kinds(Censoring.BETWEEN), "nlmixr2")


def test_limits_are_columns_of_mapbayr_where_it_has_them():
    below = with_kinds(Censoring.BELOW)
    written = files(NIYIGENA, below, "mrgsolve")
    assert written.head[:10] == ("ID", "time", "amt", "rate", "evid", "mdv", "cmt", "DV", "LLOQ", "BLQ")
    # As mapbayr asks: numbers alone, a limit and 0 or 1 at every level.
    assert all(isinstance(cell, (int, float)) and math.isfinite(cell) for row in written.rows for cell in row)
    first = next(row for row in written.rows if row[4] == 0)
    assert (first[7], first[8], first[9]) == (below.lloq[0], below.lloq[0], 1)
    assert "LLOQ" not in files(NIYIGENA, quantified(below), "mrgsolve").head


def test_what_mapbayr_cannot_say_is_one_sentence_each():
    log = replace(NIYIGENA, residual=ResidualError(0.4, 0.0, {}, ResidualKind.LOGARITHMIC))
    with pytest.raises(InputError) as error:
        files(log, with_kinds(Censoring.ABOVE, Censoring.BELOW), "mrgsolve")
    assert [str(problem) for problem in error.value.problems] == [
        "cohort: has levels above a limit or between two; mapbayr takes those below one alone",
        "cohort: has levels below a limit under a logarithmic error, where mapbayr compares the limit with the logarithm",
    ]


def test_the_texts_have_what_the_tools_ask_for():
    cohort = quantified(cohort_for(NIYIGENA))
    r = files(NIYIGENA, cohort, "nlmixr2", n_evaluations=0).texts["model.R"]
    assert 'covsInterpolation = "nocb"' in r
    assert "maxOuterIterations = 0L" in r
    assert "t_cl_weight_kg <- fix(0.75)" in r
    cpp = files(NIYIGENA, cohort, "mrgsolve").texts["model.cpp"]
    # From version 1.0 on mapbayr refuses ETA1, ETA2 … among the parameters, and wants DV captured.
    assert not re.search(r"^ETA\d", cpp, re.MULTILINE)
    assert "$CAPTURE DV CL V\n" in cpp
    assert "central : central (mg) [ADM, OBS]\n" in cpp
    assert "$PARAM @annotated @covariates\nWT : " in cpp


def test_effects_of_occasions_are_written_for_nlmixr2_and_refused_for_mapbayr():
    terms = tuple(
        replace(term, occasion_eta=f"iov_{term.parameter}") if term.parameter == "cl" else term
        for term in NIYIGENA.terms
    )
    model = replace(NIYIGENA, terms=terms, occasion_variances=(EtaVariance("iov_cl", 0.04),))
    cohort = quantified(cohort_for(model))
    written = files(model, cohort, "nlmixr2")
    assert "    eta_iov_cl ~ 0.04 | OCC\n" in written.texts["model.R"]
    assert "    CL <- TVCL*exp(eta_cl+eta_iov_cl)\n" in written.texts["model.R"]
    assert "OCC" in written.head
    with pytest.raises(InputError, match="random effects of occasions, which mapbayr does not estimate"):
        files(model, cohort, "mrgsolve")


def test_variances_by_category_are_a_random_effect_for_each_category():
    cohort = quantified(cohort_for(TERNANT))
    r, cpp = (files(TERNANT, cohort, tool).texts for tool in ("nlmixr2", "mrgsolve"))
    for one in TERNANT.variances:
        labels = {} if one.covariate is None else {c: f"_{n}" for n, c in TERNANT.covariates[one.covariate].categories}
        for code, omega2 in one.table or ((0.0, one.omega2),):
            assert f"    eta_{one.eta}{labels.get(code, '')} ~ {omega2!r}\n" in r["model.R"]
    assert "    if (ADA == 1.0) {\n      CATCL <- eta_cl_positive\n    }\n" in r["model.R"]
    # In the order of the numbers that ETA has in $MAIN.
    omega = [float(line) for line in re.findall(r"\$OMEGA\n(\S+)\n", cpp["model.cpp"])]
    assert omega == [value for one in TERNANT.variances for _, value in (one.table or ((0.0, one.omega2),))]


def test_errors_by_assay_are_endpoints_of_nlmixr2_and_compartments_of_mapbayr():
    cohort = quantified(cohort_for(ZHAO))
    r, cpp = (files(ZHAO, cohort, tool) for tool in ("nlmixr2", "mrgsolve"))
    (caltag,) = (sds for name, sds in ZHAO.residual.by_assay.items() if name == "Caltag")
    assert "# cp3 has the error of Caltag\n" in r.texts["model.R"]
    assert f"    t_sigma_Caltag_proportional <- c(0.0, {caltag[1]!r})\n" in r.texts["model.R"]
    assert "    cp3 <- cp\n" in r.texts["model.R"]
    assert "    cp3 ~ prop(t_sigma_Caltag_proportional)\n" in r.texts["model.R"]
    assert "data$CMT <- factor(data$CMT)\n" in r.texts["model.R"]
    cmt, evid = r.head.index("CMT"), r.head.index("EVID")
    # Seven errors: that of no assay, and six.
    assert {row[cmt] for row in r.rows if row[evid] == 0} == {f"cp{code}" for code in range(7)}
    assert {row[cmt] for row in r.rows if row[evid] != 0} == {"central"}
    assert f"{caltag[1] ** 2!r} // proportional, Caltag\n0.0 // additive, Caltag\n" in cpp.texts["model.cpp"]
    assert "error3 : empty, for levels with this error (mg) [OBS]\n" in cpp.texts["model.cpp"]
    assert "dxdt_error3 = 0.0;\n" in cpp.texts["model.cpp"]
    assert all(isinstance(cell, (int, float)) for row in cpp.rows for cell in row)


def test_a_cohort_of_one_assay_has_one_endpoint_with_the_error_of_that_assay():
    cohort = quantified(cohort_for(ZHAO))
    cohort = replace(cohort, assays=("caltag",), assay=np.zeros_like(cohort.assay))
    assert_same_predictions(ZHAO, cohort)
    r, cpp = (files(ZHAO, cohort, tool) for tool in ("nlmixr2", "mrgsolve"))
    assert "    cp ~ prop(t_sigma_Caltag_proportional)\n" in r.texts["model.R"]
    assert "factor(data$CMT)" not in r.texts["model.R"]
    assert "error" not in cpp.texts["model.cpp"]


def with_centres(residual: ResidualError) -> tuple[ModelSpec, Cohort]:
    cohort = quantified(cohort_for(NIYIGENA))
    centre = np.arange(cohort.n_subjects) % 3
    return replace(NIYIGENA, residual=residual), replace(cohort, centres=("Lille", "Ghent", None), centre=centre)


def test_errors_by_centre_are_written_likewise():
    model, cohort = with_centres(ResidualError(0.5, 0.3, {}, by_centre={"Lille": (0.4, 0.0), "Ghent": (0.2, 0.1)}))
    r, cpp = (files(model, cohort, tool) for tool in ("nlmixr2", "mrgsolve"))
    cmt, evid = r.head.index("CMT"), r.head.index("EVID")
    found = [(int(str(row[0])), row[cmt]) for row in r.rows if row[evid] == 0]
    assert all(name == f"cp{(1, 2, 0)[(number - 1) % 3]}" for number, name in found)
    assert {name for _, name in found} == {"cp0", "cp1", "cp2"}
    program = nlmixr2(r.texts["model.R"])
    expected = {"cp0": (0.25, 0.09), "cp1": (0.16, 0.0), "cp2": (0.04, 0.01)}
    assert {name: pytest.approx(value) for name, value in expected.items()} == program.variances
    assert {name: pytest.approx(expected[f"cp{i}"]) for i, name in enumerate("123")} == mrgsolve(
        cpp.texts["model.cpp"]
    ).variances


def test_an_exponent_that_errors_share_is_one_for_each_where_it_is_held_and_refused_where_not():
    residual = ResidualError(0.5, 0.3, {}, by_centre={"Lille": (0.4, 0.2)}, exponent=0.8)
    text = files(*with_centres(residual), "nlmixr2").texts["model.R"]
    for name in ("sigma", "sigma_Lille"):
        assert f"    t_{name}_exponent <- fix(0.8)\n" in text
        assert f"pow(t_{name}_proportional, t_{name}_exponent)" in text
    with pytest.raises(InputError, match="has an exponent of the residual error that assays or centres share; nlmixr2"):
        files(*with_centres(replace(residual, is_exponent_free=True)), "nlmixr2")


@pytest.mark.parametrize("tool", ["nlmixr2", "mrgsolve"])
def test_names_that_other_tools_read_as_one_are_refused(tool: str):
    model, cohort = with_centres(ResidualError(0.5, 0.0, {}, by_centre={"A-1": (0.4, 0.0), "A_1": (0.2, 0.0)}))
    cohort = replace(cohort, centres=("A-1", "A_1", None))
    with pytest.raises(InputError, match=r"do not read: sigma_A-1_additive, sigma_A_1_additive"):
        files(model, cohort, tool)


def wrong_value(program: Program) -> Program:
    return replace(program, values={**program.values, "t_cl": 1.001 * program.values["t_cl"]})


def wrong_error(program: Program) -> Program:
    return replace(program, variances={name: (a, 1.001 * b) for name, (a, b) in program.variances.items()})


@pytest.mark.parametrize("tool", ["nlmixr2", "mrgsolve"])
@pytest.mark.parametrize("change", [wrong_value, wrong_error])
def test_a_wrong_text_would_be_found(tool: str, change: Callable[[Program], Program], monkeypatch: pytest.MonkeyPatch):
    read = {"nlmixr2": nlmixr2, "mrgsolve": mrgsolve}[tool]
    monkeypatch.setitem(globals(), tool, lambda text: change(read(text)))
    with pytest.raises(AssertionError):
        assert_same_predictions(NIYIGENA, quantified(cohort_for(NIYIGENA)))

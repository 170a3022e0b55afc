"""A model of event times as a control stream of NONMEM with its data: $PRED in LIKELIHOOD form, the cumulative hazard in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nonmem_ref.writing.effect_code import item_names, shifted
from pkpd.errors import InputError, Problem
from tte.data.events import EventKind
from tte.hazards.hazard import Hazard, Link

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tte.data.events import Events
    from tte.estimation.model import EventTimeModel

_ESTIMATION = "METHOD=1 LAPLACE LIKELIHOOD NUMERICAL SLOW NOABORT NSIG=3 SIGL=9 PRINT=1"
_EVENTS = ("ID", "TIME", "DV", "START", "UPPER")
_VARIABLES = {
    Hazard.EXPONENTIAL: ("LAM",),
    Hazard.WEIBULL: ("LAM", "GAM"),
    Hazard.GOMPERTZ: ("LAM", "GAM"),
    Hazard.LOGLOGISTIC: ("ALP", "BET"),
    Hazard.LOGNORMAL: ("MU", "SIG"),
    Hazard.SURGE: ("AMP", "PT", "SW"),
}
# The cumulative hazard until {t}, and what is needed before it; the surge's is the area of 1/(1 + v**4) from {v0} to {v}.
_CUMULATIVE = {
    Hazard.EXPONENTIAL: ("{h} = LAM*{t}",),
    Hazard.WEIBULL: ("{h} = LAM*{t}**GAM",),
    Hazard.GOMPERTZ: ("{h} = LAM*(EXP(GAM*{t})-1)/GAM",),
    Hazard.LOGLOGISTIC: ("{h} = LOG(1+({t}/ALP)**BET)",),
    Hazard.LOGNORMAL: ("{h} = -LOG(PHI((MU-LOG({t}))/SIG))",),
    Hazard.SURGE: (
        "U = ({t}-PT)/SW",
        "{h} = AMP*SW*(LOG((U*U+R2*U+1)/(U*U-R2*U+1))+2*ATAN(R2*U+1)+2*ATAN(R2*U-1)-AREA0)/(4*R2)",
    ),
}
_BEFORE = {
    Hazard.SURGE: (
        "R2 = SQRT(2)",
        "U = -PT/SW",
        "AREA0 = LOG((U*U+R2*U+1)/(U*U-R2*U+1))+2*ATAN(R2*U+1)+2*ATAN(R2*U-1)",
    )
}
_HAZARD = {
    Hazard.EXPONENTIAL: "LAM",
    Hazard.WEIBULL: "LAM*GAM*TIME**(GAM-1)",
    Hazard.GOMPERTZ: "LAM*EXP(GAM*TIME)",
    Hazard.LOGLOGISTIC: "BET/TIME/(1+(TIME/ALP)**(-BET))",
    Hazard.LOGNORMAL: "EXP(-((LOG(TIME)-MU)/SIG)**2/2)/(SQRT(2*3.141592653589793)*SIG*TIME*PHI((MU-LOG(TIME))/SIG))",
    Hazard.SURGE: "AMP/(1+((TIME-PT)/SW)**4)",
}


@dataclass(frozen=True, slots=True)
class EventControl:
    """A control stream of event times.

    Parameters
    ----------
    text : str
        The stream.
    items : tuple of str
        $INPUT, in order.
    covariates : tuple of str
        Covariates of the items behind those of events.
    """

    text: str
    items: tuple[str, ...]
    covariates: tuple[str, ...]


def event_control(model: EventTimeModel, *, title: str, data: str, n_evaluations: int = 9999) -> EventControl:
    """Return the control stream of a model of event times.

    Parameters
    ----------
    model : EventTimeModel
        The model; every coefficient has an initial value.
    title : str
        Behind $PROBLEM.
    data : str
        Name of the data file.
    n_evaluations : int
        MAXEVAL; 0 evaluates the objective.

    Raises
    ------
    InputError
        For an initial value of 0, which NM-TRAN takes of a fixed THETA alone, and a growth of 0, which has no closed form.
    """
    if problems := list(_problems(model, n_evaluations)):
        raise InputError(problems)
    names = _item_names(model.covariates)
    thetas = {name: f"THETA({i})" for i, name in enumerate(model.names, start=1)}
    variables = _VARIABLES[model.hazard]
    lines = [
        f"$PROBLEM {title}",
        "; DV: 0 free of the event at TIME, 1 event at TIME, 2 event between TIME and UPPER; watched from START on",
        *(f"; {item} is {name}" for name, item in names.items() if name != item),
        f"$INPUT {' '.join((*_EVENTS, *names.values()))}",
        f"$DATA {data} IGNORE=@",
        "$PRED",
        *_parameters(model, thetas, names),
        *_BEFORE.get(model.hazard, ()),
        *_curve(model.hazard, "CHZ", "TIME"),
        *_curve(model.hazard, "CHZS", "START"),
        *_curve(model.hazard, "CHZU", "UPPER"),
        "SUR = EXP(CHZS-CHZ)",
        "IF (DV.EQ.0) Y = SUR",
        "IF (DV.EQ.1) THEN",
        f"HAZ = {_HAZARD[model.hazard]}",
        "Y = SUR*HAZ",
        "ENDIF",
        "IF (DV.EQ.2) Y = SUR-EXP(CHZS-CHZU)",
        *(f"$THETA {_theta(model, name, n_evaluations)} ; {name}" for name in model.names),
        "$OMEGA 0 FIX",
        f"$ESTIMATION {_ESTIMATION} MAXEVAL={n_evaluations}",
        *(["$COVARIANCE UNCONDITIONAL PRINT=E"] if n_evaluations else []),
        f"$TABLE ID TIME DV START UPPER {' '.join(variables)} CHZ NOAPPEND ONEHEADER NOPRINT FORMAT=s1PE15.8 FILE=sdtab",
    ]
    return EventControl("".join(f"{line}\n" for line in lines), (*_EVENTS, *names.values()), tuple(names))


def event_data(events: Events, covariates: Sequence[str]) -> Iterator[tuple[object, ...]]:
    """Yield the records of event times, one for each row.

    Parameters
    ----------
    events : Events
        The event times.
    covariates : sequence of str
        Covariates.

    Yields
    ------
    tuple
        ID (the subject's number, from 1), TIME, DV, START, UPPER, covariates. An interval that nothing is known before has its entry in TIME.
    """
    codes = {EventKind.CENSORED: 0, EventKind.EVENT: 1, EventKind.INTERVAL: 2}
    columns = [events.covariates[name] for name in covariates]
    for row in range(events.n_rows):
        kind = EventKind(int(events.kind[row]))
        upper = float(events.upper[row]) if kind is EventKind.INTERVAL else "."
        yield (
            int(events.subject[row]) + 1,
            float(events.stop[row]),
            codes[kind],
            float(events.start[row]),
            upper,
            *(float(column[row]) for column in columns),
        )


def _problems(model: EventTimeModel, n_evaluations: int) -> Iterator[Problem]:
    given = model.given
    for name in model.names:
        value = given[name]
        if not math.isfinite(value):
            yield Problem(
                name, "is larger than any number; expected a reference of the covariates nearer to their values"
            )
        if value == 0.0 and n_evaluations and name not in model.fixed:
            yield Problem(
                name,
                "is 0, which NM-TRAN takes as initial estimate of a fixed THETA alone; expected another value, or MAXEVAL 0",
            )
    if model.hazard is Hazard.GOMPERTZ and given["gamma"] == 0.0:
        yield Problem(
            "gamma", "is 0, at which the closed form of the Gompertz hazard is no number; expected another value"
        )


def _item_names(covariates: Sequence[str]) -> dict[str, str]:
    """Return the data item of each covariate."""
    taken = {*_EVENTS, *(name for group in _VARIABLES.values() for name in group)}
    return item_names(covariates, taken | {"CHZ", "CHZS", "CHZU", "SUR", "HAZ", "Y", "U", "R2", "AREA0", "F", "G", "H"})


def _parameters(model: EventTimeModel, thetas: dict[str, str], names: dict[str, str]) -> Iterator[str]:
    """Yield a statement for each parameter of the hazard; the first has an ETA, which NM-TRAN asks for and $OMEGA holds at 0."""
    for i, (parameter, variable) in enumerate(zip(model.hazard.parameters, _VARIABLES[model.hazard], strict=True)):
        terms = [
            f"{thetas[effect.name]}*{shifted(names[effect.covariate], effect.reference)}"
            for effect in model.effects
            if effect.parameter == parameter.name
        ]
        terms += ["ETA(1)"] if i == 0 else []
        own = thetas[parameter.name]
        # One term a line, so that no line is longer than NM-TRAN reads.
        total = "+ &\n".join(terms)
        if parameter.link is Link.LOG:
            yield f"{variable} = {own}*EXP({total})" if terms else f"{variable} = {own}"
        else:
            yield f"{variable} = {own}+{total}" if terms else f"{variable} = {own}"


def _curve(hazard: Hazard, name: str, time: str) -> Iterator[str]:
    """Yield the cumulative hazard until a time, 0 at 0."""
    yield f"{name} = 0"
    yield f"IF ({time}.GT.0) THEN"
    yield from (line.format(h=name, t=time) for line in _CUMULATIVE[hazard])
    yield "ENDIF"


def _theta(model: EventTimeModel, name: str, n_evaluations: int) -> str:
    """Return initial estimate and bounds of a coefficient."""
    value = float(model.given[name])
    if name in model.fixed or (value == 0.0 and not n_evaluations):
        return f"{value!r} FIX"
    is_positive = model.links[model.names.index(name)] is Link.LOG
    return f"(0.0,{value!r})" if is_positive else repr(value)

"""A model of the engine as a control stream of NONMEM."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from nonmem_ref.writing.data_rows import error_item, written_errors
from nonmem_ref.writing.effect_code import Item, category_code, factor_code, first_factor, item_names, item_of
from pkpd.errors import InputError, Problem
from pkpd.model.spec import EffectForm, Parameterization, RandomEffectShape, ResidualKind, has_two_compartments, is_oral

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nonmem_ref.writing.data_rows import WrittenError
    from pkpd.model.population import PopulationParameter
    from pkpd.model.spec import Effect, EtaVariance, ModelSpec, Term

PK_NAMES = {
    Parameterization.CL_V: {"cl": "CL", "v": "V"},
    Parameterization.KE_V: {"ke": "K", "v": "V"},
    Parameterization.CL_V1_Q_V2: {"cl": "CL", "v1": "V1", "q": "Q", "v2": "V2"},
    Parameterization.CL_V_KA: {"cl": "CL", "v": "V", "ka": "KA"},
    Parameterization.KE_V_KA: {"ke": "K", "v": "V", "ka": "KA"},
    Parameterization.CL_V1_Q_V2_KA: {"cl": "CL", "v1": "V2", "q": "Q", "v2": "V3", "ka": "KA"},
}
_TABLES = frozenset({EffectForm.CATEGORY, EffectForm.CATEGORY_EXPONENTIAL})
_ESTIMATION = "METHOD=1 LAPLACE INTER NUMERICAL SLOW NOABORT NSIG=3 SIGL=9 PRINT=1"
# Of the endings of data items that are made of a covariate.
_LONGEST_ENDING = 3
_EVENTS = ("ID", "TIME", "AMT", "RATE", "EVID", "MDV", "CMT", "DV", "CENS", "LIMIT")


@dataclass(frozen=True, slots=True)
class ControlText:
    """A control stream.

    Parameters
    ----------
    text : str
        The stream.
    items : tuple of str
        $INPUT, in order.
    covariates : tuple of Item
        Those of covariates.
    thetas : tuple of str
        The engine's name of each element of THETA.
    etas : dict of str to int
        Number of each random effect; of those of occasions, and of categories with variances of their own, that of the first.
    blocks : tuple of tuple of str
        Random effects of subjects, those together that are correlated.
    occasions : dict of str to str
        Random effect of occasions that each variable of the code holds.
    """

    text: str
    items: tuple[str, ...]
    covariates: tuple[Item, ...]
    thetas: tuple[str, ...]
    etas: dict[str, int]
    blocks: tuple[tuple[str, ...], ...]
    occasions: dict[str, str]


@dataclass(slots=True)
class _Writer:
    """What has been written so far."""

    model: ModelSpec
    parameters: dict[str, PopulationParameter]
    names: dict[str, str]
    thetas: list[str] = field(default_factory=list[str])
    items: dict[str, Item] = field(default_factory=dict[str, Item])
    pk: list[str] = field(default_factory=list[str])
    occasions: dict[str, str] = field(default_factory=dict[str, str])

    def theta(self, name: str) -> str:
        """Return the element of THETA that a parameter of the engine becomes."""
        self.thetas.append(name)
        return f"THETA({len(self.thetas)})"


def control_text(
    model: ModelSpec,
    parameters: Sequence[PopulationParameter],
    *,
    data: str,
    n_occasions: int,
    assays: Sequence[str | None] = (None,),
    n_evaluations: int = 9999,
) -> ControlText:
    """Return the control stream of a model.

    Parameters
    ----------
    model : ModelSpec
        The model, at the values that become initial estimates.
    parameters : sequence of PopulationParameter
        Its parameters with the same values, bounds, and what is held.
    data : str
        Name of the data file.
    n_occasions : int
        Occasions of the data.
    assays : sequence of str or None
        Assays of the data, or centres for a model with errors of these (``data_rows.error_names``); None is the general error.
    n_evaluations : int
        MAXEVAL; 0 evaluates the objective.

    Raises
    ------
    InputError
        For each part of the model that is not written.
    """
    if problems := list(_problems(model)):
        raise InputError(problems)
    writer = _Writer(model, {one.name: one for one in parameters}, _item_names(model))
    numbers, omega = _omega(writer, n_occasions)
    _write_pk(writer, numbers, n_occasions)
    errors = written_errors(model, assays)
    error = _error(writer, errors)
    occasion = ("OCC",) if model.occasion_variances else ()
    item = error_item(model)
    items = (*_EVENTS, *occasion, *(() if item is None else (item,)), *writer.items)
    comments = [f"; {one.name} is {one.meaning}" for one in writer.items.values() if one.meaning]
    comments += [f"; {item} {one.code} is {one.name or 'any other'}" for one in errors if item is not None]
    n_own = sum(max(1, len(one.table)) for one in model.variances)
    etas = " ".join(f"ETA{i}" for i in range(1, n_own + 1))
    lines = [
        f"$PROBLEM {model.id} {model.version}",
        *comments,
        f"$INPUT {' '.join(items)}",
        f"$DATA {data} IGNORE=@",
        f"$SUBROUTINES {_subroutines(model)}",
        "$PK",
        *writer.pk,
        "$ERROR",
        *error,
        *(f"$THETA {_theta_record(writer.parameters[name])} ; {name}" for name in writer.thetas),
        *omega,
        "$SIGMA 1 FIX",
        f"$ESTIMATION {_ESTIMATION} MAXEVAL={n_evaluations}",
        *(["$COVARIANCE UNCONDITIONAL PRINT=E"] if n_evaluations else []),
        f"$TABLE ID TIME EVID CENS PRED IPRED CWRES {etas} NOAPPEND ONEHEADER NOPRINT FORMAT=s1PE15.8 FILE=sdtab",
    ]
    return ControlText(
        "".join(f"{line}\n" for line in lines),
        items,
        tuple(writer.items.values()),
        tuple(writer.thetas),
        numbers,
        tuple(map(tuple, _groups(model))),
        writer.occasions,
    )


def _item_names(model: ModelSpec) -> dict[str, str]:
    """Return what the data items of each covariate's column are called, beside the variables of the code."""
    columns = [domain.column.upper() for domain in model.covariates.values()]
    parameters = PK_NAMES[model.parameterization].values()
    terms = [
        f"{name}{part}" for name in parameters for part in ("", *(f"P{i}" for i in range(1, len(model.terms) + 1)))
    ]
    variables = {f"{before}{name}" for name in terms for before in ("", "TV", "IOV", "CAT")}
    effects = {f"{name}E{i}" for name in terms for i in range(1, len(model.covariates) + 9)}
    taken = {
        *_EVENTS,
        "OCC",
        "ASSAY",
        "CENTRE",
        "IPRED",
        "W",
        "Y",
        "F",
        "F_FLAG",
        "S1",
        "S2",
        "K",
        "K12",
        "K21",
        *variables,
        *effects,
    }
    return item_names(columns, taken, left=_LONGEST_ENDING)


def _problems(model: ModelSpec) -> Iterator[Problem]:
    """Yield what is not written."""
    if model.centre_variances:
        yield Problem(model.id, "has random effects of centres, which are not written")
    by_category = {one.eta for one in model.variances if one.covariate is not None}
    if any(by_category & {first, second} for first, second, _ in model.correlations):
        yield Problem(
            model.id, "has correlations of a random effect with a variance for each category, which are not written"
        )
    if any(first not in model.etas for first, _, _ in model.correlations):
        yield Problem(model.id, "has correlations of random effects of occasions, which are not written")
    if any(term.shape is RandomEffectShape.T_DISTRIBUTED for term in model.terms):
        yield Problem(model.id, "has a random effect with heavy tails (t), which is not written")


def _subroutines(model: ModelSpec) -> str:
    two, oral = has_two_compartments(model.parameterization), is_oral(model.parameterization)
    trans = "TRANS4" if two else "TRANS1" if "ke" in PK_NAMES[model.parameterization] else "TRANS2"
    return f"ADVAN{1 + 2 * two + oral} {trans}"


def _write_pk(writer: _Writer, numbers: dict[str, int], n_occasions: int) -> None:
    """Write $PK: typical values, then parameters."""
    model = writer.model
    names = PK_NAMES[model.parameterization]
    for parameter, name in names.items():
        terms = [(t, term) for t, term in enumerate(model.terms) if term.parameter == parameter]
        parts: list[str] = []
        for place, (_, term) in enumerate(terms, start=1):
            own = name if len(terms) == 1 else f"{name}P{place}"
            parts.append(_term(writer, term, own, _prefix(model, term, len(terms)), numbers, n_occasions))
        writer.pk.append(f"{name} = {' + '.join(parts)}")
    central = 2 if is_oral(model.parameterization) else 1
    writer.pk.append(f"S{central} = {names.get('v') or names['v1']}")


def _prefix(model: ModelSpec, term: Term, n_terms: int) -> str:
    """Return what the names of a term's parameters begin with, as in ``pkpd.model.population``."""
    if n_terms == 1:
        return term.parameter
    own = str(model.terms.index(term)) if term.eta is None else term.eta.removeprefix(f"{term.parameter}_")
    return f"{term.parameter}_{own}"


def _term(writer: _Writer, term: Term, name: str, prefix: str, numbers: dict[str, int], n_occasions: int) -> str:
    """Write the typical value of a term, and return the term with its random effects."""
    factors = [writer.theta(prefix)]
    seen: dict[str, int] = {}
    for number, effect in enumerate(term.effects, start=1):
        own = f"{prefix}_{effect.covariate}"
        seen[own] = seen.get(own, 0) + 1
        factors.append(_effect(writer, effect, own if seen[own] == 1 else f"{own}_{seen[own]}", f"{name}E{number}"))
    writer.pk.append(f"TV{name} = {'*'.join(factors)}")
    etas = [] if term.eta is None else [_own_eta(writer, term.eta, name, numbers[term.eta])]
    if term.occasion_eta is not None:
        first = numbers[term.occasion_eta]
        writer.occasions[f"IOV{name}"] = term.occasion_eta
        writer.pk.append(f"IOV{name} = 0")
        writer.pk += [f"IF (OCC.EQ.{o + 1}) IOV{name} = ETA({first + o})" for o in range(n_occasions)]
        etas.append(f"IOV{name}")
    if not etas:
        return f"TV{name}"
    total = "+".join(etas)
    match term.shape:
        case RandomEffectShape.PROPORTIONAL:
            return f"TV{name}*(1+{total})"
        case RandomEffectShape.ADDITIVE:
            return f"TV{name}+{total}"
        case RandomEffectShape.BOX_COX:
            shape = writer.theta(f"lambda_{term.eta}")
            return f"TV{name}*EXP((EXP({shape}*({total}))-1)/{shape})"
        case _:
            return f"TV{name}*EXP({total})"


def _own_eta(writer: _Writer, eta: str, name: str, first: int) -> str:
    """Return the random effect of the subject, and write which it is of where categories have variances of their own."""
    variance = next(one for one in writer.model.variances if one.eta == eta)
    if variance.covariate is None:
        return f"ETA({first})"
    item = _plain_item(writer, variance.covariate)
    writer.pk.append(f"CAT{name} = 0")
    writer.pk += [f"IF ({item}.EQ.{code:g}) CAT{name} = ETA({first + i})" for i, (code, _) in enumerate(variance.table)]
    return f"CAT{name}"


def _plain_item(writer: _Writer, covariate: str) -> str:
    """Return the data item that is a covariate itself."""
    column = writer.model.covariates[covariate].column.upper()
    base = writer.names[column]
    item = Item(base, covariate, lambda x: x, "" if base == column else column)
    writer.items.setdefault(item.name, item)
    return base


def _effect(writer: _Writer, effect: Effect, name: str, variable: str) -> str:
    """Write what an effect needs before the typical value, and return its factor."""
    domain = writer.model.covariates[effect.covariate]
    column, base = domain.column.upper(), writer.names[domain.column.upper()]
    if effect.form in _TABLES or effect.category is not None:
        _plain_item(writer, effect.covariate)
        writer.pk.append(f"{variable} = 1")
        labels = {code: label for label, code in domain.categories}
        entries = (
            [(code, f"{name}_{labels[code]}") for code, _ in effect.table[1:]]
            if effect.form in _TABLES
            else [(effect.category, name)]
        )
        if effect.table and first_factor(effect) != 1.0:
            writer.pk.append(f"IF ({base}.EQ.{effect.table[0][0]:g}) {variable} = {first_factor(effect)!r}")
        for code, own in entries:
            writer.pk.append(f"IF ({base}.EQ.{code:g}) {variable} = {category_code(effect, writer.theta(own))}")
        return variable
    item = item_of(effect, column, base)
    writer.items.setdefault(item.name, item)
    return factor_code(effect, item.name, writer.theta(name))


def _error(writer: _Writer, errors: Sequence[WrittenError]) -> list[str]:
    """Return $ERROR: the prediction, its standard deviation, and Y by the kind of observation."""
    residual = writer.model.residual
    is_log = residual.kind is ResidualKind.LOGARITHMIC
    lines = ["IPRED = -30", "IF (F.GT.0) IPRED = LOG(F)"] if is_log else ["IPRED = F"]
    power = "IPRED"
    if residual.is_exponent_free:
        power = f"IPRED**{writer.theta('sigma_exponent')}"
    elif residual.exponent != 1.0:
        power = f"IPRED**{residual.exponent!r}"
    for place, one in enumerate(errors):
        condition = f"IF ({error_item(writer.model)}.EQ.{one.code}) " if place else ""
        lines.append(f"{condition}W = {_sd(writer, one, power)}")
    return [
        *lines,
        *([] if is_log else ["IF (W.EQ.0) W = 1"]),
        "IF (CENS.EQ.0) THEN",
        "F_FLAG = 0",
        "Y = IPRED + W*EPS(1)",
        "ENDIF",
        "IF (CENS.EQ.1) THEN",
        "F_FLAG = 1",
        "Y = PHI((DV-IPRED)/W)",
        "ENDIF",
        "IF (CENS.EQ.-1) THEN",
        "F_FLAG = 1",
        "Y = 1 - PHI((DV-IPRED)/W)",
        "ENDIF",
        "IF (CENS.EQ.2) THEN",
        "F_FLAG = 1",
        "Y = PHI((LIMIT-IPRED)/W) - PHI((DV-IPRED)/W)",
        "ENDIF",
    ]


def _sd(writer: _Writer, one: WrittenError, power: str) -> str:
    """Return the code of the standard deviation of an error."""
    kind = writer.model.residual.kind
    if kind is ResidualKind.LOGARITHMIC:
        return writer.theta(f"{one.prefix}_log")
    parts = [writer.theta(f"{one.prefix}_additive")] if one.additive_sd > 0.0 else []
    parts += [f"{writer.theta(f'{one.prefix}_proportional')}*{power}"] if one.proportional_sd > 0.0 else []
    if kind is ResidualKind.VARIANCES_ADD and len(parts) > 1:
        return f"SQRT({'+'.join(f'({part})**2' for part in parts)})"
    return "+".join(parts)


def _omega(writer: _Writer, n_occasions: int) -> tuple[dict[str, int], list[str]]:
    """Return the number of each random effect, of those of occasions the first's, and the records of $OMEGA."""
    model = writer.model
    numbers: dict[str, int] = {}
    lines: list[str] = []
    at = 0
    variance = {one.eta: one for one in (*model.variances, *model.occasion_variances)}
    for group in _groups(model):
        first = variance[group[0]]
        for place, eta in enumerate(group, start=1):
            numbers[eta] = at + place
        at += max(len(group), len(first.table))
        fixed = " FIX" if writer.parameters[variance_names(model, first)[0]].is_fixed else ""
        if len(group) == 1:
            names = variance_names(model, first)
            values = [value for _, value in first.table] or [first.omega2]
            lines += [
                f"$OMEGA {value!r}{fixed} ; {name.removeprefix('omega2_')}"
                for name, value in zip(names, values, strict=True)
            ]
            continue
        lines.append(f"$OMEGA BLOCK({len(group)}){fixed} ; {', '.join(group)}")
        lines += [" ".join(map(repr, row)) for row in lower_triangle(model, group)]
    for eta in model.occasion_etas:
        numbers[eta] = at + 1
        fixed = " FIX" if writer.parameters[f"omega2_{eta}"].is_fixed else ""
        lines += [
            f"$OMEGA BLOCK(1){fixed}",
            f"{variance[eta].omega2!r} ; {eta}",
            *["$OMEGA BLOCK(1) SAME"] * (n_occasions - 1),
        ]
        at += n_occasions
    return numbers, lines


def variance_names(model: ModelSpec, variance: EtaVariance) -> list[str]:
    """Return the engine's names of a variance, or of those of the categories."""
    if variance.covariate is None:
        return [f"omega2_{variance.eta}"]
    labels = {code: label for label, code in model.covariates[variance.covariate].categories}
    return [f"omega2_{variance.eta}_{labels[code]}" for code, _ in variance.table]


def lower_triangle(model: ModelSpec, group: Sequence[str]) -> list[list[float]]:
    """Return variances and covariances of some random effects of subjects, row by row."""
    rho = {frozenset(pair[:2]): pair[2] for pair in model.correlations}
    variance = {one.eta: one.omega2 for one in model.variances}

    def covariance(eta: str, other: str) -> float:
        return float(rho.get(frozenset((eta, other)), 0.0) * np.sqrt(variance[eta] * variance[other]))

    return [[*(covariance(eta, other) for other in group[:i]), variance[eta]] for i, eta in enumerate(group)]


def _groups(model: ModelSpec) -> list[list[str]]:
    """Return the random effects of subjects, those together that are correlated."""
    groups = [[eta] for eta in model.etas]
    for first, second, _ in model.correlations:
        one = next(group for group in groups if first in group)
        other = next(group for group in groups if second in group)
        if one is not other:
            one += other
            groups.remove(other)
    return groups


def _theta_record(one: PopulationParameter) -> str:
    """Return initial estimate and bounds of an element of THETA."""
    if one.is_fixed:
        return f"{one.value!r} FIX"
    lower = one.lower if np.isfinite(one.lower) else None
    if np.isfinite(one.upper):
        return f"({'-INF' if lower is None else repr(lower)},{one.value!r},{one.upper!r})"
    return f"{one.value!r}" if lower is None else f"({lower!r},{one.value!r})"

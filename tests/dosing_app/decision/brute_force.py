"""The regimen search once more, slow and plain, as a reference for the real one.

Every rule is one short function written from its sentence in the description of `asuc optimize`, with the exact
decimal numbers of the case, and every plan that the rules allow is written out and scored by itself. Nothing is
shared with the search that it checks. Use it on small cases only.

A plan is a tuple of (time [day], amount [mg]) in time order and holds every dose at or after now, those on or after
day 28 included. Infusions already given are never part of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import combinations, pairwise, product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Plan = tuple[tuple[float, float], ...]
Infusions = list[tuple[float, float, float]]  # (time [day], amount [mg], duration [h])
Scores = tuple[float, float, float]  # (probability of the target, probability of low risk, risk at the MAP estimate)

TARGET = {"risk_day90": 0.20, "confidence": 0.5, "criterion": "posterior"}
LIMITS = {
    "mg_per_kg_max": 10,
    "vial_mg": 100,
    "dose_step_mg": 100,
    "gap_day_min": 3,
    "doses_max_28_day": 3,
    "first_day": None,
    "days_allowed": None,
    "weekdays_allowed": None,
    "reference": "planned",
}
LABEL_DAYS = (0, 14, 42)
LABEL_MG_PER_KG = 5
HEART_FAILURE_MG_PER_KG = 5
WINDOW_END = 28  # the metric sees days 14 to 28
WINDOW_LENGTH = 28
DAYS_PER_WEEK = 7
DEFAULT_DURATION_HOUR = 2.0
LAST_DAY = 500  # no allowed day is looked for after it
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LEAST_GAP = Decimal("0.001")  # two infusions never begin together
# Two probabilities nearer than this are one probability.
SAME = 1e-12
LEAST_GAIN = 1e-6  # less than this helps nobody


@dataclass(frozen=True, slots=True)
class Rules:
    """What a candidate has to obey; times [day] and amounts [mg] are exact.

    ``days`` are the whole days on which a new infusion may stand, ``largest`` the largest new amount, ``needed`` the
    doses that a candidate must keep up with at every time, ``cap`` the largest dose under heart failure,
    ``only`` the amount of every infusion where that is fixed.
    """

    given: tuple[Decimal, ...]
    reference: tuple[tuple[Decimal, Decimal], ...]
    needed: tuple[tuple[Decimal, Decimal], ...]
    days: tuple[Decimal, ...]
    step: Decimal
    largest: Decimal
    gap: Decimal
    doses_max: int
    cap: Decimal | None
    only: Decimal | None = None

    @property
    def early(self) -> dict[Decimal, Decimal]:
        """The doses of the reference plan that may still change."""
        return {time: amount for time, amount in self.reference if time < WINDOW_END}

    @property
    def kept(self) -> tuple[tuple[Decimal, Decimal], ...]:
        """The doses of the reference plan that are kept as they are."""
        return tuple(dose for dose in self.reference if dose[0] >= WINDOW_END)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the search must say.

    ``candidates`` is None where day 28 has passed; ``best`` is the nearest plan where none reaches the target;
    ``limiting`` holds more than one limit where they truly tie.
    """

    reference: Plan
    label: Plan
    candidates: frozenset[Plan] | None
    scores_of: Callable[[Plan], Scores]
    is_reachable: bool
    best: Plan
    fixed_interval: Plan | None
    fixed_dose: Plan | None
    limiting: frozenset[str]


def exact(value: float | str) -> Decimal:
    """Return the decimal number as it is written in the case."""
    return Decimal(str(value))


def limit(case: dict[str, Any], name: str) -> Any:  # as in JSON
    return (LIMITS | (case.get("limits") or {}))[name]


def target(case: dict[str, Any], name: str) -> Any:  # as in JSON
    return (TARGET | (case.get("target") or {}))[name]


def now_day(case: dict[str, Any]) -> Decimal:
    if case.get("now_day") is not None:
        return exact(case["now_day"])
    return max(exact(row["time_day"]) for row in case["doses"] + (case.get("samples") or []))


# ------------------------------------------------------------------------------------------------------ reference plan


def may_be_treated_on(case: dict[str, Any], day: int) -> bool:
    """Return whether an infusion may newly be put on a whole day, as far as the day itself is concerned."""
    first = limit(case, "first_day")
    if day < now_day(case) or (first is not None and day < exact(first)):
        return False
    days = limit(case, "days_allowed")
    if days is not None and Decimal(day) not in [exact(allowed) for allowed in days]:
        return False
    weekdays = limit(case, "weekdays_allowed")
    if weekdays is None:
        return True
    weekday = (date.fromisoformat(case["start_date"]) + timedelta(days=day)).weekday()
    return WEEKDAYS[weekday] in [name[:3].lower() for name in weekdays]


def label_amount(case: dict[str, Any], weight_kg: float) -> Decimal:
    """Return 5 mg/kg up to whole vials, down to whole vials under heart failure."""
    vial = exact(limit(case, "vial_mg"))
    vials, remainder = divmod(LABEL_MG_PER_KG * exact(weight_kg), vial)
    is_rounded_up = remainder > 0 and case.get("heart_failure") is not True
    return vial * (vials + is_rounded_up)


def label_plan(case: dict[str, Any], weight_kg: float) -> tuple[tuple[Decimal, Decimal], ...]:
    """Return the label doses that are still due.

    Where the allowed days leave none for a missed dose, the first day from `first_day` on at which the gap holds stands
    in for it, since no dose is to be lost.
    """
    now, gap = now_day(case), exact(limit(case, "gap_day_min"))
    given = [exact(dose["time_day"]) for dose in case["doses"]]
    due = [day for day in LABEL_DAYS if not any(time >= day - gap for time in given)]
    times = [Decimal(day) for day in due if day >= now]
    for _ in (day for day in due if day < now):
        from_now = range(math.ceil(max(now, exact(limit(case, "first_day") or 0))), LAST_DAY)
        holding = [day for day in from_now if all(abs(day - other) >= gap for other in given + times)]
        allowed = (day for day in holding if may_be_treated_on(case, day))
        times.append(Decimal(next(allowed, holding[0])))
    amount = label_amount(case, weight_kg)
    return tuple((time, amount) for time in sorted(times)) if amount else ()


def reference_plan(case: dict[str, Any], weight_kg: float) -> tuple[tuple[Decimal, Decimal], ...]:
    """Return `planned`, or the label regimen where that is empty or asked for."""
    planned = case.get("planned") or []
    if not planned or limit(case, "reference") == "label":
        return label_plan(case, weight_kg)
    return tuple((exact(dose["time_day"]), exact(dose["amount_mg"])) for dose in planned)


# ---------------------------------------------------------------------------------------------------------- candidates


def rules_of(case: dict[str, Any], weight_kg: float) -> Rules:
    weight, step = exact(weight_kg), exact(limit(case, "dose_step_mg"))
    has_heart_failure = case.get("heart_failure") is True
    cap = HEART_FAILURE_MG_PER_KG * weight
    reference = reference_plan(case, weight_kg)
    largest = largest_within(exact(limit(case, "mg_per_kg_max")) * weight, step)
    needed = reference
    if has_heart_failure:
        largest = min(largest, largest_within(cap, step))
        # Capped at what a candidate can give there: 5 mg/kg of 63 kg are 315 mg, and no whole step of 100 mg.
        capped = largest_within(cap, step) or cap
        needed = tuple((time, capped if amount > cap else amount) for time, amount in reference)
    return Rules(
        given=tuple(exact(dose["time_day"]) for dose in case["doses"]),
        reference=reference,
        needed=() if limit(case, "reference") == "none" else needed,
        days=tuple(Decimal(day) for day in range(WINDOW_END) if may_be_treated_on(case, day)),
        step=step,
        largest=largest,
        gap=exact(limit(case, "gap_day_min")),
        doses_max=limit(case, "doses_max_28_day"),
        cap=cap if has_heart_failure else None,
    )


def largest_within(most: Decimal, step: Decimal) -> Decimal:
    """Return the largest multiple of the step up to ``most``."""
    return step * (most // step)


def candidates(rules: Rules) -> set[Plan]:
    """Return every plan that the rules allow."""
    found: set[Plan] = set()
    times = sorted({*rules.days, *rules.early})
    for n_infusions in range(len(times) + 1):
        allowed = [chosen for chosen in combinations(times, n_infusions) if times_hold(rules, chosen)]
        if not allowed:
            break  # an infusion more never mends a gap or a window
        for chosen in allowed:
            for amounts in product(*(possible_amounts(rules, time) for time in chosen)):
                plan = (*zip(chosen, amounts, strict=True), *rules.kept)
                if keeps_up(rules, plan):
                    found.add(as_floats(plan))
    return found


def possible_amounts(rules: Rules, time: Decimal) -> set[Decimal]:
    """Return the multiples of the step up to the largest, and the reference dose of that time unchanged.

    A reference dose that heart failure forbids stays in the reference only.
    """
    if rules.only is not None:
        return {rules.only}
    steps = {rules.step * count for count in range(1, int(rules.largest // rules.step) + 1)}
    unchanged = rules.early.get(time)
    if unchanged is None or (rules.cap is not None and unchanged > rules.cap):
        return steps
    return {*steps, unchanged}


def times_hold(rules: Rules, chosen: Sequence[Decimal]) -> bool:
    """Return whether gaps and windows hold, or are broken no further than by the reference plan."""
    fixed = [*rules.given, *(time for time, _ in rules.kept)]
    reference = [*rules.given, *(time for time, _ in rules.reference)]
    infusions = [*fixed, *chosen]
    for new in chosen:
        for other in infusions:
            is_pair_of_reference = new in rules.early and (other in rules.early or other in fixed)
            if other is not new and abs(new - other) < rules.gap and not is_pair_of_reference:
                return False
    return all(
        count_from(infusions, start) <= max(rules.doses_max, count_from(reference, start))
        for start in window_starts([*infusions, *reference])
    )


def count_from(infusions: Iterable[Decimal], start: Decimal) -> int:
    """Return how many infusions begin in [start, start + 28 d)."""
    return sum(start <= time < start + WINDOW_LENGTH for time in infusions)


def window_starts(infusions: Iterable[Decimal]) -> Iterator[Decimal]:
    """Return starts from day 0 on, of which one stands for every window: where a count changes, and between."""
    starts = {start for time in infusions for start in (time, time - WINDOW_LENGTH)}
    changes = sorted(start for start in {*starts, Decimal(0)} if start >= 0)
    yield from changes
    for before, after in pairwise(changes):
        yield (before + after) / 2


def keeps_up(rules: Rules, plan: Sequence[tuple[Decimal, Decimal]]) -> bool:
    """Return whether at every time at least the drug of the reference plan has been given."""
    return all(drug_up_to(plan, time) >= drug_up_to(rules.needed, time) for time, _ in rules.needed)


def drug_up_to(plan: Iterable[tuple[Decimal, Decimal]], time: Decimal) -> Decimal:
    return sum((amount for start, amount in plan if start <= time), Decimal(0))


# -------------------------------------------------------------------------------------------------------------- search


def infusions_of(case: dict[str, Any], plan: Plan) -> Infusions:
    """Return the given infusions and those of a plan, each as long as in the reference, else 2 h."""
    is_label = not case.get("planned") or limit(case, "reference") == "label"
    planned = [] if is_label else case["planned"]
    durations = {float(row["time_day"]): row.get("duration_hour", DEFAULT_DURATION_HOUR) for row in planned}
    given = [
        (float(row["time_day"]), float(row["amount_mg"]), float(row.get("duration_hour", DEFAULT_DURATION_HOUR)))
        for row in case["doses"]
    ]
    return given + [(time, amount, float(durations.get(time, DEFAULT_DURATION_HOUR))) for time, amount in plan]


def as_floats(plan: Iterable[tuple[Decimal, Decimal]]) -> Plan:
    return tuple((float(time), float(amount)) for time, amount in plan)


def early_doses(plan: Plan) -> Plan:
    return tuple(dose for dose in plan if dose[0] < WINDOW_END)


def total_mg(plan: Plan) -> float:
    """Return the drug before day 28 [mg]."""
    return math.fsum(amount for _, amount in early_doses(plan))


def is_reached(case: dict[str, Any], scores: Scores) -> bool:
    probability, _, risk = scores
    if target(case, "criterion") == "plug_in":
        return risk <= target(case, "risk_day90")
    return probability >= target(case, "confidence")


def nearness(case: dict[str, Any], scores: Scores) -> float:
    """Return what is to be as high as possible: the probability of the target, or (plug-in) minus the risk."""
    return -scores[2] if target(case, "criterion") == "plug_in" else scores[0]


def rank_key(case: dict[str, Any], plan: Plan, scores: Scores) -> tuple[float, ...]:
    """Return the key by which plans are ranked, the smallest first; equal keys are ties that the rules leave open."""
    near = -round(nearness(case, scores) / SAME) * SAME
    if not is_reached(case, scores):
        return (1, near)
    early = early_doses(plan)
    first = early[0][0] if early else math.inf
    return (0, total_mg(plan), near, len(early), first)


def search(case: dict[str, Any], weight_kg: float, score: Callable[[Infusions], Scores]) -> Answer:
    """Return everything that `asuc optimize` must find.

    Parameters
    ----------
    case : dict
        A valid `asuc-case/1`.
    weight_kg : float
        Body weight [kg].
    score : callable
        Scores of a list of infusions, given ones included.

    Returns
    -------
    Answer
        With exactly the candidates that the rules allow.
    """
    rules = rules_of(case, weight_kg)
    reference, label = as_floats(rules.reference), as_floats(label_plan(case, weight_kg))

    @cache
    def scores_of(plan: Plan) -> Scores:
        return score(infusions_of(case, plan))

    def first_in_rank(plans: Iterable[Plan]) -> Plan | None:
        return min(plans, key=lambda plan: rank_key(case, plan, scores_of(plan)), default=None)

    if now_day(case) >= WINDOW_END:
        reaches = is_reached(case, scores_of(reference))
        passed = frozenset({"day 28 has passed"})
        return Answer(reference, (), None, scores_of, reaches, reference, None, None, passed)
    plans = candidates(rules)
    # The reference is a candidate except where heart failure forbids its doses; it counts all the same.
    choices = choices_of(rules, plans)
    is_reachable = any(is_reached(case, scores_of(plan)) for plan in {*plans, reference})
    best = reference if is_reached(case, scores_of(reference)) else first_in_rank(choices)
    assert best is not None
    return Answer(
        reference=reference,
        label=label,
        candidates=frozenset(plans),
        scores_of=scores_of,
        is_reachable=is_reachable,
        best=best,
        fixed_interval=first_in_rank(fixed_interval_plans(rules)),
        fixed_dose=first_in_rank(fixed_dose_plans(rules, label_amount(case, weight_kg))),
        limiting=frozenset({"none"}) if is_reachable else limiting_limits(case, rules, scores_of, weight_kg),
    )


def choices_of(rules: Rules, plans: set[Plan]) -> set[Plan]:
    """Return what may be the nearest: candidates and the reference, unless heart failure forbids a dose that may change."""
    is_forbidden = rules.cap is not None and any(amount > rules.cap for amount in rules.early.values())
    return plans if plans and is_forbidden else {*plans, as_floats(rules.reference)}


def fixed_interval_plans(rules: Rules) -> set[Plan]:
    """Return the candidates whose infusions before day 28 are 7 days apart from the first.

    Where none gives the reference plan's drug at every time, those that do not, since one is always listed.
    """

    def of_rules(rules: Rules) -> set[Plan]:
        return {plan for plan in candidates(rules) if early_doses(plan) and has_fixed_interval(plan)}

    return of_rules(rules) or of_rules(replace(rules, needed=()))


def has_fixed_interval(plan: Plan) -> bool:
    return all(exact(after[0]) - exact(before[0]) == DAYS_PER_WEEK for before, after in pairwise(early_doses(plan)))


def fixed_dose_plans(rules: Rules, amount: Decimal) -> set[Plan]:
    """Return the plans with the label amount at every infusion before day 28, on the step's grid or not.

    Where none gives the reference plan's drug at every time, those that do not, since one is always listed.
    """

    def of_rules(rules: Rules) -> set[Plan]:
        return {plan for plan in candidates(rules) if early_doses(plan)}

    if not amount:
        return set()
    fixed = replace(rules, only=amount)
    return of_rules(fixed) or of_rules(replace(fixed, needed=()))


# ------------------------------------------------------------------------------------------------------ limiting limit


def relaxed(case: dict[str, Any], rules: Rules, weight_kg: float) -> Iterator[tuple[str, Rules]]:
    """Return each limit with rules in which it alone is one step wider; the reference plan stays.

    One step is one dose step of the largest amount, one day of the gap, one infusion in 28 days, one more day to treat
    on; heart failure has no smaller step than its absence, and without it the whole reference plan is to be reached.
    """
    has_heart_failure = case.get("heart_failure") is True
    cap = HEART_FAILURE_MG_PER_KG * exact(weight_kg)
    largest_by_weight = largest_within(exact(limit(case, "mg_per_kg_max")) * exact(weight_kg), rules.step)
    a_step_more = largest_by_weight + rules.step
    if has_heart_failure:
        a_step_more = min(a_step_more, largest_within(cap, rules.step))
        needed = rules.reference if rules.needed else ()
        yield "heart_failure", replace(rules, largest=largest_by_weight, cap=None, needed=needed)
    yield "mg_per_kg_max", replace(rules, largest=a_step_more)
    yield "gap_day_min", replace(rules, gap=max(rules.gap - 1, LEAST_GAP))
    yield "doses_max_28_day", replace(rules, doses_max=rules.doses_max + 1)
    for day in range(math.ceil(now_day(case)), WINDOW_END):
        if day not in rules.days:
            yield "days", replace(rules, days=(*rules.days, Decimal(day)))


def limiting_limits(
    case: dict[str, Any], rules: Rules, scores_of: Callable[[Plan], Scores], weight_kg: float
) -> frozenset[str]:
    """Return the limit whose relaxation by one step raises the best score most, all of them where they tie."""

    def nearest(rules: Rules) -> float:
        """Return how near the best candidate comes, the reference plan included."""
        choices = choices_of(rules, candidates(rules))
        return max(nearness(case, scores_of(plan)) for plan in choices)

    unrelaxed = nearest(rules)
    gains = {"none": LEAST_GAIN}
    for name, wider in relaxed(case, rules, weight_kg):
        gains[name] = max(nearest(wider) - unrelaxed, gains.get(name, 0.0))
    return frozenset(name for name, gain in gains.items() if gain >= max(gains.values()) - SAME)


# ----------------------------------------------------------------------------------------------------------- posterior


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a posterior of a one-compartment model: clearance [L/day], volume [L] and its probability."""

    cl: float
    v: float
    weight: float


def unit_auc(point: Point, time_day: float, duration_hour: float) -> float:
    """Return the area under the concentrations of days 14 to 28 that 1 mg adds [mg·day/L], in closed form."""
    return area_up_to(28.0, point, time_day, duration_hour) - area_up_to(14.0, point, time_day, duration_hour)


def area_up_to(end: float, point: Point, time_day: float, duration_hour: float) -> float:
    """Return the area from the start of an infusion of 1 mg to ``end`` [mg·day/L]."""
    duration, k = duration_hour / 24.0, point.cl / point.v
    during = min(max(end - time_day, 0.0), duration)
    after = max(end - time_day - duration, 0.0)
    area = (during + math.expm1(-k * during) / k) / (duration * point.cl)
    return area + math.expm1(-k * duration) * math.expm1(-k * after) / (k * duration * point.cl)


def risk_of(log_auc_cl: float) -> float:
    """Return the risk by day 90: 20 % at ln(AUC/CL) = 5.79, and a log hazard ratio of −0.56 a unit."""
    return -math.expm1(math.log(0.8) * math.exp(min(-0.56 * (log_auc_cl - 5.79), 700.0)))


def log_auc_cl_of(risk: float) -> float:
    """Return the ln(AUC/CL) at which the risk by day 90 is as given."""
    return 5.79 - math.log(math.log1p(-risk) / math.log(0.8)) / 0.56


def log_exposures_of(points: Sequence[Point]) -> Callable[[Infusions], list[float]]:
    """Return a function that gives the ln(AUC/CL) [mg·day²/L²] of infusions at each point of a posterior.

    It is minus infinity where there is no drug in the window. Sums are exact, so that the order of infusions, or a
    regimen come by in two ways, makes no difference.
    """

    @cache
    def units(time_day: float, duration_hour: float) -> tuple[float, ...]:
        return tuple(unit_auc(point, time_day, duration_hour) for point in points)

    def log_exposures(infusions: Infusions) -> list[float]:
        parts = [[amount * unit for unit in units(time, duration)] for time, amount, duration in infusions]
        aucs = [math.fsum(column) for column in zip(*parts, strict=True)]
        return [math.log(auc / point.cl) if auc > 0 else -math.inf for auc, point in zip(aucs, points, strict=True)]

    return log_exposures


def probability_above(exposures: Sequence[float], points: Sequence[Point], threshold: float, blur: float) -> float:
    """Return P(ln(AUC/CL) ≥ threshold), each point standing for a normal cloud with the SD ``blur`` (0: for itself)."""
    if blur == 0:
        return math.fsum(point.weight for x, point in zip(exposures, points, strict=True) if x >= threshold)
    share = [0.5 * math.erfc((threshold - x) / (blur * math.sqrt(2))) for x in exposures]
    return math.fsum(part * point.weight for part, point in zip(share, points, strict=True))

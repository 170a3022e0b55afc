"""Parameters of the model as the engine has them: a typical value, covariate effects that multiply, and random effects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pkpd.model.spec import EffectForm, RandomEffectShape

if TYPE_CHECKING:
    from nonmem_ref.control.tree import Expression, Relation


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A number of the model: a constant, or a constant times an element of THETA, or times the quotient of two.

    Parameters
    ----------
    factor : float
        The constant.
    theta : int or None
        Number of the element of THETA.
    over : int or None
        Number of the element that it is divided by: of two typical values the one that the other is a multiple of.
    """

    factor: float
    theta: int | None = None
    over: int | None = None


@dataclass(frozen=True, slots=True)
class Covariate:
    """What an effect reads: a data item, whether it compares with a number in a certain way (1) or not (0), or what code makes of data items.

    Parameters
    ----------
    item : str
        Name of the data item, or a name of its own for what code makes of them.
    relation : str or None
        ``.EQ.``, ``.LT.`` or their kind; None for the item itself.
    value : float
        What the item is compared with.
    made_as : Expression or None
        What code makes of data items: a weight, or 70 where it is missing. None for the data item itself.
    is_category : bool
        Whether the item's numbers are the codes of categories.
    """

    item: str
    relation: Relation | None = None
    value: float = 0.0
    made_as: Expression | None = None
    is_category: bool = False


@dataclass(frozen=True, slots=True)
class CovariateEffect:
    """One effect that multiplies a typical value.

    Parameters
    ----------
    covariate : Covariate
        What it reads.
    form : EffectForm
        The engine's formula (docs/how-to/model-files.md).
    coefficient : Coefficient
        Its coefficient.
    reference : float
        Value of the covariate at which the effect is 1.
    """

    covariate: Covariate
    form: EffectForm
    coefficient: Coefficient
    reference: float = 0.0


@dataclass(frozen=True, slots=True)
class RandomEffect:
    """A random effect of the subject.

    Parameters
    ----------
    eta : int
        Number of the element of ETA; that of the first category where it depends on one.
    shape : RandomEffectShape
        How it changes the parameter.
    category : Covariate or None
        What tells the categories apart that have an ETA, and so a variance, of their own.
    etas : tuple of (float, int)
        Each category's code with the number of its element of ETA.
    scale : Coefficient
        What ETA is multiplied by: THETA(3)·ETA(1) is a random effect with the standard deviation of ETA(1) times THETA(3).
    """

    eta: int
    shape: RandomEffectShape = RandomEffectShape.EXPONENTIAL
    category: Covariate | None = None
    etas: tuple[tuple[float, int], ...] = ()
    scale: Coefficient = Coefficient(1.0)

    @property
    def every_eta(self) -> tuple[int, ...]:
        """Return the numbers of all its elements of ETA."""
        return tuple(eta for _, eta in self.etas) or (self.eta,)


@dataclass(frozen=True, slots=True)
class OccasionEffect:
    """Random effects of occasions, which multiply by exp(eta).

    Parameters
    ----------
    item : str
        Data item that tells occasions apart.
    etas : tuple of (float, int)
        Each occasion's code with the number of its element of ETA.
    """

    item: str
    etas: tuple[tuple[float, int], ...]


@dataclass(frozen=True, slots=True)
class RecognizedParameter:
    """A parameter: typical · Π effects, changed by random effects; or the sum of several such terms.

    Parameters
    ----------
    name : str
        Name in NONMEM (``CL``).
    typical : Coefficient
        Typical value where all effects are 1; exp(THETA) times the constant where `is_log`.
    is_log : bool
        Whether THETA is the logarithm of the typical value.
    effects : tuple of CovariateEffect
        Covariate effects.
    random : RandomEffect or None
        Random effect of the subject.
    occasion : OccasionEffect or None
        Random effects of occasions.
    added : tuple of RecognizedParameter
        Further terms, which are added to this one.
    """

    name: str
    typical: Coefficient
    is_log: bool = False
    effects: tuple[CovariateEffect, ...] = ()
    random: RandomEffect | None = None
    occasion: OccasionEffect | None = None
    added: tuple[RecognizedParameter, ...] = ()

    @property
    def terms(self) -> tuple[RecognizedParameter, ...]:
        """Return every term, each without the others."""
        return (replace(self, added=()), *self.added)

    @property
    def covariates(self) -> tuple[Covariate, ...]:
        """Return what the effects and the variances of all terms read."""
        of_effects = tuple(effect.covariate for term in self.terms for effect in term.effects)
        of_variances = (term.random.category for term in self.terms if term.random is not None)
        return (*of_effects, *(one for one in of_variances if one is not None))

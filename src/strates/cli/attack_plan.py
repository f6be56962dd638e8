"""Which attack ``strates attack`` runs, with which parameters, in which units."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import Any

from strates import attacks
from strates.cli.attack_method import AttackMethod, AttackNorm
from strates.exceptions import ParameterError

#: Bytes of an image go from 0 to this.
WHITE = 255.0
_CLASSES: dict[AttackMethod, type[Any]] = {
    AttackMethod.tabular: attacks.TabularAttack,
    AttackMethod.fgsm: attacks.FGSM,
    AttackMethod.bim: attacks.BIM,
    AttackMethod.pgd: attacks.PGD,
    AttackMethod.deepfool: attacks.DeepFool,
    AttackMethod.cw: attacks.CarliniWagner,
    AttackMethod.square: attacks.Square,
    AttackMethod.universal: attacks.UniversalPerturbation,
}
#: Those that know fewer norms than there are.
_NORMS: dict[AttackMethod, tuple[str, ...]] = {
    AttackMethod.deepfool: ("l2", "linf"),
    AttackMethod.square: ("linf", "l2"),
}
_EPSILON_OF_IMAGES, _EPSILON_OF_TABLES = 0.03, 0.1
_NEAREST = (AttackMethod.tabular, AttackMethod.deepfool, AttackMethod.cw)
_CALLED = {"--steps": ("steps", "max_iter", "max_queries")}


@dataclass(frozen=True)
class AttackRequest:
    """What the command line asks; None where the method's own choice is meant.

    Attributes
    ----------
    method : AttackMethod or None
    epsilon : float or None
        For images in [0, 1].
    norm : AttackNorm or None
    steps : int or None
    immutable : str or None
        Names of columns with commas between them.
    max_changes : int or None
    seed : int
    """

    method: AttackMethod | None = None
    epsilon: float | None = None
    norm: AttackNorm | None = None
    steps: int | None = None
    immutable: str | None = None
    max_changes: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class AttackPlan:
    """An attack that can be run.

    Attributes
    ----------
    method : AttackMethod
    attack : object with ``perturb``
    epsilon : float or None
        As it is told: of images, as a share of the range from black to white.
    norm : str or None
        That the method keeps within epsilon, or small; None of tables' changes.
    scale : float
        What the attack's distances are divided by to be told.
    """

    method: AttackMethod
    attack: Any
    epsilon: float | None
    norm: str | None
    scale: float


def plan_attack(request: AttackRequest, *, of_images: bool) -> AttackPlan:
    """Build the attack that was asked for, or the one that suits the data.

    Parameters
    ----------
    request : AttackRequest
    of_images : bool
        Whether rows are images, whose values go from 0 to 255.

    Returns
    -------
    AttackPlan

    Raises
    ------
    ParameterError
        A method for tables was asked of images, an option that the method does not have, or a value that it cannot use.

    Examples
    --------
    >>> plan = plan_attack(AttackRequest(AttackMethod.fgsm, epsilon=0.1), of_images=True)
    >>> plan.attack, plan.epsilon, plan.norm
    (FGSM(bounds=(0, 255), epsilon=25.5), 0.1, 'linf')
    """
    method = request.method or (AttackMethod.pgd if of_images else AttackMethod.tabular)
    if of_images and method is AttackMethod.tabular:
        names = ", ".join(one for one in AttackMethod if one is not AttackMethod.tabular)
        raise ParameterError(f"--method tabular changes columns of a table. For images there are {names}.")
    made = _CLASSES[method]
    known = inspect.signature(made).parameters
    settings = _settings(request, method, tuple(known))
    epsilon = None
    if "epsilon" in known:
        epsilon = request.epsilon
        if epsilon is None:
            epsilon = _EPSILON_OF_IMAGES if of_images else _EPSILON_OF_TABLES
        _check_epsilon(epsilon, of_images=of_images)
        settings["epsilon"] = epsilon * WHITE if of_images else epsilon
    if "bounds" in known:
        settings["bounds"] = (0, int(WHITE)) if of_images else None
    if "random_state" in known:
        settings["random_state"] = request.seed
    attack = made(**settings)
    norm = None if method is AttackMethod.tabular else str(getattr(attack, "norm", "l2"))
    return AttackPlan(method, attack, epsilon, norm, WHITE if of_images else 1.0)


def _settings(request: AttackRequest, method: AttackMethod, known: tuple[str, ...]) -> dict[str, Any]:
    """Return the method's parameters that options gave, the epsilon apart."""
    asked = {
        "--epsilon": request.epsilon,
        "--norm": None if request.norm is None else request.norm.value,
        "--steps": request.steps,
        "--immutable": None if request.immutable is None else _names(request.immutable),
        "--max-changes": request.max_changes,
    }
    settings = {}
    for option, value in asked.items():
        if value is None:
            continue
        names = [name for name in _CALLED.get(option, (option[2:].replace("-", "_"),)) if name in known]
        if not names:
            raise ParameterError(f"{option} means nothing to --method {method}{_why(method, option)}.")
        settings[names[0]] = value
    norms = _NORMS.get(method)
    if norms is not None and settings.get("norm", norms[0]) not in norms:
        raise ParameterError(
            f"--norm {settings['norm']} cannot be used: --method {method} knows {' and '.join(norms)}. Choose one of "
            "them, or --method pgd."
        )
    return settings


def _check_epsilon(epsilon: float, *, of_images: bool) -> None:
    if of_images and not 0 < epsilon <= 1:
        raise ParameterError(
            f"--epsilon {epsilon:g} cannot be used: for images it is a share of the range from black to white, above 0 "
            f"and at most 1{_meant(epsilon)}."
        )
    if not 0 < epsilon < math.inf:
        raise ParameterError(
            f"--epsilon {epsilon:g} cannot be used: it is how far a row may be moved, a number above 0 such as 0.1."
        )


def _meant(epsilon: float) -> str:
    return f". {epsilon:g} of 255 grey levels are --epsilon {epsilon / WHITE:.3g}" if 1 < epsilon <= WHITE else ""


def _why(method: AttackMethod, option: str) -> str:
    if option == "--epsilon" and method in _NEAREST:
        return (
            ", which looks for the smallest change, however large it is. Leave it out, or choose one that stays within "
            "epsilon, such as --method pgd"
        )
    if option in ("--immutable", "--max-changes"):
        return ", which moves all inputs. Leave it out, or choose --method tabular, which changes columns"
    return ". Leave it out"


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())

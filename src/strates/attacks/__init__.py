"""Adversarial examples: small changes of a row that change what a classifier answers.

An attack is an object of parameters; its ``perturb`` takes a fitted classifier, or a pipeline, and rows::

    result = PGD(epsilon=0.1, steps=40).perturb(clf, X, y)
    result.success_rate, result.adversarial, result.distances["l2"]
"""

from __future__ import annotations

from strates.attacks.attack import Attack, Found
from strates.attacks.attack_result import AttackResult
from strates.attacks.bim import BIM
from strates.attacks.carlini_wagner import CarliniWagner
from strates.attacks.certificates import (
    CertificateResult,
    RandomizedSmoothing,
    certified_curve,
    certified_radius,
    certify,
)
from strates.attacks.deepfool import DeepFool
from strates.attacks.distance_curve import distance_curve
from strates.attacks.fgsm import FGSM
from strates.attacks.pgd import PGD
from strates.attacks.robustness_curve import robustness_curve
from strates.attacks.square import Square
from strates.attacks.tabular_attack import TabularAttack
from strates.attacks.tabular_attack_result import TabularAttackResult
from strates.attacks.universal_perturbation import UniversalPerturbation, UniversalResult
from strates.attacks.victim import Victim

__all__ = [
    "BIM",
    "FGSM",
    "PGD",
    "Attack",
    "AttackResult",
    "CarliniWagner",
    "CertificateResult",
    "DeepFool",
    "Found",
    "RandomizedSmoothing",
    "Square",
    "TabularAttack",
    "TabularAttackResult",
    "UniversalPerturbation",
    "UniversalResult",
    "Victim",
    "certified_curve",
    "certified_radius",
    "certify",
    "distance_curve",
    "robustness_curve",
]

"""Certificates: proofs that no input near a row is of another class.

:func:`certify` asks about one distance, :func:`certified_radius` finds the largest that can be proved,
:func:`certified_curve` counts; :class:`RandomizedSmoothing` makes of any classifier one with certificates.
"""

from __future__ import annotations

from strates.attacks.certificates.certificate_result import CertificateResult
from strates.attacks.certificates.certified_curve import certified_curve
from strates.attacks.certificates.certified_radius import certified_radius
from strates.attacks.certificates.certify import certify
from strates.attacks.certificates.randomized_smoothing import RandomizedSmoothing

__all__ = ["CertificateResult", "RandomizedSmoothing", "certified_curve", "certified_radius", "certify"]

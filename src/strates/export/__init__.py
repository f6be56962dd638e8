"""A fitted network in other forms.

``to_fully_convolutional`` rebuilds a classifier of images out of convolutions alone, to slide over larger ones.
"""

from __future__ import annotations

from strates.export.to_fully_convolutional import to_fully_convolutional

__all__ = ["to_fully_convolutional"]

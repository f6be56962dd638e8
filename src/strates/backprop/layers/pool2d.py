"""What the pooling layers share: their windows."""

from __future__ import annotations

from dataclasses import dataclass, field

from strates.backprop.layers.layer import Layer
from strates.backprop.layers.windows import Pair, Windows, pair


@dataclass(frozen=True, eq=False, repr=False)
class Pool2D(Layer):
    """A layer that makes one number of what a window sees, channel by channel."""

    pool_size: Pair = (2, 2)
    strides: Pair | None = field(default=None, kw_only=True)
    padding: str = field(default="valid", kw_only=True)

    @property
    def windows(self) -> Windows:
        """The geometry; without strides the windows lie side by side."""
        strides = self.pool_size if self.strides is None else self.strides
        return Windows(self.pool_size, strides, padding=self.padding, owner=self.title)

    def __post_init__(self) -> None:
        super().__post_init__()
        for key in ("pool_size", "strides"):
            if getattr(self, key) is not None:
                self._set(key, pair(getattr(self, key), f"{self.title}: {key}"))
        _ = self.windows  # refuses an unknown padding

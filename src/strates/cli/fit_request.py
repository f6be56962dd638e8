"""What ``strates fit`` was asked."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class FitRequest:
    """The arguments of ``strates fit``, as they were typed; see its help.

    Examples
    --------
    >>> FitRequest(source="my table.csv", target="kind", seed=3).command()
    "strates fit 'my table.csv' --target kind --seed 3"
    """

    source: str
    target: str | None = None
    model: str = "mlp"
    hidden: str | None = None
    settings: tuple[str, ...] = ()
    test_size: float = 0.2
    cv: int | None = None
    seed: int = 0
    out: Path | None = None
    report: Path | None = None
    with_report: bool = True
    checkpoint: Path | None = None
    resume: bool = False
    stream: bool | None = None
    encoding: str | None = None
    missing: str | None = None
    image_size: str | None = None
    skip_bad: bool = False
    augmentation: str | None = None
    backbone: str | None = None
    weights: str | None = None
    strategy: str | None = None
    check_plan: bool = False

    def command(self, target: str | None = None) -> str:
        """Return what to type to do it again; ``target`` is the column that was found, where none was given."""
        words = ["strates", "fit", self.source]
        options: dict[str, object] = {
            "--target": self.target or target,
            "--model": None if self.model in ("mlp", "cnn") else self.model,
            "--backbone": self.backbone,
            "--weights": self.weights,
            "--strategy": self.strategy,
            "--hidden": self.hidden,
            "--image-size": self.image_size,
            "--augmentation": self.augmentation,
            "--test-size": None if self.test_size == 0.2 else f"{self.test_size:g}",
            "--cv": self.cv,
            "--encoding": self.encoding,
            "--missing": self.missing,
            "--out": self.out,
            "--report": self.report,
        }
        for name, value in options.items():
            if value is not None:
                words += [name, str(value)]
        for assignment in self.settings:
            words += ["--set", assignment]
        if self.check_plan:
            words.append("--check-plan")
        if self.skip_bad:
            words.append("--skip-bad")
        if self.stream is not None:
            words.append("--stream" if self.stream else "--no-stream")
        return shlex.join([*words, "--seed", str(self.seed)])

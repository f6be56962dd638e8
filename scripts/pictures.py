"""Draw the pictures of the README into a folder: ``python scripts/pictures.py docs/pictures``."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from strates import MLPClassifier, Recorder
from strates.attacks import PGD
from strates.datasets import spiral
from strates.displays import AttackDisplay, RepresentationDisplay, TrainingFilm

_DPI = 110


def draw_learning(folder: Path) -> None:
    """Draw what a network makes of the spiral: its spaces at the end, and the film of its learning."""
    X, y = spiral()
    clf = MLPClassifier((32, 16, 2), activation="tanh", learning_rate_init=0.01, max_iter=400, random_state=0)
    clf.set_callbacks(Recorder(frames=28)).fit(X, y)
    display = RepresentationDisplay.from_estimator(clf, X, y, probes=False).plot()
    display.figure_.savefig(folder / "representation.png", dpi=_DPI)
    TrainingFilm.from_estimator(clf, X, y, fps=8).save(folder / "film.gif")


def draw_attack(folder: Path) -> None:
    """Draw digits, and what small changes of their pixels make of them."""
    X, X_test, y, y_test = train_test_split(*load_digits(return_X_y=True), random_state=0)
    clf = MLPClassifier((64,), max_iter=60, random_state=0).fit(X / 16, y)
    result = PGD(epsilon=0.15, random_state=0).perturb(clf, X_test / 16, y_test)
    fooled = [int(row) for row in result.success.nonzero()[0][:2]]
    display = AttackDisplay.from_result(result, clf, image_shape=(8, 8), rows=fooled).plot()
    display.figure_.savefig(folder / "attack.png", dpi=_DPI)


if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    draw_learning(out)
    draw_attack(out)

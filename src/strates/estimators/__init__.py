"""The classifiers, and what goes with fitting them."""

from strates.estimators.checkpoint import Checkpoint
from strates.estimators.mlp import MLPClassifier
from strates.estimators.network import NetworkClassifier
from strates.estimators.recorder import Frame, Recorder, Recording

__all__ = ["Checkpoint", "Frame", "MLPClassifier", "NetworkClassifier", "Recorder", "Recording"]

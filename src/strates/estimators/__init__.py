"""The classifiers and autoencoders, and what goes with fitting them."""

from strates.estimators.autoencoder import Autoencoder
from strates.estimators.checkpoint import Checkpoint
from strates.estimators.cnn import CNNClassifier
from strates.estimators.fit_statistics import FitStatistics
from strates.estimators.logistic_regression import LogisticRegression
from strates.estimators.mlp import MLPClassifier
from strates.estimators.model_file import load, read_metadata, save
from strates.estimators.monte_carlo_dropout import MonteCarloDropout
from strates.estimators.network import NetworkClassifier
from strates.estimators.perceptron import Perceptron
from strates.estimators.recorder import Frame, Recorder, Recording
from strates.estimators.regularization_path import RegularizationPath
from strates.estimators.stacked_autoencoder import StackedAutoencoder
from strates.estimators.streaming import fit_stream
from strates.estimators.tabular_pipeline import default_classifier, tabular_pipeline
from strates.estimators.transfer import TransferClassifier

__all__ = [
    "Autoencoder",
    "CNNClassifier",
    "Checkpoint",
    "FitStatistics",
    "Frame",
    "LogisticRegression",
    "MLPClassifier",
    "MonteCarloDropout",
    "NetworkClassifier",
    "Perceptron",
    "Recorder",
    "Recording",
    "RegularizationPath",
    "StackedAutoencoder",
    "TransferClassifier",
    "default_classifier",
    "fit_stream",
    "load",
    "read_metadata",
    "save",
    "tabular_pipeline",
]

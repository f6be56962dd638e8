"""Figures in scikit-learn's Display convention: they hold numbers, and ``plot(ax=None)`` draws them.

The only part of strates that imports matplotlib. No window and no global state is involved: a display makes a figure of
its own unless it is given axes, and shows itself in a notebook. ``to_svg()`` gives it for a page, ``describe()`` in
words.
"""

from __future__ import annotations

from strates.displays.activation_function import ActivationFunctionDisplay
from strates.displays.activation_maximum import ActivationMaximumDisplay
from strates.displays.activation_statistics import ActivationStatisticsDisplay
from strates.displays.attack import AttackDisplay
from strates.displays.attack_path import AttackPathDisplay
from strates.displays.calibration import CalibrationDisplay
from strates.displays.circuit import CircuitDisplay
from strates.displays.class_balance import ClassBalanceDisplay
from strates.displays.confusion_matrix import ConfusionMatrixDisplay
from strates.displays.curves import PrecisionRecallDisplay, RocCurveDisplay
from strates.displays.decision_boundary import DecisionBoundaryDisplay
from strates.displays.display import Display
from strates.displays.feature_maps import FeatureMapsDisplay
from strates.displays.filters import FiltersDisplay
from strates.displays.gradient_flow import GradientFlowDisplay
from strates.displays.history import HistoryDisplay
from strates.displays.image_grid import ImageGridDisplay
from strates.displays.importance import ImportanceDisplay
from strates.displays.intervals import IntervalDisplay
from strates.displays.linear_probes import LinearProbesDisplay
from strates.displays.network import NetworkDisplay
from strates.displays.predicted_images import PredictedImagesDisplay
from strates.displays.reconstruction import ReconstructionDisplay
from strates.displays.regularization_path import RegularizationPathDisplay
from strates.displays.representation import RepresentationDisplay
from strates.displays.robustness_curve import RobustnessCurveDisplay
from strates.displays.saliency import SaliencyDisplay
from strates.displays.study import StudyDisplay
from strates.displays.study_heatmap import StudyHeatmapDisplay
from strates.displays.study_learning_rate import LearningRateRangeDisplay
from strates.displays.svg import figure_to_svg
from strates.displays.tabular_attack import TabularAttackDisplay
from strates.displays.thumbnail import thumbnail
from strates.displays.training_film import TrainingFilm
from strates.displays.transfer_plan import TransferPlanDisplay
from strates.displays.warp import WarpDisplay
from strates.displays.weights import WeightsDisplay

__all__ = [
    "ActivationFunctionDisplay",
    "ActivationMaximumDisplay",
    "ActivationStatisticsDisplay",
    "AttackDisplay",
    "AttackPathDisplay",
    "CalibrationDisplay",
    "CircuitDisplay",
    "ClassBalanceDisplay",
    "ConfusionMatrixDisplay",
    "DecisionBoundaryDisplay",
    "Display",
    "FeatureMapsDisplay",
    "FiltersDisplay",
    "GradientFlowDisplay",
    "HistoryDisplay",
    "ImageGridDisplay",
    "ImportanceDisplay",
    "IntervalDisplay",
    "LearningRateRangeDisplay",
    "LinearProbesDisplay",
    "NetworkDisplay",
    "PrecisionRecallDisplay",
    "PredictedImagesDisplay",
    "ReconstructionDisplay",
    "RegularizationPathDisplay",
    "RepresentationDisplay",
    "RobustnessCurveDisplay",
    "RocCurveDisplay",
    "SaliencyDisplay",
    "StudyDisplay",
    "StudyHeatmapDisplay",
    "TabularAttackDisplay",
    "TrainingFilm",
    "TransferPlanDisplay",
    "WarpDisplay",
    "WeightsDisplay",
    "figure_to_svg",
    "thumbnail",
]

"""Numbers that explain a classifier; nothing here draws.

:func:`evaluate` judges a fitted classifier on held-out rows, :func:`fit_baselines` says what simpler ones reach,
:func:`cross_validate_metrics` repeats the fit over folds, and :func:`summarize_data` describes the table. They work
with any scikit-learn classifier or pipeline that has ``predict_proba``, and return frozen records that go to
JSON and back (``to_dict``, ``from_dict``).
"""

from __future__ import annotations

from strates.inspection.activation_function import ActivationFunction, Kink, activation_function, maxout
from strates.inspection.activation_histograms import ActivationHistograms, activation_histograms
from strates.inspection.activation_maximization import ActivationMaximum, maximize_activation
from strates.inspection.activation_statistics import activation_statistics
from strates.inspection.attribution import Attribution
from strates.inspection.baselines import Baseline, fit_baselines
from strates.inspection.boundary import DecisionBoundary
from strates.inspection.boundary_complexity import BoundaryComplexity, boundary_complexity
from strates.inspection.calibration import Calibration, CalibrationBin
from strates.inspection.class_report import ClassReport
from strates.inspection.comparison import Comparison
from strates.inspection.conv_output_shape import conv_output_shape
from strates.inspection.conv_parameters import conv_parameters
from strates.inspection.cross_validation import CrossValidation, cross_validate_metrics
from strates.inspection.curves import Curve
from strates.inspection.data_summary import ColumnSummary, DataSummary, summarize_data
from strates.inspection.decision_boundary import decision_boundary
from strates.inspection.decisions_only import decisions_only, folds_of_decisions_only
from strates.inspection.dense_layers import network_graph
from strates.inspection.doctor.diagnose import diagnose
from strates.inspection.doctor.finding import Finding
from strates.inspection.evaluation import Evaluation, evaluate
from strates.inspection.feature_maps import FeatureMaps, Filters, feature_maps, filters
from strates.inspection.grad_cam import GradCam, grad_cam
from strates.inspection.gradient_flow import gradient_flow
from strates.inspection.image_layers import image_layers
from strates.inspection.image_summary import ImageSummary, Picture, summarize_images
from strates.inspection.importance import Importance, permutation_importance
from strates.inspection.layer_spec import LayerSpec
from strates.inspection.layer_weights import LayerWeights, layer_weights
from strates.inspection.linear_probes import linear_probes
from strates.inspection.memory_and_flops import memory_and_flops
from strates.inspection.metric import Metric
from strates.inspection.mistakes import Mistake
from strates.inspection.network_graph import NetworkColumn, NetworkGraph, graph_from_weights
from strates.inspection.occlusion import OcclusionMap, occlusion_map
from strates.inspection.plane import Plane
from strates.inspection.receptive_field import receptive_field
from strates.inspection.reconstructions import Reconstructions, reconstructions
from strates.inspection.record import Record
from strates.inspection.reference_network import NetworkPlan, reference_network
from strates.inspection.representations import Representation, representations
from strates.inspection.saliency import Completeness, Saliency, saliency
from strates.inspection.straight_boundary import StraightBoundary
from strates.inspection.training_frames import TrainingFrames, training_frames
from strates.inspection.untangle import Untangling, untangle
from strates.inspection.warp import Warp, WarpedSpace, warp

__all__ = [
    "ActivationFunction",
    "ActivationHistograms",
    "ActivationMaximum",
    "Attribution",
    "Baseline",
    "BoundaryComplexity",
    "Calibration",
    "CalibrationBin",
    "ClassReport",
    "ColumnSummary",
    "Comparison",
    "Completeness",
    "CrossValidation",
    "Curve",
    "DataSummary",
    "DecisionBoundary",
    "Evaluation",
    "FeatureMaps",
    "Filters",
    "Finding",
    "GradCam",
    "ImageSummary",
    "Importance",
    "Kink",
    "LayerSpec",
    "LayerWeights",
    "Metric",
    "Mistake",
    "NetworkColumn",
    "NetworkGraph",
    "NetworkPlan",
    "OcclusionMap",
    "Picture",
    "Plane",
    "Reconstructions",
    "Record",
    "Representation",
    "Saliency",
    "StraightBoundary",
    "TrainingFrames",
    "Untangling",
    "Warp",
    "WarpedSpace",
    "activation_function",
    "activation_histograms",
    "activation_statistics",
    "boundary_complexity",
    "conv_output_shape",
    "conv_parameters",
    "cross_validate_metrics",
    "decision_boundary",
    "decisions_only",
    "diagnose",
    "evaluate",
    "feature_maps",
    "filters",
    "fit_baselines",
    "folds_of_decisions_only",
    "grad_cam",
    "gradient_flow",
    "graph_from_weights",
    "image_layers",
    "layer_weights",
    "linear_probes",
    "maximize_activation",
    "maxout",
    "memory_and_flops",
    "network_graph",
    "occlusion_map",
    "permutation_importance",
    "receptive_field",
    "reconstructions",
    "reference_network",
    "representations",
    "saliency",
    "summarize_data",
    "summarize_images",
    "training_frames",
    "untangle",
    "warp",
]

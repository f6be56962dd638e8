"""Comparisons with error bars: settings times seeds, all settings of a seed on the same rows.

Each study is a function from data to a tidy table, a row a run: the columns that name the setting, ``seed``, then what
was measured. :func:`summarize_study` gives means with 95 % intervals, :func:`paired_differences` what a setting changes
seed by seed, ``strates.displays.StudyDisplay`` the picture. Settings of one architecture share one compilation; Ctrl-C
keeps the runs that were done; a seed run again alone gives the same numbers.

:func:`paired_runs` is the core, for comparisons of one's own: any settings, any estimators, any measures.
"""

from __future__ import annotations

from strates.studies.adversarial_linearity import adversarial_linearity
from strates.studies.adversarial_path import adversarial_path
from strates.studies.adversarial_training_study import adversarial_training_study
from strates.studies.dense_vs_convolution import dense_vs_convolution
from strates.studies.initialization_study import initialization_study
from strates.studies.learning_rate_range_test import LearningRateRange, learning_rate_range_test
from strates.studies.optimizer_study import optimizer_study
from strates.studies.paired_differences import paired_differences
from strates.studies.paired_runs import paired_runs
from strates.studies.paired_split import paired_split
from strates.studies.pretraining_study import pretraining_study
from strates.studies.regularization_study import regularization_study
from strates.studies.run import Run
from strates.studies.setting import Setting
from strates.studies.summarize_study import summarize_study
from strates.studies.transfer_plan import transfer_plan
from strates.studies.transfer_plan_result import DepthAccuracy, TransferPlan
from strates.studies.transfer_regime import PlanMeasure
from strates.studies.transfer_study import transfer_study
from strates.studies.width_depth_study import width_depth_study

__all__ = [
    "DepthAccuracy",
    "LearningRateRange",
    "PlanMeasure",
    "Run",
    "Setting",
    "TransferPlan",
    "adversarial_linearity",
    "adversarial_path",
    "adversarial_training_study",
    "dense_vs_convolution",
    "initialization_study",
    "learning_rate_range_test",
    "optimizer_study",
    "paired_differences",
    "paired_runs",
    "paired_split",
    "pretraining_study",
    "regularization_study",
    "summarize_study",
    "transfer_plan",
    "transfer_study",
    "width_depth_study",
]

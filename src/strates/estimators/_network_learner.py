"""The half of an estimator that trains its network: parameters, starting weights, solvers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.callback import CallbackSupportMixin

from strates._random import integer_seed, root_seed
from strates._types import AnyArray
from strates.engine.architecture import Architecture, keras_activation
from strates.engine.backend import keras
from strates.engine.batches import as_rows
from strates.engine.epoch import Epoch
from strates.engine.initializers import make_initializer
from strates.engine.lbfgs import LbfgsResult
from strates.engine.schedules import SCHEDULES
from strates.engine.step_data import Penalties
from strates.estimators._adversarial import adversarial_training, check_adversarial, check_within_bounds
from strates.estimators._callbacks import FitTasks
from strates.estimators._fit_gradient import FitSetup, fit_by_gradient
from strates.estimators._fit_lbfgs import fit_by_lbfgs
from strates.estimators._gradient_fit import Validation
from strates.estimators._network_holder import NetworkHolder
from strates.estimators._parameters import Check, boolean, integer, one_of, optional, real
from strates.estimators._stopping import Stopping
from strates.estimators._training_rows import TrainingRows, make_batches, split_off_validation
from strates.exceptions import ParameterError

SOLVERS = ("adam", "sgd", "lbfgs")


def automatic_alpha(n_features: int, n_samples: int) -> float:
    """Return the penalty's strength under ``alpha="auto"``: ``0.1 * n_features / n_samples``, in [1e-4, 0.03].

    What a model learns by mistake grows with the features and shrinks with the rows; the factor was chosen on
    sixteen tables of 178 to 48,842 rows, for log-loss on held-out rows.

    Examples
    --------
    >>> automatic_alpha(10, 1000), automatic_alpha(10, 10**6)
    (0.001, 0.0001)
    """
    return min(max(0.1 * n_features / n_samples, 1e-4), 0.03)


def _check_activation(_: str, value: Any) -> None:
    keras_activation(value)


def _check_initializer(_: str, value: Any) -> None:
    make_initializer(value, "relu", 0)


def learns_by_steps(estimator: Any) -> bool:
    """Whether the solver learns a batch at a time, so that there is a ``partial_fit``."""
    if isinstance(estimator.solver, str) and estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic: use solver='adam', "
            "'sgd' or a Keras optimizer."
        )
    return True


class NetworkLearner(CallbackSupportMixin, NetworkHolder):
    """What classifiers and autoencoders have in common while they are fitted."""

    _seed: int
    #: SciPy's relative decrease at which L-BFGS stops; its default.
    _lbfgs_ftol: ClassVar[float] = 2.220446049250313e-09

    _CHECKS: ClassVar[dict[str, Check]] = {
        "alpha": real(low=0, open_high=True),
        "l1_ratio": real(low=0, high=1),
        "max_norm": optional(real(low=0, open_low=True, open_high=True)),
        "label_smoothing": real(low=0, high=1, open_high=True),
        "learning_rate": one_of(SCHEDULES),
        "learning_rate_init": real(low=0, open_low=True, open_high=True),
        "power_t": real(low=0),
        "momentum": real(low=0, high=1),
        "beta_1": real(low=0, high=1, open_high=True),
        "beta_2": real(low=0, high=1, open_high=True),
        "epsilon": real(low=0, open_low=True),
        "max_iter": integer(1),
        "max_fun": integer(1),
        "tol": real(low=0),
        "validation_fraction": real(low=0, high=1, open_low=True, open_high=True),
        "n_iter_no_change": integer(1, infinite=True),
        "shuffle": boolean,
        "early_stopping": boolean,
        "warm_start": boolean,
        "batch_norm": boolean,
        "adversarial": check_adversarial,
        "gradient_penalty": real(low=0, open_high=True),
        "activation": _check_activation,
        "kernel_initializer": _check_initializer,
    }

    def _penalties(self, architecture: Architecture, n_rows: int) -> Penalties:
        p = self.get_params(deep=False)
        alpha = p.get("alpha", 0.0)
        if isinstance(alpha, str):
            alpha = automatic_alpha(math.prod(architecture.input_shape), n_rows)
        self.alpha_ = float(alpha)
        return Penalties(
            alpha=self.alpha_,
            l1_ratio=float(p.get("l1_ratio", 0.0)),
            max_norm=p.get("max_norm"),
            label_smoothing=float(p.get("label_smoothing", 0.0)),
            noise_levels=architecture.noise_levels,
            gradient_penalty=float(p.get("gradient_penalty", 0.0)),
            adversarial=adversarial_training(p.get("adversarial"), architecture.input_shape),
        )

    def _after_lbfgs(
        self, found: LbfgsResult, rows: TrainingRows, on_epoch: Callable[[Epoch, list[AnyArray]], bool]
    ) -> LbfgsResult:
        """Return what the fit is to end with, given what L-BFGS found; a subclass may go on from there."""
        return found

    @property
    def _most_epochs(self) -> int:
        """Epochs of a fit, at most."""
        return int(self.max_iter)

    def _solver_settings(self) -> Mapping[str, Any]:
        p = self.get_params(deep=False)
        names = {"momentum": "momentum", "nesterovs_momentum": "nesterov", "beta_1": "beta_1", "beta_2": "beta_2",
                 "epsilon": "epsilon"}  # fmt: skip
        return {keras_name: p[name] for name, keras_name in names.items() if name in p}

    def _start(self, seed: int, again: bool) -> list[AnyArray]:
        """Return the weights to start from; forget earlier fits unless this one goes on from them."""
        if again:
            start = self._current_weights
        else:
            start = self._initial_weights(seed)
            self._optimizer_state: list[AnyArray] | None = None
            self._stopping: Stopping | None = None
            self._epochs, self._epochs_done, self._steps_done, self.t_ = [], 0, 0, 0
        self._cache = {}
        return start

    def _initial_weights(self, seed: int) -> list[AnyArray]:
        """Draw the weights that a fit starts from."""
        return self._architecture.initial_weights(integer_seed(seed, "weights"))

    def _same_network(self, architecture: Architecture) -> Architecture:
        """Return the network that a fit which goes on asks for.

        Raises
        ------
        ParameterError
            It has other weights than the present one.
        """
        shapes = [w.shape for w in architecture.initial_weights(0)]
        if shapes != [w.shape for w in self._weights]:
            changed = ", ".join(_changed(self._architecture, architecture))
            raise ParameterError(
                f"This fit goes on from a network with weights of shapes {[w.shape for w in self._weights]}, but "
                f"{changed} now ask for {shapes}. Set the parameters back, or fit afresh with warm_start=False."
            )
        return architecture

    def _strata(self, targets: AnyArray) -> AnyArray | None:
        """Return what a validation part is to have the same shares of as the other rows."""
        return None

    def _learn(
        self,
        rows: Any,
        targets: AnyArray,
        weights: AnyArray,
        validation: Validation | None,
        start: list[AnyArray],
        *,
        seed: int,
        tasks: FitTasks,
        single: bool,
    ) -> Self:
        """Train the network on checked rows, by the solver that was asked for."""
        lbfgs = isinstance(self.solver, str) and self.solver == "lbfgs"
        attack = adversarial_training(getattr(self, "adversarial", None), self._architecture.input_shape)
        if attack is not None:
            check_within_bounds(attack, rows)
            if validation is not None:
                check_within_bounds(attack, validation.X)
        # L-BFGS computes in float64, and so takes rows in that precision where the estimator has them
        data = TrainingRows(rows if lbfgs else as_rows(rows), targets, weights)
        if lbfgs:
            fit_by_lbfgs(self, data, start, tasks, validation)
        else:
            if validation is None and self.early_stopping and not single:
                data, validation = split_off_validation(
                    data, self._strata(data.targets), self.validation_fraction, seed
                )
            source = make_batches(
                data, batch_size=self.batch_size, shuffle=self.shuffle, row_wise=self._architecture.row_wise,
                n_parameters=sum(w.size for w in start), seed=seed,
            )  # fmt: skip
            n_samples = len(data.weights)
            fit_by_gradient(
                self, FitSetup(source, validation, start, seed, tasks, n_samples, tasks.fingerprint, single)
            )
        return self._finish(tasks)

    def _finish(self, tasks: FitTasks) -> Self:
        if tasks.recordings:
            self.recording_ = tasks.recordings[0]
        tasks.finish()
        return self

    def _check_parameters(self) -> None:
        parameters = self.get_params(deep=False)
        for name, check in self._CHECKS.items():
            if name in parameters:
                check(name, parameters[name])
        solver = parameters["solver"]
        if not isinstance(solver, keras.optimizers.Optimizer):
            one_of(SOLVERS, also=" A keras.optimizers.Optimizer also serves.")("solver", solver)
        if parameters["batch_size"] != "auto":
            integer(1)("batch_size", parameters["batch_size"])
        if isinstance(solver, str) and solver == "lbfgs" and parameters.get("max_norm") is not None:
            raise ParameterError("max_norm acts after each step of a gradient solver; use solver='adam' or 'sgd'.")
        if isinstance(solver, str) and solver == "lbfgs":
            for name in ("adversarial", "gradient_penalty"):
                if parameters.get(name):
                    raise ParameterError(
                        f"{name} acts at each step of a gradient solver, and solver='lbfgs' has no steps of its kind; "
                        "use solver='adam' or 'sgd'."
                    )

    def _start_seed(self, again: bool) -> int:
        """Return the seed of this fit; a fit that goes on keeps the stream of the one before."""
        if again and not isinstance(self.random_state, np.random.RandomState):
            return int(self._seed)
        self._seed = root_seed(self.random_state)
        return self._seed


def _changed(old: Any, new: Any) -> list[str]:
    """Name the parameters in which two dense architectures differ."""
    names = {"hidden": "hidden_layer_sizes", "n_outputs": "the classes of y", "n_inputs": "the columns of X"}
    differing = [f.name for f in fields(old) if getattr(old, f.name) != getattr(new, f.name)]
    return [names.get(name, name) for name in differing]

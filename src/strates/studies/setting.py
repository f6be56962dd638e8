"""One of the things that a study compares: what it is called, and how its estimator is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, Self

from sklearn.base import clone

from strates.exceptions import ParameterError, did_you_mean
from strates.inspection.network_inputs import split_pipeline


@dataclass(frozen=True)
class Setting:
    """What a study compares: an estimator for each seed, and the columns that name it in the table.

    Attributes
    ----------
    columns : mapping of str to value
        Column to value, the same columns for all settings of a study, not the same values.
    make : callable (seed) -> estimator
        Returns a fresh classifier or pipeline, not fitted, whose randomness is that of the seed.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> setting = Setting({"guess": "commonest"}, lambda seed: DummyClassifier(random_state=seed))
    >>> setting.make(3)
    DummyClassifier(random_state=3)
    """

    columns: Mapping[str, Any]
    make: Callable[[int], Any]

    @classmethod
    def from_parameters(
        cls, estimator: Any, parameters: Mapping[str, Any], *, columns: Mapping[str, Any] | None = None
    ) -> Self:
        """Vary some parameters of an estimator.

        Parameters
        ----------
        estimator : classifier or pipeline
            Cloned for each run.
        parameters : mapping of str to value
            As ``set_params`` takes them; those of a pipeline's classifier need no prefix.
        columns : mapping of str to value, default=None
            How the table names the setting; the parameters by default.

        Returns
        -------
        Setting
            Each run's estimator has the seed as ``random_state`` of its classifier, and wherever a step has None.

        Raises
        ------
        ParameterError
            The estimator has no such parameter.

        Examples
        --------
        >>> from sklearn.linear_model import SGDClassifier
        >>> setting = Setting.from_parameters(SGDClassifier(), {"alpha": 0.1})
        >>> setting.make(3), dict(setting.columns)
        (SGDClassifier(alpha=0.1, random_state=3), {'alpha': 0.1})
        """
        given = {parameter_name(estimator, name): value for name, value in parameters.items()}

        def make(seed: int) -> Any:
            fresh = clone(estimator).set_params(**given)
            return fresh.set_params(**dict.fromkeys(_random_states(fresh), seed))

        return cls(dict(parameters if columns is None else columns), make)

    @property
    def cells(self) -> dict[str, Any]:
        """The columns with values that a table can hold: numbers and texts."""
        return {name: _cell(value) for name, value in self.columns.items()}


def parameter_name(estimator: Any, name: str) -> str:
    """Return a parameter's name as ``set_params`` wants it, with the prefix of a pipeline's last step.

    Parameters
    ----------
    estimator : classifier or pipeline
    name : str
        With or without prefix.

    Returns
    -------
    str

    Raises
    ------
    ParameterError
        The estimator has no such parameter.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.linear_model import SGDClassifier
    >>> parameter_name(make_pipeline(SGDClassifier()), "alpha")
    'sgdclassifier__alpha'
    """
    known = estimator.get_params(deep=True)
    if name in known:
        return name
    _, last = split_pipeline(estimator)
    if last is not estimator:
        prefixed = f"{estimator.steps[-1][0]}__{name}"
        if prefixed in known:
            return prefixed
    raise ParameterError(f"{type(last).__name__} has no parameter {name!r}. {did_you_mean(name, last.get_params())}")


def _random_states(estimator: Any) -> list[str]:
    """Return the parameters that a run's seed is given to."""
    found = estimator.get_params(deep=True)
    names = [name for name in found if name.rpartition("__")[2] == "random_state"]
    _, last = split_pipeline(estimator)
    own = "random_state" if last is estimator else f"{estimator.steps[-1][0]}__random_state"
    return [name for name in names if name == own or found[name] is None]


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, str | Real):
        return value
    if isinstance(value, tuple | list):
        return str(tuple(value))
    name = getattr(value, "__name__", None)
    return name if isinstance(name, str) else type(value).__name__

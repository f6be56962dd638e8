"""From ``--model``, ``--hidden`` and ``--set`` to a classifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from strates.cli.own_file import find_own_file, is_own_file, own_function
from strates.estimators import LogisticRegression, NetworkClassifier, Perceptron, default_classifier
from strates.exceptions import ParameterError, did_you_mean

#: A network has learned what it can from a table after it saw so many rows, counted over the epochs, ...
_ENOUGH_ROWS = 20_000_000
#: ... if it saw each of them so often at least.
_FEWEST_EPOCHS = 3
#: A perceptron looks at rows one by one, some twenty thousand a second.
_ENOUGH_PERCEPTRON_ROWS = 1_000_000
#: Parameters that the command line sets in its own way.
_ELSEWHERE = {
    "random_state": "The seed is an option of its own: --seed 0.",
    "hidden_layer_sizes": "Give the widths as --hidden 64,32.",
    "verbose": "The progress bar shows every epoch, and the report keeps them.",
    "warm_start": "To go on with a fit that was interrupted, use --checkpoint DIR and --resume.",
    "image_shape": "The size of images is an option of its own: --image-size 64.",
    "network": "A network is Python code: --model mynet.py:build takes the function that builds it.",
    "loss": "A loss is Python code; from Python, NetworkClassifier(network, loss=...) takes it.",
    "backbone": "The backbone is an option of its own: --backbone MobileNetV2.",
    "weights": "Its weights are an option of their own: --weights FILE.",
    "strategy": "The strategy is an option of its own: --strategy fine_tune.",
}


def make_classifier(
    model: str, hidden: tuple[int, ...] | None, settings: Mapping[str, Any], seed: int, *, streamed: bool = False
) -> Any:
    """Build the classifier that was asked for, on the settings that suit tables.

    Parameters
    ----------
    model : str
        "mlp", "network", "logistic", "perceptron", or a function of the user's own as "mynet.py:build".
    hidden : tuple of int or None
        Widths of an MLP's hidden layers; None for the default's.
    settings : mapping of str to Any
        Parameters that differ from the defaults.
    seed : int
    streamed : bool, default=False
        Whether the table is read chunk by chunk, which takes a gradient solver.

    Returns
    -------
    MLPClassifier, NetworkClassifier, LogisticRegression or Perceptron

    Raises
    ------
    ParameterError
        An unknown setting (the message gives the nearest), or one that has an option of its own.
    """
    clf = _default("network" if is_own_file(model) else model, seed, streamed)
    if is_own_file(model):
        clf.set_params(network=own_function(find_own_file(model, "--model")))
    if hidden is not None and model == "mlp":
        clf.set_params(hidden_layer_sizes=hidden)
    set_parameters(clf, model, settings)
    if hidden is not None and model != "mlp":
        raise ParameterError(f"--hidden describes an MLP, and --model {model} is none. Drop one of the two.")
    return clf


def set_parameters(clf: Any, model: str, settings: Mapping[str, Any]) -> Any:
    """Give a classifier the parameters that ``--set`` asked for.

    Parameters
    ----------
    clf : classifier
        Changed in place.
    model : str
        What ``--model`` calls it.
    settings : mapping of str to Any

    Returns
    -------
    classifier
        The same one.

    Raises
    ------
    ParameterError
        An unknown setting (the message gives the nearest), or one that has an option of its own.
    """
    known = sorted(set(clf.get_params(deep=False)) - set(_ELSEWHERE))
    for name in settings:
        if name in _ELSEWHERE:
            raise ParameterError(f"--set {name} is not available. {_ELSEWHERE[name]}")
        if name not in known:
            raise ParameterError(f"--set {name}: there is no such setting of --model {model}. {_all(name, known)}")
    return clf.set_params(**settings)


def spare_epochs(clf: Any, n_rows: int) -> list[str]:
    """Lower ``max_iter`` where a table is so long that fewer epochs do.

    Parameters
    ----------
    clf : classifier
        Changed in place.
    n_rows : int
        Rows to learn from.

    Returns
    -------
    list of str
        What the user should know of it: one sentence, or none.

    Examples
    --------
    >>> clf = default_classifier(0)
    >>> spare_epochs(clf, 1_000), spare_epochs(clf, 10_000_000), clf.max_iter
    ([], ['The table is long: 3 epochs are enough instead of 40. To have more, add --set max_iter=40.'], 3)
    """
    usual = clf.max_iter
    if isinstance(clf, LogisticRegression) and clf.solver == "lbfgs":
        return []  # its iterations end by themselves
    enough = _ENOUGH_PERCEPTRON_ROWS if isinstance(clf, Perceptron) else _ENOUGH_ROWS
    epochs = max(_FEWEST_EPOCHS, round(enough / n_rows))
    if epochs >= usual:
        return []
    clf.set_params(max_iter=epochs)
    return [
        f"The table is long: {epochs} epochs are enough instead of {usual}. To have more, add --set max_iter={usual}."
    ]


def _default(model: str, seed: int, streamed: bool) -> Any:
    mlp = default_classifier(seed)
    if model == "mlp":
        return mlp
    if model == "perceptron":  # few tables are separable: the mean of its weights is then the steadier answer
        return Perceptron(average=True, max_iter=100, random_state=seed)
    if model == "logistic" and not streamed:
        return LogisticRegression(random_state=seed)
    schedule = ("batch_size", "learning_rate", "learning_rate_init", "max_iter", "random_state")
    settings = {name: getattr(mlp, name) for name in schedule}
    return LogisticRegression(solver="adam", **settings) if model == "logistic" else NetworkClassifier(**settings)


def _all(name: str, known: Sequence[str]) -> str:
    """Return the nearest name and every known one: there are few, and no other place to look them up at hand."""
    near = did_you_mean(name, known).partition("Known:")[0]
    return f"{near}Known: {', '.join(known)}."

"""From a fitted classifier to the same network on the blackboard: read off its Keras model, layer by layer."""

from __future__ import annotations

from typing import Any

from strates.backprop.keras_chain import keras_chain
from strates.backprop.keras_translation import own_penalties, translate
from strates.backprop.layers import Activation, Layer, LogisticLoss, Penalty, Softmax, SoftmaxCrossEntropy
from strates.backprop.network import Network
from strates.exceptions import ParameterError


def rebuild(est: Any, *, training: bool = False) -> Network:
    """Write a fitted classifier's network on the blackboard.

    Parameters
    ----------
    est : fitted classifier, or pipeline that ends in one
        With ``network_``, a Keras model that is a chain of layers.
    training : bool, default=False
        Whether batch normalisation uses the statistics of the rows that come, as in training, instead of its moving
        averages. Dropout passes everything on; see :func:`gradient_check` for masks.

    Returns
    -------
    Network
        Its layers bear Keras's names. A layer of Keras with an activation becomes two: ``"hidden_1"`` and
        ``"hidden_1 (tanh)"``. The last activation belongs to the loss, and so do label smoothing and the penalties
        of the classifier.

    Raises
    ------
    ParameterError
        The network has a layer that the blackboard does not know, or is no chain. The message names the layer, and
        what is known.

    Examples
    --------
    >>> from strates import MLPClassifier
    >>> from strates.datasets import moons
    >>> X, y = moons(n_samples=60, random_state=0)
    >>> clf = MLPClassifier((4,), learning_rate="cosine", max_iter=5, random_state=0).fit(X, y)
    >>> [layer.name for layer in rebuild(clf).layers]
    ['hidden_1', 'hidden_1 (relu)', 'outputs']
    """
    last = est[-1] if hasattr(est, "steps") else est
    layers: list[Layer] = []
    penalties: dict[str, Penalty] = {}
    kernels: list[str] = []
    for keras_layer in keras_chain(_model(last)):
        made = translate(keras_layer, training=training)
        layers += made
        penalties |= {f"{made[0].name}/{key}": penalty for key, penalty in own_penalties(keras_layer).items()}
        if keras_layer.trainable and "kernel" in made[0].parameters:
            kernels.append(f"{made[0].name}/kernel")
    smoothing, alpha, l1_ratio = _objective(last)
    if alpha:
        if penalties:
            raise ParameterError(
                "The network's own layers have regularizers, and the classifier has alpha besides. Set alpha=0, or "
                "take the regularizers out."
            )
        penalties = {name: Penalty(alpha, l1_ratio=l1_ratio) for name in kernels}
    # the loss takes the last activation upon itself
    return Network(tuple(layers[:-1]), _loss(layers, smoothing), penalties)


def _model(last: Any) -> Any:
    """Return the Keras model; an unfitted classifier says itself that it is none."""
    try:
        model = last.network_
    except AttributeError as error:
        if isinstance(error, ValueError):  # scikit-learn's NotFittedError is both
            raise
        model = None
    if not hasattr(model, "layers"):
        kind = last if isinstance(last, type) else type(last)
        raise ParameterError(
            f"{kind.__name__} of {kind.__module__.partition('.')[0]} has no network_. The blackboard takes a fitted "
            "classifier of strates, such as MLPClassifier or LogisticRegression, or a pipeline that ends in one."
        )
    return model


def _objective(last: Any) -> tuple[float, float, float]:
    """Return label smoothing, the penalty's strength and its share of L1."""
    parameters = last.get_params(deep=False) if hasattr(last, "get_params") else {}
    alpha = getattr(last, "alpha_", parameters.get("alpha", 0.0))
    return (
        float(parameters.get("label_smoothing", 0.0)),
        0.0 if isinstance(alpha, str) else float(alpha),
        float(parameters.get("l1_ratio", 0.0) or 0.0),
    )


def _loss(layers: list[Layer], smoothing: float) -> SoftmaxCrossEntropy | LogisticLoss:
    last = layers[-1] if layers else None
    if isinstance(last, Softmax):
        return SoftmaxCrossEntropy(label_smoothing=smoothing)
    if isinstance(last, Activation) and last.activation in ("logistic", "sigmoid"):
        return LogisticLoss(label_smoothing=smoothing)
    raise ParameterError(
        f"The network ends in {last!r}; the blackboard knows the loss of a softmax and that of logistic units. End the "
        "network in one of them."
    )

"""The script of a perceptron: Rosenblatt's rule as a gradient step on one row at a time."""

from __future__ import annotations

import zlib
from numbers import Integral
from typing import Any

import numpy as np

from strates.engine.keras_code.data import Data, data_code
from strates.engine.keras_code.layout import Call, Keyword, lay_out, literal
from strates.engine.keras_code.objective import join
from strates.engine.keras_code.plan import Loop, Plan
from strates.engine.keras_code.preprocessing import Preprocessing
from strates.engine.keras_code.words import fill, phrase

_WEIGHTS = '''
def carried_weights(which):
    """$carried_weights"""
    return [CARRIED[f"{which}_{i}"] for i in range(len(model.weights))]
'''
_LOSS = '''
def wrong(signs, scores):
    """$wrong"""
    return keras.ops.cast(signs * scores <= 0, "float64")


def loss_function(signs, scores):
    """$perceptron_loss"""
    return keras.ops.sum(-signs * scores * wrong(signs, scores), axis=-1)
'''
_ORDER = """
# $order_constant
draw = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=($purpose,)))
"""
_STEP = '''
@tf.function(reduce_retracing=True)
def train_step(x, sign):
    """$perceptron_step"""
    with tf.GradientTape() as tape:
        scores = model(x, training=True)
        loss = tf.reduce_sum(loss_function(sign, scores))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply(gradients, model.trainable_variables)
    return wrong(sign, scores)[0]
'''
_MEAN = '''
class Mean(keras.callbacks.Callback):
    """$mean_weights"""

    def on_train_batch_end(self, batch, logs=None):
        visit()
'''
_VISIT = '''
# $mean_of_visits
sums = [np.zeros(weight.shape) for weight in model.weights]
visits, active = np.zeros(UNITS), np.ones(UNITS, bool)


def visit():
    """$visit"""
    for i, weight in enumerate(model.get_weights()):
        sums[i] += np.where(active, weight, 0.0)
    visits[active] += 1
'''
_RUN = """
if TRAIN:
    model.set_weights(carried_weights("initial"))
$compile    mistakes_curve = []
    for epoch in range(EPOCHS):
        order = $order
$epoch
        mistakes_curve.append(round(mistakes.sum()))
        print(f"Epoch {epoch + 1}: {mistakes_curve[-1]} $mistakes_word")
$active        if mistakes_curve[-1] == 0:
            break
$finish$otherwise
    model.set_weights(carried_weights("trained"))
"""
_EPOCH_FIT = """
$fit
mistakes = UNITS * len(X) * np.array(history.history["wrong"])
"""
_EPOCH_TAPE = """
mistakes = np.zeros(UNITS)
for row in order:
    mistakes += train_step(X[row : row + 1], signs[row : row + 1]).numpy()
"""
_ANSWERS = """
scores = model.predict(X, verbose=0)
numbers = $decide
probabilities = np.eye(len(CLASSES))[numbers]
predicted = CLASSES[numbers]
print(f"$accuracy {np.mean(predicted == y):.4f}")
"""


def perceptron_parts(
    est: Any, plan: Plan, data: Data, loop: Loop, language: str, *, train: bool, preprocessing: Preprocessing | None
) -> list[tuple[str, str]]:
    """Write the parts of a perceptron's script, each with the name of its heading."""
    known = isinstance(est.random_state, Integral)
    lines = [
        f"DATA = {literal(data.file)}  # {phrase('data_table' if data.is_table else 'data_arrays', language)}",
        *([f"TARGET = {literal(data.target)}  # {phrase('target_column', language)}"] if data.is_table else []),
        f"TRAIN = {train}  # {phrase('train_constant', language)}",
        f'CARRIED = np.load(Path(__file__).with_suffix(".npz"))  # {phrase("carried_constant", language)}',
        "",
        f"EPOCHS = {int(est.max_iter)}  # {phrase('epochs', language)}",
        f"LEARNING_RATE = {literal(float(est.eta0))}",
    ]
    if est.shuffle:
        said = phrase("order_seed" if known else "seed_unknown", language)
        lines.append(f"SEED = {int(est.random_state) if known else 0}  # {said}")
    units = plan.model.output_shape[-1]
    signs = "y == CLASSES[1]" if units == 1 else "y[:, None] == CLASSES"
    shape = ".reshape(-1, 1)" if units == 1 else ""
    read = data_code(plan, data, language, preprocessed=preprocessing is not None).split("\n# ")[0]
    read += "\n" + fill(f"# $signs\nsigns = np.where({signs}, 1.0, -1.0){shape}\nUNITS = signs.shape[1]", language)
    optimizer = "optimizer = keras.optimizers.SGD(learning_rate=LEARNING_RATE)"
    return [
        ("settings", "\n".join(lines)),
        ("data", read),
        ("preprocessing", "" if preprocessing is None else preprocessing.code),
        ("network", join([_network(est, units), fill(_WEIGHTS, language)])),
        ("objective", fill(_LOSS, language)),
        ("optimizer", optimizer),
        ("training", _training(est, loop, language)),
        ("evaluation", fill(_ANSWERS, language, decide=_decide(units))),
    ]


def _decide(units: int) -> str:
    return "(scores[:, 0] > 0).astype(int)" if units == 1 else "scores.argmax(axis=1)"


def _network(est: Any, units: int) -> str:
    bias = [] if est.fit_intercept else [Keyword("use_bias", "False")]
    dense = Call("keras.layers.Dense(", (str(units), *bias, Keyword("kernel_initializer", '"zeros"'),
                                         Keyword("name", '"outputs"')))  # fmt: skip
    inputs = Call("keras.Input(", (f"({est.n_features_in_},)",))
    return lay_out(Call("keras.Sequential(", (Call("[", (inputs, dense), "]"),)), before="model = ")


def _training(est: Any, loop: Loop, language: str) -> str:
    compiled = Call(
        "model.compile(",
        (Keyword("optimizer", "optimizer"), Keyword("loss", "loss_function"), Keyword("metrics", "[wrong]")),
    )
    several = len(est.classes_) > 2
    # model.fit tells the mistakes of all units together, and each unit's mean ends with its own last mistake
    fit = loop == "fit" and not (est.average and several)
    options = [Keyword("batch_size", "1"), Keyword("shuffle", "False")]
    options += [Keyword("callbacks", "[Mean()]")] if est.average else []
    called = Call("model.fit(", ("X[order]", "signs[order]", *options, Keyword("verbose", "0")))
    fitted = lay_out(called, before="history = ", indent=8).replace("\n        ", "\n").strip()
    epoch = fill(_EPOCH_FIT if fit else _EPOCH_TAPE, language, fit=fitted)
    if not fit and est.average:
        epoch += "\n    visit()"
    active = ""
    if est.average:
        active = "        active &= mistakes > 0\n" if several else ""
    finish = "    model.set_weights([total / np.maximum(visits, 1) for total in sums])\n" if est.average else ""
    run = fill(
        _RUN,
        language,
        compile=lay_out(compiled, indent=4) + "\n" if fit else "",
        order="draw.permutation(len(X))" if est.shuffle else "np.arange(len(X))",
        epoch="\n".join(" " * 8 + line for line in epoch.split("\n")),
        active=active,
        finish=finish,
        otherwise="else:",
    )
    return join(
        [
            fill(_ORDER, language, purpose=zlib.crc32(b"order")) if est.shuffle else "",
            fill(_VISIT, language) if est.average else "",
            fill(_MEAN, language) if est.average and fit else "",
            "" if fit else fill(_STEP, language),
            run,
        ]
    )


def perceptron_plan(est: Any) -> Plan:
    """Return the plan of a fitted perceptron."""
    bias = [np.asarray(est.intercept_)] if est.fit_intercept else []
    trained = [np.ascontiguousarray(est.coef_.T), *bias]
    return Plan(
        name="Perceptron",
        model=est.network_,
        kind="binary" if len(est.classes_) == 2 else "categorical",
        classes=est.classes_,
        parameters={**est.get_params(deep=False), "_exact": True},
        alpha=0.0,
        seed=None,
        trained=trained,
        initial=[np.zeros_like(w) for w in trained],
        double=True,
    )

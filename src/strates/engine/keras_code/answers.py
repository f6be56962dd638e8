"""The last part of a script: what the network says, and how often it is right."""

from __future__ import annotations

from strates.engine.keras_code.plan import Plan
from strates.engine.keras_code.words import fill

_BINARY = """
# $second_class
second = model.predict(X, verbose=0)
probabilities = np.hstack([1 - second, second])
predicted = CLASSES[probabilities.argmax(axis=1)]
print(f"$accuracy {np.mean(predicted == y):.4f}")
"""
_CATEGORICAL = """
probabilities = model.predict(X, verbose=0)
predicted = CLASSES[probabilities.argmax(axis=1)]
print(f"$accuracy {np.mean(predicted == y):.4f}")
"""
_MULTILABEL = """
probabilities = model.predict(X, verbose=0)
predicted = (probabilities > 0.5).astype(int)
print(f"$accuracy {np.mean(np.all(predicted == y, axis=1)):.4f}")
"""
_RECONSTRUCTION = """
reconstruction = model.predict(X, verbose=0)
print(f"$error {np.mean(np.square(X - reconstruction)):.6f}")

# $codes
encoder = keras.Model(model.inputs, model.get_layer("$code").output)
codes = encoder.predict(X, verbose=0)
"""
_SHOWN = """
# $first_rows
for label, row in zip(predicted[:5], probabilities[:5], strict=True):
    print(label, np.round(row, 3))
"""


def answers_code(plan: Plan, language: str, *, code_layer: str = "") -> str:
    """Write how the network is asked."""
    if plan.kind == "reconstruction":
        return fill(_RECONSTRUCTION, language, code=code_layer)
    ask = {"binary": _BINARY, "categorical": _CATEGORICAL, "multilabel": _MULTILABEL}[plan.kind]
    return fill(ask, language) + "\n\n" + fill(_SHOWN, language)

"""Attacks beside Foolbox and the Adversarial Robustness Toolbox (ART), on one trained network.

``python -m benchmarks.attacks KIND RUNS [FILE]`` is one measurement, in a process of its own; FILE is Keras's
``mnist.npz``, without which the digits of scikit-learn are attacked.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.options import Options
from benchmarks.process import measure
from benchmarks.row import Row, compare

TITLE = "Attacks: seconds for all rows, the first call apart, and what they find, on one network"

KINDS = ("dense", "convolutional")
STEPS = 40
#: Of each of nine searches: Foolbox's; ours is left at what it is by default.
CARLINI_STEPS = 1000
#: Percentage points of success that may be missing.
WITHIN = 1.0
#: By which share a mean distance may be larger.
LARGER = 0.02

Array = np.ndarray[Any, Any]
#: Name, norm, epsilon (of attacks for the smallest distance None), rows.
Case = tuple[str, str, float | None, int]
CASES: tuple[Case, ...] = (
    ("FGSM", "linf", 0.1, 500), ("PGD", "linf", 0.05, 500), ("PGD", "linf", 0.1, 500), ("PGD", "l2", 1.0, 500),
    ("PGD", "l1", 10.0, 500), ("Universal", "linf", 0.1, 300), ("DeepFool", "l2", None, 100),
    ("CarliniWagner", "l2", None, 50),
)  # fmt: skip
#: What is not compared: one row at a time, it would take an hour.
_TOO_SLOW = {("ART", "CarliniWagner")}
#: Of an attack that Foolbox does not have.
_MISSING = {("Foolbox", "Universal")}
#: Images and labels to adversarial images.
Attack = Callable[[Array, Array], Array]


def run(options: Options) -> Iterator[Row]:
    """Yield two rows for each network, attack and peer: the time, and what was found."""
    file = [] if options.mnist is None else [str(options.mnist.resolve())]
    for kind in KINDS:
        for case in measure("benchmarks.attacks", kind, 1 if options.quick else 3, *file)["cases"]:
            text = f"{kind}: {case['text']}"
            if not case["peers"]:
                yield Row("attacks", text, "Foolbox, ART: not installed")
            for peer, theirs in case["peers"].items():
                details = {"ours": case["found"], "theirs": theirs["found"]}
                yield compare("attacks", text, peer, case["seconds"], theirs["seconds"], aim=1.0, details=details)
                yield _judged(f"{text}, {case['measure']}", peer, case, theirs)


def _judged(text: str, peer: str, case: dict[str, Any], theirs: dict[str, Any]) -> Row:
    ours, other = case["found"], theirs["found"]
    if case["measure"] == "mean l2":
        met = case["fooled"] >= theirs["fooled"] - WITHIN and ours <= other * (1 + LARGER)
        return Row("attacks", text, peer, ours, other, "", aim_text=f"<= {1 + LARGER:g} of theirs", met=met)
    return Row("attacks", text, peer, ours, other, "%", aim_text=f">= theirs - {WITHIN:g}", met=ours >= other - WITHIN)


def attack_network(kind: str, runs: int, file: str | None) -> dict[str, Any]:
    """Fit a network, attack it with every library in turns, and judge all by the network itself."""
    warnings.simplefilter("ignore")
    X, y, X_test, y_test = _images(file)
    clf = _fit(kind, X, y)
    right = np.flatnonzero(clf.predict(X_test) == y_test)
    logits = _logits(clf.network_)
    cases = []
    for case in CASES:
        name, norm, epsilon, n_rows = case
        rows, labels = X_test[right[:n_rows]], y_test[right[:n_rows]]
        attacks = {"strates": _strates(clf, case)}
        for peer, make in {"Foolbox": _foolbox, "ART": _art}.items():
            if _is_installed(peer) and (peer, name) not in _TOO_SLOW | _MISSING:
                attacks[peer] = make(logits, case)
        seconds: dict[str, list[float]] = {peer: [] for peer in attacks}
        found: dict[str, list[tuple[float, float]]] = {peer: [] for peer in attacks}
        for _ in range(1 + runs):
            for peer, attack in attacks.items():
                start = time.perf_counter()
                adversarial = attack(rows, labels)
                seconds[peer].append(time.perf_counter() - start)
                found[peer].append(_judge(clf, adversarial, rows, labels, epsilon))
        # random starts differ: what is found is the mean of all calls; the first call's time has compilation in it
        means = {peer: np.mean(pairs, axis=0).tolist() for peer, pairs in found.items()}
        result = {
            peer: {"found": means[peer][0], "fooled": means[peer][1], "seconds": seconds[peer][1:]} for peer in attacks
        }
        ours = result.pop("strates")
        measured = "mean l2" if epsilon is None else "fooled"
        size = "" if epsilon is None else f", epsilon {epsilon:g}"
        cases.append({"text": f"{name} {norm}{size}, {len(rows)} rows", "measure": measured, **ours, "peers": result})
    return {"cases": cases}


def _judge(clf: Any, adversarial: Array, rows: Array, labels: Array, epsilon: float | None) -> tuple[float, float]:
    """Return what was found, percent fooled or the mean l2 distance of those fooled; and percent fooled."""
    flat = np.asarray(adversarial, np.float32).reshape(rows.shape)
    fooled = clf.predict(flat) != labels
    share = 100 * float(fooled.mean())
    if epsilon is not None:
        return share, share
    return float(np.linalg.norm((flat - rows)[fooled].astype(np.float64), axis=1).mean()), share


def _images(file: str | None) -> tuple[Array, Array, Array, Array]:
    """Return flat rows in [0, 1]: to learn from, and to attack."""
    if file is None:
        X, y = importlib.import_module("sklearn.datasets").load_digits(return_X_y=True)
        X = (X / 16).astype(np.float32)
        return X[:1000], y[:1000], X[1000:], y[1000:]
    with np.load(file) as data:
        X, y, X_test, y_test = (data[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    X, X_test = ((part.reshape(len(part), -1) / 255).astype(np.float32) for part in (X, X_test))
    return X[:20_000], y[:20_000].astype(int), X_test[:1000], y_test[:1000].astype(int)


def _fit(kind: str, X: Array, y: Array) -> Any:
    strates = importlib.import_module("strates")
    common = {"learning_rate": "one_cycle", "learning_rate_init": 2e-3, "batch_size": 100, "random_state": 0}
    if kind == "dense":
        return strates.MLPClassifier((128, 64), max_iter=6, **common).fit(X, y)
    return strates.CNNClassifier((16, 32), hidden_layer_sizes=(64,), max_iter=3, **common).fit(X, y)


def _logits(network: Any) -> Any:
    """Return the network without its last softmax, which both peers ask for."""
    keras = importlib.import_module("keras")

    def copy(layer: Any) -> Any:
        last = {"activation": "linear"} if layer is network.layers[-1] else {}
        return type(layer).from_config({**layer.get_config(), **last})

    twin = keras.models.clone_model(network, clone_function=copy)
    twin.set_weights(network.get_weights())
    return twin


def _strates(clf: Any, case: Case) -> Attack:
    attacks = importlib.import_module("strates.attacks")
    name, norm, epsilon, _ = case
    starts = np.random.RandomState(0)  # others at each call
    attack = {
        "FGSM": lambda: attacks.FGSM(epsilon=epsilon, norm=norm),
        "PGD": lambda: attacks.PGD(epsilon=epsilon, norm=norm, steps=STEPS, random_state=starts),
        "Universal": lambda: attacks.UniversalPerturbation(
            epsilon=epsilon, norm=norm, fooling_rate=1.0, random_state=starts
        ),
        "DeepFool": lambda: attacks.DeepFool(),
        "CarliniWagner": lambda: attacks.CarliniWagner(),
    }[name]()
    return lambda X, y: np.asarray(attack.perturb(clf, X, y).adversarial)


def _foolbox(logits: Any, case: Case) -> Attack:
    foolbox, tf = importlib.import_module("foolbox"), importlib.import_module("tensorflow")
    model = foolbox.TensorFlowModel(logits, bounds=(0, 1))
    name, norm, epsilon, _ = case
    f = foolbox.attacks
    if name == "PGD":
        kinds = {"linf": f.LinfPGD, "l2": f.L2PGD, "l1": f.L1PGD}
        attack = kinds[norm](abs_stepsize=2.5 * epsilon / STEPS, steps=STEPS)  # type: ignore[operator]
    else:
        attack = {
            "FGSM": f.LinfFastGradientAttack,
            "DeepFool": f.L2DeepFoolAttack,
            "CarliniWagner": lambda: f.L2CarliniWagnerAttack(steps=CARLINI_STEPS),
        }[name]()

    def perturb(X: Array, y: Array) -> Array:
        images = tf.constant(X.reshape(-1, *logits.input_shape[1:]))
        return np.asarray(attack(model, images, tf.constant(y), epsilons=epsilon)[1])

    return perturb


def _art(logits: Any, case: Case) -> Attack:
    keras = importlib.import_module("keras")
    evasion = importlib.import_module("art.attacks.evasion")
    shape = tuple(logits.input_shape[1:])
    model = importlib.import_module("art.estimators.classification").TensorFlowV2Classifier(
        model=logits, nb_classes=logits.output_shape[-1], input_shape=shape, clip_values=(0, 1),
        loss_object=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )  # fmt: skip
    name, norm, epsilon, _ = case
    order = {"linf": np.inf, "l2": 2, "l1": 1}[norm]
    attack = {
        "FGSM": lambda: evasion.FastGradientMethod(model, norm=order, eps=epsilon, batch_size=512),
        "PGD": lambda: evasion.ProjectedGradientDescentTensorFlowV2(
            model, norm=order, eps=epsilon, eps_step=2.5 * epsilon / STEPS, max_iter=STEPS,  # type: ignore[operator]
            num_random_init=1, batch_size=512, verbose=False,
        ),
        "Universal": lambda: evasion.UniversalPerturbation(
            model, attacker="fgsm", attacker_params={"eps": epsilon / 5},  # type: ignore[operator]
            delta=0.0, max_iter=10, eps=epsilon, norm=order, batch_size=512, verbose=False,
        ),
        "DeepFool": lambda: evasion.DeepFool(model, epsilon=0.02, batch_size=512, verbose=False),
    }[name]()  # fmt: skip
    n_classes = logits.output_shape[-1]

    def perturb(X: Array, y: Array) -> Array:
        given = np.eye(n_classes)[y] if name == "Universal" else y
        return np.asarray(attack.generate(X.reshape(-1, *shape), given))

    return perturb


def _is_installed(peer: str) -> bool:
    name = {"Foolbox": "foolbox", "ART": "art"}[peer]
    if importlib.util.find_spec(name) is None:
        return False
    # another package, of letters made of letters, is called art too
    return peer != "ART" or importlib.util.find_spec("art.attacks") is not None


def main() -> None:
    """Print one measurement as JSON."""
    kind, runs, *file = sys.argv[1:]
    found = attack_network(kind, int(runs), file[0] if file else None)
    print(json.dumps(found))


if __name__ == "__main__":
    main()

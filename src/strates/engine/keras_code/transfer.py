"""The part of a script that trains a head on the features of a frozen network, then unfreezes the network's layers."""

from __future__ import annotations

from functools import partial
from textwrap import indent
from typing import Any

from strates.engine.keras_code.layer_arguments import layer_arguments
from strates.engine.keras_code.layout import Call, Keyword, lay_out, literal
from strates.engine.keras_code.lbfgs import lbfgs_code
from strates.engine.keras_code.names import Names
from strates.engine.keras_code.network import network_code
from strates.engine.keras_code.objective import (
    join,
    loss_call,
    objective_code,
    optimizer_call,
    optimizer_rules,
    penalty_code,
)
from strates.engine.keras_code.objects import keras_call
from strates.engine.keras_code.plan import Loop, Plan, Stages
from strates.engine.keras_code.training import batches_code, training_code
from strates.engine.keras_code.words import fill
from strates.engine.optimizers import make_optimizer

_NEW = '''
def new_optimizer():
    """$new_optimizer"""
    return $optimizer
'''
_GROUPS = """
# $groups
GROUPS = [
$groups_listed
]
"""
_UNFREEZE = '''
def unfreeze(n):
    """$unfreeze"""
    model.trainable = True
    for layer in model.layers:
        layer.trainable = False
    for name in sum(GROUPS[: n + 1], []):
        layer = model.get_layer(name)
        layer.trainable = $trainable
    layers = [[model.get_layer(name) for name in group] for group in GROUPS[: n + 1]]
    return [sum((layer.trainable_weights for layer in group), []) for group in layers]
'''
_RATE = '''
class Rise(keras.optimizers.schedules.LearningRateSchedule):
    """$schedule_one_cycle"""

    def __init__(self, highest):
        self.highest = highest

    def __call__(self, step):
        steps = STAGE_EPOCHS * STAGE_STEPS
        step, peak = tf.cast(step, "float32"), max(1.0, 0.3 * steps)
        up = tf.clip_by_value(step / peak, 0.0, 1.0)
        down = tf.clip_by_value((step - peak) / max(1.0, steps - peak), 0.0, 1.0)
        low, end = self.highest / 25, self.highest / 250_000
        rising = low + (self.highest - low) * (1 - tf.cos(np.pi * up)) / 2
        falling = end + (self.highest - end) * (1 + tf.cos(np.pi * down)) / 2
        return tf.where(step < peak, rising, falling)


def group_optimizers(n):
    """$group_optimizers"""
    rates = [Rise(STAGE_RATE / LAYER_DECAY**i) for i in range(n + 1)]
    return [$optimizer for rate in rates]
'''
_STAGE_TAPE = '''
def fine_tune(n, epochs_done):
    """$fine_tune"""
    groups, optimizers = unfreeze(n), group_optimizers(n)

    @tf.function(reduce_retracing=True)
    def train_step($arguments):
        with tf.GradientTape() as tape:
            outputs = model(x, training=True)
            loss = $loss
        gradients = tape.gradient(loss, groups)
        for i, optimizer in enumerate(optimizers):
            optimizer.apply(gradients[i], groups[i])
        return loss

    $begin
    for epoch in range(STAGE_EPOCHS):
        total = 0.0
        for batch in batches(X_train, STAGE_BATCH_SIZE, epochs_done + epoch):
            total += float(train_step(*batch)) * len(batch[0])
        losses.append(total / len(X_train))
        print(f"Epoch {epoch + 1}: loss {losses[-1]:.6f}")
$then$finish    return losses
'''
_THEN = """
# $best_kept
score, loss = watch(model, X_watched)
waited = waited + 1 if score < best[0] + TOL else 0
if (score, -loss) > best:
    best, best_weights = (score, -loss), model.get_weights()
if waited > PATIENCE:
    break
"""
_STAGE_FIT = '''
class FineTuned(keras.Model):
    """$fine_tuned_model"""

    def __init__(self, network, n):
        super().__init__()
        self.network, self.mean_loss = network, keras.metrics.Mean(name="loss")
        self.groups, self.rules = unfreeze(n), group_optimizers(n)

    def call(self, x, training=False):
        return self.network(x, training=training)

    def train_step(self, batch):
        x, y, w = keras.utils.unpack_x_y_sample_weight(batch)
        with tf.GradientTape() as tape:
            outputs = self(x, training=True)
            loss = self.compute_loss(x, y, outputs, w)
        gradients = tape.gradient(loss, self.groups)
        for i, rule in enumerate(self.rules):
            rule.apply(gradients[i], self.groups[i])
        self.mean_loss.update_state(loss, sample_weight=tf.shape(x)[0])
        return {"loss": self.mean_loss.result()}


def fine_tune(n, epochs_done):
    """$fine_tune"""
    tuned = FineTuned(model, n)
    tuned.compile(loss=loss_function)
    every_batch = (
        batch
        for epoch in range(STAGE_EPOCHS)
        for batch in batches(X_train, STAGE_BATCH_SIZE, epochs_done + epoch)
    )
$fit
    return history.history["loss"]
'''
_RUN = """
if TRAIN:
    model.set_weights(carried_weights("initial"))
    # $features_once
$backbone
$inputs
    for layer in head.layers:
        layer.set_weights(model.get_layer(layer.name).get_weights())
    losses = learn($given)
    for layer in head.layers:
        model.get_layer(layer.name).set_weights(layer.get_weights())
${stages}
else:
    model.set_weights(carried_weights("trained"))
"""
_STAGES = """
for n in range(1, STAGES + 1):
    print(f"$unfrozen_word {n}")
    losses += fine_tune(n, len(losses))
"""
_STAGES_WATCHED = """
for n in range(1, STAGES + 1):
    print(f"$unfrozen_word {n}")
    kept, (score, loss) = model.get_weights(), watch(model, X_watched)
    before = (score, -loss)
    losses += fine_tune(n, len(losses))
    score, loss = watch(model, X_watched)
    if (score, -loss) < before:  # $no_help
        model.set_weights(kept)
        break
"""


def stage_settings(plan: Plan) -> list[tuple[str, Any, str]]:
    """Return the constants of the stages after the head's: name, value, comment."""
    stages = plan.stages
    if stages is None or not stages.n:
        return []
    return [
        ("STAGES", stages.n, "stages"),
        ("STAGE_EPOCHS", stages.epochs, ""),
        ("STAGE_BATCH_SIZE", stages.batch_size, ""),
        ("STAGE_RATE", stages.rate, "stage_rate"),
        ("LAYER_DECAY", stages.decay, "layer_decay"),
    ]


def transfer_parts(plan: Plan, loop: Loop, language: str) -> list[tuple[str, str]]:
    """Write the parts of a script that train a transfer network, each with the name of its heading.

    Parameters
    ----------
    plan : Plan
        With a head and stages.
    loop : {"fit", "tape"}
    language : {"en", "fr"}
    """
    head, stages = plan.head, plan.stages
    if head is None or stages is None:
        return []
    names = _names(head)
    staged = [*_stage_parts(plan, head, stages, loop, language, names)] if stages.n else []
    learn = (
        lbfgs_code(head, loop, language, ftol=2.220446049250313e-09, names=names)
        if head.lbfgs
        else training_code(head, loop, language, names)
    )
    return [
        ("head", _head_network(head, language)),
        ("objective", _objective(plan, head, language)),
        ("optimizer", "" if head.lbfgs else _optimizer(head, language)),
        ("head_training", learn),
        ("unfreezing", join(staged)),
        ("training", _run(plan, head, stages, language)),
    ]


def _names(head: Plan) -> Names:
    early = head.stops_early
    return Names(
        network="network",
        rows="inputs",
        watched="watched",
        batches="inputs, size, epoch",
        called="inputs, BATCH_SIZE, epoch",
        size="size",
        watch="network, watched" if early else "",
        optimizer="new_optimizer()",
        learn=("network", "inputs", *(["watched"] if early else [])),
    )


def _head_network(head: Plan, language: str) -> str:
    own = partial(layer_arguments, head)
    if not head.lbfgs:
        return join([penalty_code(head, language), network_code(head.model, own, name="head").replace(
            literal(head.model.name), '"head"')])  # fmt: skip
    # L-BFGS computes in float64, and the network in float32
    written = network_code(head.model, lambda layer: {**own(layer), "dtype": '"float64"'}, name="head")
    width = head.model.input_shape[-1]
    written = written.replace(f"keras.Input(({width},))", f'keras.Input(({width},), dtype="float64")')
    return fill("# $double_head", language) + "\n" + written.replace(literal(head.model.name), '"head"')


def _objective(plan: Plan, head: Plan, language: str) -> str:
    call = loss_call(plan)
    if call is None or not head.lbfgs:
        return objective_code(plan, language)
    double = Keyword("dtype", '"float64"')
    return lay_out(Call(call.head, (*call.arguments, double)), before="loss_function = ")


def _optimizer(head: Plan, language: str) -> str:
    call = lay_out(optimizer_call(head), before="return ", indent=4).removeprefix("    return ")
    steps = "STEPS = -(-len(X_train) // BATCH_SIZE)"
    return join([steps, *optimizer_rules(head, language), fill(_NEW, language, optimizer=call)])


def _stage_parts(plan: Plan, head: Plan, stages: Stages, loop: Loop, language: str, names: Names) -> list[str]:
    heads = tuple(layer.name for layer in head.model.layers if layer.weights)
    groups = [list(group) for group in (heads, *stages.groups[: stages.n])]
    listed = "\n".join(lay_out(Call("[", tuple(map(literal, group)), "]"), after=",", indent=4) for group in groups)
    norm = "not isinstance(layer, keras.layers.BatchNormalization)"
    rule = keras_call(make_optimizer(stages.optimizer, {}), without=("learning_rate",))
    optimizer = Call(rule.head, ("rate", *rule.arguments), rule.tail)
    has_norm = any(type(layer).__name__ == "BatchNormalization" for layer in plan.model.layers)
    parts = [
        "STAGE_STEPS = -(-len(X_train) // STAGE_BATCH_SIZE)",
        fill(_GROUPS, language, groups_listed=listed),
        fill(_UNFREEZE, language, trainable=norm if stages.freeze_batch_norm and has_norm else "True"),
        fill(_RATE, language, optimizer=optimizer),
    ]
    if head.lbfgs:  # its part has no batches
        parts.append(batches_code(plan, language, names))
    early = plan.stops_early
    if loop == "fit":
        stop = [Keyword("callbacks", "[StopEarly(X_watched)]")] if early else []
        run = Call(
            "tuned.fit(",
            ("every_batch", Keyword("steps_per_epoch", "STAGE_STEPS"), Keyword("epochs", "STAGE_EPOCHS"), *stop,
             Keyword("verbose", "2")),
        )  # fmt: skip
        parts.append(fill(_STAGE_FIT, language, fit=lay_out(run, before="history = ", indent=4)))
        return parts
    loss = f"loss_function(y, outputs{', sample_weight=w' if plan.weighted else ''})"
    begin = "losses, best, waited = [], (-np.inf, -np.inf), 0" if early else "losses = []"
    parts.append(
        fill(
            _STAGE_TAPE,
            language,
            arguments="x, y, w" if plan.weighted else "x, y",
            loss=f"tf.reduce_mean({loss})" if plan.kind == "multilabel" else loss,
            begin=begin,
            then=indent(fill(_THEN, language), " " * 8) + "\n" if early else "",
            finish="    model.set_weights(best_weights)\n" if early else "",
        )
    )
    return parts


def _run(plan: Plan, head: Plan, stages: Stages, language: str) -> str:
    early = plan.stops_early
    double = '.astype("float64")' if head.lbfgs else ""
    inputs = [f"    features = backbone.predict(X_train, verbose=0){double}"]
    given = ["head", "features"]
    if early:
        inputs.append("    features_watched = backbone.predict(X_watched, verbose=0)")
        given.append("features_watched")
    layer = f"model.get_layer({literal(stages.features)}).output"
    staged = fill(_STAGES_WATCHED if early else _STAGES, language) if stages.n else ""
    return fill(
        _RUN,
        language,
        backbone=lay_out(Call("keras.Model(", ("model.inputs", layer)), before="backbone = ", indent=4),
        inputs="\n".join(inputs),
        given=", ".join(given),
        stages="\n" + indent(staged, "    ") if staged else "",
    )

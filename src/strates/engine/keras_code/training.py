"""The part of a script that trains: batches in an order that can be repeated, then model.fit or a loop of one's own."""

from __future__ import annotations

from textwrap import dedent, indent

from strates.engine.keras_code.attack import attacked_call
from strates.engine.keras_code.layout import WIDTH, Call, Keyword, lay_out
from strates.engine.keras_code.names import SCRIPT, Names
from strates.engine.keras_code.objective import has_own_losses, join, loss_call
from strates.engine.keras_code.plan import Loop, Plan
from strates.engine.keras_code.words import fill

_ORDER = '''
def order_of_rows($given):
    """$order"""
    purpose = zlib.crc32(f"shuffle {epoch}".encode())
    seed = np.random.SeedSequence($seed, spawn_key=(purpose,))
    return np.random.default_rng(seed).permutation(len(X_train))
'''
_BATCHES = '''
def batches($given):
    """$batches"""
    order = $order_code
    for first in range(0, len(X_train), $size):
        rows = order[first : first + $size]
        yield $batch
'''
_WATCH = '''
def watch($given):
    """$watch"""
    outputs = $network($watched, training=False).numpy()
    $score
    losses = $losses
    return $mean
'''
_STOP = '''
class Stop(keras.callbacks.Callback):
    """$stop"""

    def on_train_begin(self, logs=None):
        self.best, self.waited = np.inf, 0

    def on_epoch_end(self, epoch, logs=None):
        self.waited = self.waited + 1 if logs["loss"] > self.best - TOL else 0
        self.best = min(self.best, logs["loss"])
        if self.waited > PATIENCE:
            self.model.stop_training = True
'''
_STOP_ADAPTIVE = '''
class Slow(keras.callbacks.Callback):
    """$stop_adaptive"""

    def on_train_begin(self, logs=None):
        self.best, self.waited = np.inf, 0

    def on_epoch_end(self, epoch, logs=None):
        self.waited = self.waited + 1 if logs["loss"] > self.best - TOL else 0
        self.best = min(self.best, logs["loss"])
        if self.waited > PATIENCE:
            rate = float(self.model.optimizer.learning_rate)
            self.waited, self.model.stop_training = 0, rate <= 1e-6
            self.model.optimizer.learning_rate = rate / 5
'''
_STOP_EARLY = '''
class StopEarly(keras.callbacks.Callback):
    """$stop_early"""
$kept
    def on_train_begin(self, logs=None):
        self.best, self.waited = (-np.inf, -np.inf), 0

    def on_epoch_end(self, epoch, logs=None):
        score, loss = watch($watch)
        self.waited = self.waited + 1 if score < self.best[0] + TOL else 0
        if (score, -loss) > self.best:
            self.best, self.weights = (score, -loss), self.model.get_weights()
        if self.waited > PATIENCE:
            $then

    def on_train_end(self, logs=None):
        self.model.set_weights(self.weights)
'''
_STEP = '''
@tf.function(reduce_retracing=True)
def train_step($arguments):
    """$step"""
$attack    with tf.GradientTape() as tape:
        outputs = $network(x, training=True)
        loss = $loss
$steepness    gradients = tape.gradient(loss, $network.trainable_variables)
    optimizer.apply(gradients, $network.trainable_variables)
    return loss
'''
_OWN_STEP = '''
class Trained(keras.Model):
    """$own_step"""

    def __init__(self, network):
        super().__init__()
        self.network, self.mean_loss = network, keras.metrics.Mean(name="loss")

    def call(self, x, training=False):
        return self.network(x, training=training)

    def train_step(self, batch):
        x, y, w = keras.utils.unpack_x_y_sample_weight(batch)
$attack        with tf.GradientTape() as tape:
            outputs = self(x, training=True)
            loss = self.compute_loss(x, y, outputs, w)
$steepness        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        self.mean_loss.update_state(loss, sample_weight=tf.shape(x)[0])
        return {"loss": self.mean_loss.result()}
'''
_LOOP = """
$begin
for epoch in range(EPOCHS):
    total = 0.0
    for batch in batches($batches):
        total += float(train_step(*batch)) * len(batch[0])
    losses.append(total / len($rows))
    print(f"Epoch {epoch + 1}: loss {losses[-1]:.6f}")
${then}${finish}
"""
_EITHER = """
if TRAIN:
    $network.set_weights(carried_weights("initial"))
$train
else:
    $network.set_weights(carried_weights("trained"))
"""
_FUNCTION = '''
def learn($given):
    """$learn"""
$train
    return $losses
'''
_PATIENCE = """
# $stalled
waited = waited + 1 if losses[-1] > best - TOL else 0
best = min(best, losses[-1])
if waited > PATIENCE:
    break
"""
_PATIENCE_ADAPTIVE = """
# $stalled_adaptive
waited = waited + 1 if losses[-1] > best - TOL else 0
best = min(best, losses[-1])
if waited > PATIENCE:
    rate, waited = float(optimizer.learning_rate), 0
    if rate <= 1e-6:
        break
    optimizer.learning_rate = rate / 5
"""
_PATIENCE_EARLY = """
# $best_kept
score, loss = watch($watch)
waited = waited + 1 if score < best[0] + TOL else 0
if (score, -loss) > best:
    best, best_weights = (score, -loss), $network.get_weights()
if waited > PATIENCE:
    $stop
"""
_SLOWER = """rate, waited = float(optimizer.learning_rate), 0
    if rate <= 1e-6:
        break
    optimizer.learning_rate = rate / 5"""
_SLOWER_FIT = """rate = float(self.model.optimizer.learning_rate)
            self.waited, self.model.stop_training = 0, rate <= 1e-6
            self.model.optimizer.learning_rate = rate / 5"""
_KEPT = """
    def __init__(self, watched):
        super().__init__()
        self.watched = watched
"""
_FIT = """
$compile
$batches
$fit
losses = history.history["loss"]
"""


_FIT = """
$compile
$batches
$fit
losses = history.history["loss"]
"""


def training_code(plan: Plan, loop: Loop, language: str, names: Names = SCRIPT) -> str:
    """Write batches, and the loop over them.

    Parameters
    ----------
    plan : Plan
        Of a gradient solver.
    loop : {"fit", "tape"}
    language : {"en", "fr"}
    names : Names
        With parameters to learn, the loop is a function.
    """
    parts = [
        batches_code(plan, language, names),
        watch_code(plan, language, names) if plan.stops_early else "",
        *(_by_fit(plan, language, names) if loop == "fit" else _by_tape(plan, language, names)),
    ]
    return join(parts)


def batches_code(plan: Plan, language: str, names: Names = SCRIPT) -> str:
    """Write the order of the rows, and the batches."""
    batch = ", ".join(
        [
            f"{names.rows}[rows]",
            "targets_train[rows]" if plan.classes is not None else f"{names.rows}[rows]",
            *(["weights_train[rows]"] if plan.weighted else []),
        ]
    )
    shuffled = bool(plan.parameters.get("shuffle", True))
    order = f"order_of_rows({names.order})" if shuffled else f"np.arange(len({names.rows}))"
    parts = [
        fill("# $random", language) if plan.draws else "",
        fill(_ORDER, language, given=names.order, seed=names.seed) if shuffled else "",
        fill(_BATCHES, language, given=names.batches, batch=batch, order_code=order, size=names.size),
    ]
    return join(parts)


def either(train: str, language: str, names: Names = SCRIPT) -> str:
    """Write that a script trains, or takes the trained weights; or the function that trains."""
    text = indent(train, " " * 4)
    if names.learn:
        text, told, losses = text.rstrip("\n").partition("\n    losses = history")
        given = ", ".join(names.learn)
        return fill(_FUNCTION, language, given=given, train=text, losses=f"history{losses}" if told else "losses")
    return fill(_EITHER, language, network=names.network, train=text)


def watch_code(plan: Plan, language: str, names: Names = SCRIPT) -> str:
    """Write the score and the loss on the rows that are set aside."""
    scores = {
        "binary": "scores = np.all((outputs > 0.5) == (targets_watched > 0.5), axis=-1)",
        "multilabel": "scores = np.all((outputs > 0.5) == (targets_watched > 0.5), axis=-1)",
        "categorical": "scores = outputs.argmax(axis=-1) == targets_watched",
        "reconstruction": f"scores = -np.square(outputs - {names.watched}).mean(axis=-1)",
    }
    if plan.one_hot:
        scores["categorical"] = "scores = outputs.argmax(axis=-1) == targets_watched.argmax(axis=-1)"
    if plan.kind == "reconstruction":
        logistic = "BinaryCrossentropy" in str(loss_call(plan))
        name = "binary_crossentropy" if logistic else "mean_squared_error"
        losses = f"keras.losses.{name}({names.watched}, outputs)"
    else:
        sparse = "" if plan.one_hot else "sparse_"
        name = f"{sparse}categorical_crossentropy" if plan.kind == "categorical" else "binary_crossentropy"
        losses = f"keras.losses.{name}(targets_watched, outputs)"
    means = ("np.mean(scores)", "np.mean(losses)")
    if plan.weighted:
        means = ("np.average(scores, weights=weights_watched)", "np.average(losses, weights=weights_watched)")
    if plan.own_loss is not None:
        losses = "loss_function.call(targets_watched, outputs)"
    watched = names.watched if plan.attack is None else "attacked_watch()"
    text = fill(
        _WATCH,
        language,
        given=names.watch,
        network=names.network,
        score=scores[plan.kind],
        losses=losses,
        mean=", ".join(means),
        watched=watched,
    )
    lines = text.split("\n")
    if len(lines[-1]) > 88:
        lines[-1] = f"    return (\n        {means[0]},\n        {means[1]},\n    )"
    return "\n".join(lines)


def _by_fit(plan: Plan, language: str, names: Names) -> list[str]:
    parts, callbacks = [], []
    if plan.patient:
        adaptive = plan.schedule == "adaptive"
        if plan.stops_early:
            stop = f"StopEarly({names.watched if names.watch else ''})"
            parts.append(
                fill(
                    _STOP_EARLY,
                    language,
                    kept=_KEPT if names.watch else "",
                    watch="self.model, self.watched" if names.watch else "",
                    then=_SLOWER_FIT if adaptive else "self.model.stop_training = True",
                )
            )
        else:
            stop = "Slow()" if adaptive else "Stop()"
            parts.append(fill(_STOP_ADAPTIVE if adaptive else _STOP, language))
        callbacks.append(Keyword("callbacks", f"[{stop}]"))
    own = plan.attack is not None or bool(plan.gradient_penalty)
    if own:
        parts.append(_own_step(plan, language))
    trained = "trained" if own else names.network
    given = (Keyword("optimizer", names.optimizer), Keyword("loss", "loss_function"))
    # an attack's random numbers are others under XLA, which Keras may choose
    options = (Keyword("jit_compile", "False"),) if plan.attack is not None else ()
    compiled = str(Call(f"{trained}.compile(", (*given, *options)))
    if own:
        compiled = f"trained = Trained(model)\n{compiled}"
    run = Call(
        f"{trained}.fit(",
        ("every_batch", Keyword("steps_per_epoch", "STEPS"), Keyword("epochs", "EPOCHS"), *callbacks,
         Keyword("verbose", "2")),
    )  # fmt: skip
    batches = f"every_batch = (batch for epoch in range(EPOCHS) for batch in batches({names.called or names.batches}))"
    if len(batches) > WIDTH - 4:
        loops = f"for epoch in range(EPOCHS) for batch in batches({names.called or names.batches})"
        batches = f"every_batch = (\n    batch {loops}\n)"
    fit = dedent(lay_out(run, before="history = ", indent=4))
    train = fill(_FIT, language, compile=compiled, batches=batches, fit=fit)
    return [*parts, either(train, language, names)]


def _own_step(plan: Plan, language: str) -> str:
    attack = f"        {attacked_call(plan, 'self.optimizer.iterations')}\n" if plan.attack is not None else ""
    return fill(_OWN_STEP, language, attack=attack, steepness=_slope(plan, 12))


def _slope(plan: Plan, blanks: int) -> str:
    """Write the line that adds the penalty on slopes."""
    given = "x, y, w" if plan.weighted else "x, y"
    return f"{' ' * blanks}loss += GRADIENT_PENALTY * squared_slope({given})\n" if plan.gradient_penalty else ""


def _by_tape(plan: Plan, language: str, names: Names) -> list[str]:
    loss = f"loss_function(y, outputs{', sample_weight=w' if plan.weighted else ''})"
    if plan.kind == "multilabel" and plan.own_loss is None:
        loss = f"tf.reduce_mean({loss})"
    if plan.alpha or has_own_losses(plan.model):
        loss += f" + sum({names.network}.losses)"
    begin, then, finish = "losses = []", "", ""
    if plan.stops_early:
        begin = "losses, best, waited = [], (-np.inf, -np.inf), 0"
        finish = f"{names.network}.set_weights(best_weights)\n"
        stop = _SLOWER if plan.schedule == "adaptive" else "break"
        then = fill(_PATIENCE_EARLY, language, stop=stop, watch=names.watch, network=names.network)
    elif plan.patient:
        begin = "losses, best, waited = [], np.inf, 0"
        then = fill(_PATIENCE_ADAPTIVE if plan.schedule == "adaptive" else _PATIENCE, language)
    then = indent(then, " " * 4) + "\n" if then else ""
    step = fill(
        _STEP,
        language,
        arguments="x, y, w" if plan.weighted else "x, y",
        network=names.network,
        loss=loss,
        attack=f"    {attacked_call(plan, 'optimizer.iterations')}\n" if plan.attack is not None else "",
        steepness=_slope(plan, 8),
    )
    train = fill(
        _LOOP, language, begin=begin, batches=names.called or names.batches, rows=names.rows, then=then, finish=finish
    )
    if names.learn:
        return [either(f"optimizer = {names.optimizer}\n\n{step}\n\n{train}", language, names)]
    return [step, either(train.rstrip("\n"), language, names)]

"""The parts of a script that say what training minimises, and by which rule."""

from __future__ import annotations

from strates.engine.backend import keras
from strates.engine.keras_code.layout import Call, Keyword, lay_out, literal
from strates.engine.keras_code.objects import cannot_write, keras_call
from strates.engine.keras_code.plan import Plan
from strates.engine.keras_code.words import fill
from strates.engine.optimizers import has_own_schedule
from strates.engine.training_form import output_activation


def penalty_code(plan: Plan, language: str) -> str:
    """Write the penalty as a regularizer; nothing where there is none."""
    if not plan.alpha or plan.lbfgs:
        return ""
    if plan.l1:
        return fill(
            """
            # $penalty_l1
            penalty = keras.regularizers.L1L2(l1=ALPHA * L1_RATIO, l2=ALPHA * (1 - L1_RATIO) / 2)
            """,
            language,
        )
    return fill("# $penalty_l2\npenalty = keras.regularizers.L2(ALPHA / 2)", language)


def loss_call(plan: Plan) -> Call | None:
    """Return the call that makes the loss; None for the one of several labels, which is a function."""
    if plan.own_loss is not None:
        if not isinstance(plan.own_loss, keras.losses.Loss):
            raise cannot_write(plan.own_loss)
        return keras_call(plan.own_loss, without=("name", "reduction"))
    smoothing = Keyword("label_smoothing", literal(plan.smoothing))
    extra = (smoothing,) if plan.smoothing else ()
    if plan.kind == "reconstruction":
        logistic = output_activation(plan.model) == "sigmoid"
        return Call(f"keras.losses.{'BinaryCrossentropy' if logistic else 'MeanSquaredError'}(")
    if plan.kind == "binary":
        return Call("keras.losses.BinaryCrossentropy(", extra)
    if plan.kind == "categorical":
        return Call(f"keras.losses.{'CategoricalCrossentropy' if extra else 'SparseCategoricalCrossentropy'}(", extra)
    return None


def objective_code(plan: Plan, language: str) -> str:
    """Write the loss."""
    call = loss_call(plan)
    if call is not None:
        return lay_out(call, before="loss_function = ")
    named = Keyword("label_smoothing", literal(plan.smoothing))
    losses = Call(
        "keras.losses.binary_crossentropy(", ("targets", "probabilities", *([named] if plan.smoothing else []))
    )
    return fill(
        '''
        def loss_function(targets, probabilities):
            """$summed"""
        $losses
            return targets.shape[-1] * losses
        ''',
        language,
        losses=lay_out(losses, before="losses = ", indent=4),
    )


_INVSCALING = '''
class InverseScaling(keras.optimizers.schedules.LearningRateSchedule):
    """$schedule_invscaling"""

    def __call__(self, step):
        rows_seen = tf.cast(step, "int32") // STEPS * len(X_train)
        return LEARNING_RATE / (tf.cast(rows_seen, "float32") + 1.0) ** POWER_T
'''
_ONE_CYCLE = '''
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """$schedule_one_cycle"""

    def __call__(self, step):
        step, peak = tf.cast(step, "float32"), max(1.0, 0.3 * EPOCHS * STEPS)
        up = tf.clip_by_value(step / peak, 0.0, 1.0)
        down = (step - peak) / max(1.0, EPOCHS * STEPS - peak)
        down = tf.clip_by_value(down, 0.0, 1.0)
        low, end = LEARNING_RATE / 25, LEARNING_RATE / 250_000
        rising = low + (LEARNING_RATE - low) * (1 - tf.cos(np.pi * up)) / 2
        falling = end + (LEARNING_RATE - end) * (1 + tf.cos(np.pi * down)) / 2
        return tf.where(step < peak, rising, falling)
'''
_SCHEDULES = {"invscaling": (_INVSCALING, "InverseScaling()"), "one_cycle": (_ONE_CYCLE, "OneCycle()")}
_ORTHANT = '''
class OrthantWise($rule):
    """$orthant"""

    def update_step(self, gradient, variable, learning_rate):
        if "kernel" not in variable.name:
            super().update_step(gradient, variable, learning_rate)
            return
        before = tf.identity(variable)
        # $orthant_zero
        pull = tf.maximum(tf.abs(gradient) - ALPHA * L1_RATIO, 0.0) * tf.sign(gradient)
        gradient = tf.where(before == 0, pull, gradient)
        super().update_step(gradient, variable, learning_rate)
        # $orthant_cross
        side = tf.where(before == 0, -tf.sign(gradient), tf.sign(before))
        after = tf.identity(variable)
        variable.assign(tf.where(tf.sign(after) == side, after, tf.zeros_like(after)))
'''


def optimizer_call(plan: Plan) -> Call:
    """Return the call that makes the optimizer."""
    optimizer = plan.optimizer
    if has_own_schedule(optimizer):
        call = keras_call(optimizer)
    else:
        rate = _SCHEDULES[plan.schedule][1] if plan.schedule in _SCHEDULES else "LEARNING_RATE"
        rate = "learning_rate" if plan.schedule == "cosine" else rate
        rest = keras_call(optimizer, without=("learning_rate",))
        call = Call(rest.head, (Keyword("learning_rate", rate), *rest.arguments), rest.tail)
    return Call("OrthantWise(", call.arguments, call.tail) if plan.l1 else call


def learning_rate(plan: Plan) -> float | None:
    """Return the rate to begin with; None for an optimizer that has a schedule."""
    solver = plan.solver
    if isinstance(solver, keras.optimizers.Optimizer):
        if has_own_schedule(solver):
            return None
        rate: float = keras_rate(solver)
        return rate
    return float(plan.parameters.get("learning_rate_init", 1e-3))


def keras_rate(solver: keras.optimizers.Optimizer) -> float:
    """Return the learning rate of a Keras optimizer, 0.01 rather than the float32 nearest to it."""
    return float(str(solver.learning_rate.numpy()))


def optimizer_code(plan: Plan, language: str) -> str:
    """Write the rule by which weights change."""
    return join([*optimizer_rules(plan, language), lay_out(optimizer_call(plan), before="optimizer = ")])


def optimizer_rules(plan: Plan, language: str) -> list[str]:
    """Write what the rule needs: the learning rate's schedule, and exact zeros under an L1 penalty."""
    parts = []
    if learning_rate(plan) is not None:
        if plan.schedule in _SCHEDULES:
            parts.append(fill(_SCHEDULES[plan.schedule][0], language))
        if plan.schedule == "cosine":
            call = Call("keras.optimizers.schedules.CosineDecay(", ("LEARNING_RATE", "EPOCHS * STEPS"))
            parts.append(lay_out(call, before="learning_rate = "))
    if plan.l1:
        rule = keras_call(plan.optimizer).head[:-1]
        parts.append(fill(_ORTHANT, language, rule=rule, short=rule.rpartition(".")[2]))
    return parts


def has_own_losses(model: keras.Model) -> bool:
    """Whether a network's own layers add losses."""
    kinds = ("kernel_regularizer", "bias_regularizer", "activity_regularizer", "gamma_regularizer", "beta_regularizer")
    layers = model._flatten_layers(include_self=False, recursive=True)
    return any(getattr(layer, kind, None) is not None for layer in layers for kind in kinds)


def join(parts: list[str]) -> str:
    """Put blocks one after the other: two blank lines around definitions, one between statements."""
    text = ""
    for part in filter(None, parts):
        if text:
            defines = _defines(part.split("\n")[0]) or _defines(_last_block(text))
            text += "\n\n\n" if defines else "\n\n"
        text += part
    return text


def _defines(line: str) -> bool:
    return line.startswith(("class ", "def ", "@"))


def _last_block(text: str) -> str:
    """Return the last line of a text that is not indented."""
    return next(line for line in reversed(text.split("\n")) if line and not line[0].isspace() and line[0] not in ")]}")

"""The part of a script that attacks rows while it trains, or penalises the loss's slope by them."""

from __future__ import annotations

import math
from typing import Any

from strates.engine.keras_code.layout import Call, Keyword, lay_out, literal
from strates.engine.keras_code.objective import join
from strates.engine.keras_code.plan import Plan
from strates.engine.keras_code.words import fill

_ATTACKED = '''
@tf.function(reduce_retracing=True)
def attacked($arguments):
    """$attacked"""
    $begin
$climb
    return $end
'''
_SLOPE = """
with tf.GradientTape() as tape:
    tape.watch(moved)
    probabilities = model($rows, training=False)
$losses
slope = tape.gradient(losses, moved)
"""
_L2 = """
$room
# $steepest_l2
length = tf.norm(slope, axis=1, keepdims=True)
moved = moved + ATTACK_STEP * tf.math.divide_no_nan(slope, length)
$inside
# $project_l2
delta = moved - x
length = tf.norm(delta, axis=1, keepdims=True)
moved = x + delta * tf.minimum(1.0, tf.math.divide_no_nan(EPSILON, length))
"""
_L1 = """
# $steepest_l1
$room
order = tf.argsort(-tf.abs(slope), stable=True)
room = tf.gather(room, order, batch_dims=1)
step = ATTACK_STEP - tf.cumsum(room, axis=1, exclusive=True)
step = tf.clip_by_value(step, 0.0, room)
step = tf.gather(step, tf.argsort(order), batch_dims=1)
moved = moved + tf.sign(slope) * step
$inside
moved = x + nearest(moved - x)
"""
_ROOM_L2 = """
# $walls
room = tf.where(slope > 0, HIGH - moved, moved - LOW)
slope = tf.where(room > 0, slope, 0.0)
"""
_ROOM_L1 = """
room = tf.where(slope > 0, HIGH - moved, moved - LOW)
room = tf.where(slope == 0, 0.0, tf.minimum(room, ATTACK_STEP))
"""
_NEAREST = '''
def nearest(delta):
    """$project_l1"""
    size = tf.abs(delta)
    largest = tf.sort(size, axis=1, direction="DESCENDING")
    excess = tf.cumsum(largest, axis=1) - EPSILON
    excess /= tf.range(1.0, delta.shape[1] + 1)
    threshold = tf.maximum(tf.reduce_max(excess, axis=1, keepdims=True), 0.0)
    return tf.sign(delta) * tf.maximum(size - threshold, 0.0)
'''
_DRAW = '''
@tf.function($options)
def random_point(x, seed):
    """$random_point"""
$draw
'''
_STEEPNESS = '''
def squared_slope($arguments):
    """$squared_slope"""
    with tf.GradientTape() as tape:
        tape.watch(x)
        probabilities = model(x, training=False)
$losses
    slope = tape.gradient(losses, x)
    squares = tf.reduce_sum(tf.square(slope), axis=$axes)
    return tf.reduce_mean($weighed)
'''
_ATTACKED_WATCH = '''
def attacked_watch():
    """$attacked_watch"""
    blocks = []
    for first in range(0, len(X_watched), 1024):
        rows = slice(first, first + 1024)
        blocks.append(attacked($arguments))
    return np.concatenate(blocks)
'''


def attack_code(plan: Plan, language: str) -> str:
    """Write the functions that a training step begins with, and its penalty on slopes; nothing where there are none."""
    parts: list[str] = []
    if plan.attack is not None:
        parts += _attack(plan, language)
    if plan.gradient_penalty:
        parts.append(_steepness(plan, language))
    return join(parts)


def attack_settings(plan: Plan) -> list[tuple[str, Any, str]]:
    """Return the constants of an attack and of a penalty on slopes: name, value, comment."""
    found: list[tuple[str, Any, str]] = []
    attack = plan.attack
    if attack is not None:
        found += [("EPSILON", attack.epsilon, "epsilon"), ("ATTACK_STEP", attack.step, "attack_step")]
        if attack.n_steps > 1:
            found.append(("ATTACK_STEPS", attack.n_steps, ""))
        if plan.bounds is not None:
            found += [(name, float(str(end)), "bounds") for name, end in zip(("LOW", "HIGH"), plan.bounds, strict=True)]
        if attack.random_start:
            found.append(("ATTACK_SEED", plan.attack_seed, "attack_seed"))
    if plan.gradient_penalty:
        found.append(("GRADIENT_PENALTY", plan.gradient_penalty, "gradient_penalty"))
    return found


def attack_arrays(plan: Plan, language: str) -> str:
    """Write the bounds that are a number for each column: they are carried."""
    if plan.attack is None or plan.bounds is not None or not plan.bounded:
        return ""
    return fill('# $bounds\nLOW, HIGH = CARRIED["low"], CARRIED["high"]', language)


def attacked_call(plan: Plan, step: str) -> str:
    """Write the call that attacks a batch at a step."""
    seed = f", attack_seed({step})" if plan.attack is not None and plan.attack.random_start else ""
    return f"x = attacked(x, y{seed})"


def _attack(plan: Plan, language: str) -> list[str]:
    attack = plan.attack
    if attack is None:
        return []
    flat = attack.norm != "linf" and len(attack.low.shape) > 1  # rows of pixels, for norms of rows
    parts = [attack_arrays(plan, language)]
    if attack.norm == "l1":
        parts.append(fill(_NEAREST, language))
    if attack.random_start:
        parts.append(_random_start(plan, language))
    rows = f"tf.reshape(moved, (-1, {', '.join(map(str, attack.low.shape))}))" if flat else "moved"
    losses = lay_out(_cross_entropy(plan, "probabilities", smoothed=False), before="losses = ", indent=4)
    step = fill(_SLOPE, language, rows=rows, losses=losses)
    if attack.norm == "linf":
        step += "\n" + _linf(plan)
    else:
        room = {"l2": _ROOM_L2 if plan.bounded else "", "l1": _ROOM_L1}[attack.norm]
        if attack.norm == "l1" and not plan.bounded:
            room = "room = tf.where(slope == 0, 0.0, ATTACK_STEP * tf.ones_like(slope))"
        inside = "moved = tf.clip_by_value(moved, LOW, HIGH)" if plan.bounded else ""
        template = {"l2": _L2, "l1": _L1}[attack.norm]
        filled = fill(template, language, room=fill(room, language), inside=inside)
        step += "\n" + "\n".join(line for line in filled.split("\n") if line)
    climb = _indented(step, 4 if attack.n_steps == 1 else 8)
    if attack.n_steps > 1:
        climb = "    for _ in tf.range(ATTACK_STEPS):\n" + climb
    parts.append(
        fill(
            _ATTACKED,
            language,
            arguments="x, y, seed" if attack.random_start else "x, y",
            begin="\n    ".join(_begin(plan, flat=flat)),
            climb=climb,
            end=_end(plan, flat=flat),
        )
    )
    if plan.stops_early:
        seed = ", (first, -1)" if attack.random_start else ""
        parts.append(fill(_ATTACKED_WATCH, language, arguments=f"X_watched[rows], targets_watched[rows]{seed}"))
    return parts


def _linf(plan: Plan) -> str:
    inside = "tf.clip_by_value(moved + ATTACK_STEP * tf.sign(slope), LOW, HIGH)"
    first = f"moved = {inside}" if plan.bounded else "moved = moved + ATTACK_STEP * tf.sign(slope)"
    return f"{first}\nmoved = x + tf.clip_by_value(moved - x, -EPSILON, EPSILON)"


def _begin(plan: Plan, *, flat: bool) -> list[str]:
    lines = ["shape = tf.shape(x)", f"x = tf.reshape(x, (-1, {math.prod(_shape(plan))}))"] if flat else []
    if plan.attack is None or not plan.attack.random_start:
        return [*lines, "moved = x"]
    lines.append("moved = x + EPSILON * random_point(x, seed)")
    return [*lines, "moved = tf.clip_by_value(moved, LOW, HIGH)"] if plan.bounded else lines


def _end(plan: Plan, *, flat: bool) -> str:
    end = "tf.clip_by_value(moved, LOW, HIGH)" if plan.bounded else "moved"
    return f"tf.reshape({end}, shape)" if flat else end


def _shape(plan: Plan) -> tuple[int, ...]:
    return () if plan.attack is None else tuple(plan.attack.low.shape)


def _random_start(plan: Plan, language: str) -> str:
    attack, xla = plan.attack, plan.padded_rows > 0
    if attack is None:
        return ""
    width = math.prod(_shape(plan))
    # threefry draws other numbers for another number of rows: as many as strates draws, of which the first serve
    rows = str(plan.padded_rows) if xla else "tf.shape(x)[0]"
    how = Keyword("alg", '"threefry"' if xla else '"philox"')
    draw = _drawn(attack.norm, rows, _shape(plan), width, how)
    draw = draw.replace("    return ", "    points = ") + "\n    return points[: tf.shape(x)[0]]" if xla else draw
    options = "jit_compile=True" if xla else "reduce_retracing=True"
    seeds = fill(
        '''
        def attack_seed(step):
            """$attack_seeds"""
            return tf.stack([ATTACK_SEED, -1 - tf.cast(step, "int32")])
        ''',
        language,
    )
    return seeds + "\n\n\n" + fill(_DRAW, language, options=options, draw=draw)


def _drawn(norm: str, rows: str, shape: tuple[int, ...], width: int, how: Keyword) -> str:
    """Write the draw of points in a ball: see :func:`strates.engine.perturbation.random_point`."""

    def line(name: str, kind: str, size: str, seed: str, *more: Any) -> str:
        sizes = f"({rows}, {size})" if size else ""
        call = Call(f"tf.random.{kind}(", tuple(filter(None, (sizes, seed, *more, how))))
        return lay_out(call, before=f"{name} ", indent=4)

    if norm == "linf":
        return line("return", "stateless_uniform", ", ".join(map(str, shape)), "seed", "-1.0", "1.0")
    split = line("seeds =", "experimental.stateless_split", "", "seed", "2")
    if norm == "l2":
        return "\n".join(
            [
                split,
                line("directions =", "stateless_normal", str(width), "seeds[0]"),
                "    directions /= tf.norm(directions, axis=1, keepdims=True)",
                line("radii =", "stateless_uniform", "1", "seeds[1]"),
                "    return directions * radii ** (1 / x.shape[1])",
            ]
        )
    return "\n".join(
        [
            split,
            line("sizes =", "stateless_uniform", str(width + 1), "seeds[0]"),
            line("signs =", "stateless_uniform", str(width), "seeds[1]", "-1.0", "1.0"),
            "    signs, sizes = tf.sign(signs), -tf.math.log1p(-sizes)",
            "    return signs * sizes[:, 1:] / tf.reduce_sum(sizes, axis=1, keepdims=True)",
        ]
    )


def _steepness(plan: Plan, language: str) -> str:
    axes = tuple(range(1, len(plan.model.input_shape)))
    return fill(
        _STEEPNESS,
        language,
        arguments="x, y, w" if plan.weighted else "x, y",
        losses=lay_out(_row_losses(plan), before="losses = ", indent=8),
        axes=literal(axes if len(axes) > 1 else 1),
        weighed="squares * w" if plan.weighted else "squares",
    )


def _row_losses(plan: Plan) -> Call:
    """Write what training minimises, a number a row."""
    if plan.own_loss is not None:
        return Call("loss_function.call(", ("y", "probabilities"))
    if plan.kind == "multilabel":
        return Call("loss_function(", ("y", "probabilities"))
    return _cross_entropy(plan, "probabilities", smoothed=True)


def _cross_entropy(plan: Plan, outputs: str, *, smoothed: bool) -> Call:
    sparse = "" if plan.one_hot else "sparse_"
    name = f"{sparse}categorical_crossentropy" if plan.kind == "categorical" else "binary_crossentropy"
    given: tuple[Any, ...] = ("y", outputs)
    if smoothed and plan.smoothing:
        given = (*given, Keyword("label_smoothing", literal(plan.smoothing)))
    return Call(f"keras.losses.{name}(", given)


def _indented(text: str, blanks: int) -> str:
    return "\n".join(" " * blanks + line if line else line for line in text.split("\n"))

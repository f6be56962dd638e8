"""The compiled update: many training steps in one call, shared by every fit of one architecture.

What varies between fits is an input of the function: weights, optimizer state, batches, learning rates,
penalties, dropout rates, seeds. What shapes the graph is the key under which the function is kept.

Small networks keep all their weights in one vector, so that an optimizer spends ten operations a step and
not ten a layer; it is cut into matrices for the forward pass.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any

import numpy as np

from strates._types import AnyArray
from strates.engine.adversarial_training import (
    AdversarialTraining,
    AttackForm,
    attacked_rows,
    row_gains,
    squared_slopes,
)
from strates.engine.architecture import Architecture, ProblemKind
from strates.engine.backend import keras, tf
from strates.engine.compiler import Compiler, is_dense
from strates.engine.losses import compared_with, row_hits
from strates.engine.optimizers import Solver, has_own_schedule, is_elementwise
from strates.engine.own_loss import row_losses_of
from strates.engine.step_data import Chunk, Penalties, State, StepRecord
from strates.engine.tied_weights import TiedWeights
from strates.engine.traced import Traced
from strates.engine.training_form import mode, training_form
from strates.exceptions import ParameterError

#: Above this many weights, cutting one vector into matrices costs more than it saves.
PACKED_PARAMETERS = 50_000
#: Bytes of one chunk of batches, at most; of a large network more, whose weights cross the call's border each time.
CHUNK_BYTES = 2_000_000
CHUNK_BYTES_LARGE = 16_000_000
#: Rows of one call when validation data are evaluated.
EVALUATION_ROWS = 8192
#: The same where they are attacked first, which holds every layer's outputs at once.
ATTACKED_ROWS = 1024
#: Steps of one chunk, at most: what may have to be run again when training stops in its middle.
CHUNK_STEPS = 256


class TrainingProgram:
    """The compiled training steps of one architecture, optimizer and batch shape.

    Use :func:`training_program`, which keeps and shares them.
    """

    def __init__(
        self,
        architecture: Architecture,
        kind: ProblemKind,
        optimizer: keras.optimizers.Optimizer,
        compiler: Compiler,
        chunk_shape: tuple[int, int],
        *,
        sparse: bool,
        max_norm: bool,
        smoothing: bool = True,
        attack: AttackForm | None = None,
        gradient_penalty: bool = False,
    ) -> None:
        self.architecture = architecture  # kept alive: the key of an unshared network is its address
        self.kind = kind
        self._row_losses = row_losses_of(getattr(architecture, "loss", None))
        self.compiler = compiler
        self.chunk_steps, self.batch_size = chunk_shape
        self.traces = 0
        self._sparse = sparse
        self._max_norm = max_norm
        self._smoothing = smoothing
        self._attack = attack
        self._gradient_penalty = gradient_penalty
        form = training_form(architecture.build_for_training())
        self.model, self._inputs, self._logits = form.model, form.inputs, form.logits
        self._inputs.generator = "threefry" if compiler == "xla" else "philox"
        # a short batch: of a dense network the padding has weight zero and is masked from batch statistics, and all
        # shapes are fixed; of any other network it is cut off
        self._cuts = not is_dense(self.model)
        self._masked = not self._cuts and any(
            isinstance(layer, keras.layers.BatchNormalization)
            for layer in self.model._flatten_layers(include_self=False, recursive=True)
        )
        self._tied = TiedWeights.of(architecture)
        self._trainable = self._tied.free(self.model.trainable_variables)
        self._others = list(self.model.non_trainable_variables)
        self._shapes = [tuple(v.shape) for v in self._trainable]
        self._sizes = [int(np.prod(s)) for s in self._shapes]
        self._kernels = [is_kernel(v) for v in self._trainable]
        self.packed = (
            sum(self._sizes) <= PACKED_PARAMETERS
            and is_elementwise(optimizer)
            and not any(getattr(v, "constraint", None) for v in self._trainable)
        )
        if self.packed:
            self._blocks = [keras.Variable(np.zeros(sum(self._sizes), np.float32), name="weights")]
            mask = [np.full(n, float(k), np.float32) for n, k in zip(self._sizes, self._kernels, strict=True)]
            self._masks: list[Any] = [np.concatenate(mask) if mask else np.zeros(0, np.float32)]
        else:
            self._blocks = self._trainable
            self._masks = [float(k) for k in self._kernels]
        self._optimizer = optimizer
        optimizer.build(self._blocks)
        self._sets_rate = not has_own_schedule(optimizer)
        self._fresh_optimizer = [v.numpy() for v in optimizer.variables]
        self._lock = threading.Lock()
        # traced at the first call, anew for images in bytes after such in floats
        self._functions: dict[Any, Traced] = {}
        self._evaluations: dict[Any, Traced] = {}

    # -- states ---------------------------------------------------------------------------------------

    def start(self, weights: Sequence[AnyArray], seed: int, optimizer: Sequence[AnyArray] | None = None) -> State:
        """Return the state that starts from given weights (in the order of ``model.weights``)."""
        given = {id(v): w for v, w in zip(self.model.weights, weights, strict=True)}
        arrays = [np.asarray(given[id(v)], np.float32) for v in self._trainable]
        if self.packed:
            arrays = [np.concatenate([a.ravel() for a in arrays])]
        others = []
        for i, variable in enumerate(self._others):
            if id(variable) in given:
                others.append(given[id(variable)])
            else:  # a seed generator of Keras: its state is two unsigned integers
                others.append(np.array([seed, i], dtype=variable.dtype))
        state = self._fresh_optimizer if optimizer is None else optimizer
        return State(_tensors(arrays), _tensors(others), _tensors(state))

    def start_others(self, arrays: Sequence[AnyArray]) -> tuple[Any, ...]:
        """Return tensors for the part of a state that is not trained."""
        return _tensors(arrays)

    def finished(self, state: State) -> State:
        """Return the state that training ends with: an optimizer with ``use_ema`` puts its averages in place."""
        if not self._optimizer.use_ema:
            return state
        with self._lock:
            variables = [*self._blocks, *self._optimizer.variables]
            for variable, value in zip(variables, (*state.parameters, *state.optimizer), strict=True):
                variable.assign(value)
            self._optimizer.finalize_variable_values(self._blocks)
            return state._replace(parameters=_tensors([v.numpy() for v in self._blocks]))

    def weights(self, state: State) -> list[AnyArray]:
        """Return a state's weights as arrays, in the order of ``model.weights``."""
        arrays = [np.array(t) for t in state.parameters]
        if self.packed:
            cuts = np.cumsum(self._sizes)[:-1]
            parts = np.split(arrays[0], cuts)
            arrays = [p.reshape(s) for p, s in zip(parts, self._shapes, strict=True)]
        whole = self._tied.whole(arrays, lambda a: np.ascontiguousarray(a.T))
        found = {id(v): a for v, a in zip(self.model.trainable_variables, whole, strict=True)}
        found |= {id(v): np.array(t) for v, t in zip(self._others, state.others, strict=True)}
        return [found[id(v)] for v in self.model.weights]

    # -- the call -------------------------------------------------------------------------------------

    def run(
        self, state: State, chunk: Chunk, n_steps: int, rates: AnyArray, penalties: Penalties, seed: int, first: int
    ) -> tuple[State, StepRecord]:
        """Run the first ``n_steps`` steps of a chunk.

        Parameters
        ----------
        state : State
        chunk : Chunk
        n_steps : int
        rates : ndarray of shape (chunk_steps,)
            Learning rate of each step.
        penalties : Penalties
        seed : int
            Of the masks and the noise.
        first : int
            Number of the first step since training began; with ``seed`` it decides the masks.

        Returns
        -------
        state : State
        record : StepRecord
        """
        p = penalties
        hyper = np.array([p.l1, p.l2, p.max_norm or 0.0, p.label_smoothing, p.gradient_penalty], np.float32)
        noise = np.asarray(penalties.noise_levels or (0.0,), np.float32)
        counters = np.array([n_steps, seed & 0x7FFFFFFF, first], np.int32)
        arrays = (
            chunk.X,
            chunk.targets,
            chunk.weights,
            chunk.counts,
            rates.astype(np.float32),
            hyper,
            noise,
            counters,
            *([] if p.adversarial is None else p.adversarial.inputs),
        )
        inputs = (*state.parameters, *state.others, *state.optimizer, *_tensors(arrays))
        with self._lock:  # the function works on variables of its own: one call at a time
            function = self._functions.get(chunk.X.dtype)
            if function is None:
                function = self._functions[chunk.X.dtype] = Traced(self._run, inputs, xla=self.compiler == "xla")
            *values, record = function(*inputs)
        numbers = record.numpy()[:n_steps]
        a, b = len(self._blocks), len(self._blocks) + len(self._others)
        after = State(tuple(values[:a]), tuple(values[a:b]), tuple(values[b:]))
        return after, StepRecord(numbers[:, 0], numbers[:, 1], numbers[:, 2])

    def _run(self, *inputs: Any) -> Any:
        self.traces += 1
        variables = [v.value for v in (*self._blocks, *self._others, *self._optimizer.variables)]
        X, targets, weights, counts, rates, hyper, noise, counters, *attack = inputs[len(variables) :]
        for variable, value in zip(variables, inputs[: len(variables)], strict=True):
            variable.assign(value)
        self._inputs.levels, self._inputs.seed = noise, counters[1]

        def body(i: Any, record: Any) -> Any:
            x, y, w, count, rate = (tf.gather(a, i) for a in (X, targets, weights, counts, rates))
            if self._cuts:
                x, y, w = x[:count], y[:count], w[:count]
            self._inputs.step = counters[2] + i
            if self._gradient_penalty:
                x = tf.cast(x, "float32")
            if self._attack is not None:
                values = self._values([v.value.read_value() for v in self._blocks])
                others = [v.value.read_value() for v in self._others]
                # counters below zero, which no layer's masks have
                seed = tf.stack([counters[1], -1 - self._inputs.step])
                x = self._attacked(values, others, x, y, attack, seed, self._inputs.generator)
            numbers = self._step(x, y, w, count, rate, hyper)
            return i + 1, tf.tensor_scatter_nd_update(record, tf.reshape(i, [1, 1]), numbers[None])

        record = tf.zeros((self.chunk_steps, 3))
        _, record = tf.while_loop(lambda i, _: i < counters[0], body, (tf.constant(0), record))
        return (*[v.read_value() for v in variables], record)

    def evaluate(
        self,
        state: State,
        X: AnyArray,
        targets: AnyArray,
        weights: AnyArray,
        adversarial: AdversarialTraining | None = None,
    ) -> tuple[float, float]:
        """Return the weighted means of the rows' losses and hits: cross-entropy, and the share predicted right.

        Parameters
        ----------
        state : State
        X : ndarray of shape (n_rows, ...)
        targets : ndarray
        weights : ndarray of shape (n_rows,)
        adversarial : AdversarialTraining, optional
            The one that is trained with: the rows are attacked first, each from the same start at every evaluation.

        Returns
        -------
        loss : float
        score : float
        """
        sums = np.zeros(2)
        size = EVALUATION_ROWS if adversarial is None else ATTACKED_ROWS
        for first in range(0, len(X), size):
            rows = slice(first, first + size)
            attack = [] if adversarial is None else [np.array([first, -1], np.int32), *adversarial.inputs]
            inputs = (
                *_tensors([X[rows], targets[rows], weights[rows]]), *state.parameters, *state.others, *_tensors(attack),
            )  # fmt: skip
            evaluation = self._evaluations.get(X.dtype)
            if evaluation is None:
                specs = [tf.TensorSpec((None, *t.shape[1:]), t.dtype) for t in inputs[:3]]
                specs += inputs[3:]
                evaluation = self._evaluations[X.dtype] = Traced(self._evaluate, specs)
            sums += evaluation(*inputs)[0].numpy()
        loss, score = sums / weights.sum(dtype=np.float64)
        return float(loss), float(score)

    def _evaluate(self, X: Any, targets: Any, weights: Any, *state: Any) -> Any:
        n, m = len(self._blocks), len(self._blocks) + len(self._others)
        values, others = self._values(list(state[:n])), list(state[n:m])
        if self._attack is not None:
            seed, *attack = state[m:]
            X = self._attacked(values, others, X, targets, attack, seed, "philox")
        still = mode(self.model, training=False)
        outputs, _ = self.model.stateless_call(values, others, X, **still)
        targets = compared_with(self.kind, X, targets)
        losses = self._row_losses(self.kind, outputs, targets, None, logits=self._logits)
        hits = row_hits(self.kind, outputs, targets, logits=self._logits)
        return tf.stack([tf.reduce_sum(losses * weights), tf.reduce_sum(hits * weights)])

    def _step(self, x: Any, y: Any, w: Any, count: Any, rate: Any, hyper: Any) -> Any:
        l1, l2, max_norm, smoothing, steepness = tf.unstack(hyper)
        smoothing = smoothing if self._smoothing else None
        blocks = [v.value.read_value() for v in self._blocks]
        before = [v.value.read_value() for v in self._others]
        n_rows = tf.cast(count, "float32")
        y = compared_with(self.kind, x, y)
        options = {"mask": tf.range(self.batch_size) < count} if self._masked else {}
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(blocks)
            values = self._values(blocks)
            outputs, others, extras = self.model.stateless_call(
                values, before, x, return_losses=True, **mode(self.model, training=True), **options
            )
            losses = self._row_losses(self.kind, outputs, y, smoothing, logits=self._logits)
            total = tf.reduce_sum(losses * w)
            if self._gradient_penalty:
                of = partial(self._row_losses, self.kind, targets=y, smoothing=smoothing, logits=self._logits)
                squared = squared_slopes(x, self._slopes(values, before, of))
                extras = [*extras, steepness * tf.reduce_sum(squared * w) / n_rows]
            loss = tf.add_n([total / n_rows, *extras]) if extras else total / n_rows
        for variable, value in zip(self._others, others, strict=True):
            variable.value.assign(value)
        penalty, gradients = self._penalized(blocks, tape.gradient(loss, blocks), l1, l2)
        if extras:
            penalty += tf.add_n(extras)
        if self._sets_rate:
            self._optimizer.learning_rate = rate
        self._optimizer.apply(gradients, self._blocks)
        if self._sparse:
            self._keep_orthant(blocks, gradients, l1)
        if self._max_norm:
            self._shorten(max_norm)
        hits = row_hits(self.kind, outputs, y, logits=self._logits) * w
        return tf.stack([total, penalty, tf.reduce_sum(hits)])

    def _slopes(self, values: list[Any], others: list[Any], of: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return the derivative by each row of something that is made of its output by the network as it predicts."""

        def slopes(rows: Any) -> Any:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(rows)
                outputs, _ = self.model.stateless_call(values, others, rows, **mode(self.model, training=False))
                made = of(outputs)
            found = tape.gradient(made, rows)
            if found is None:
                raise ParameterError(
                    "The network has no derivative by its inputs (an Embedding takes whole numbers), which adversarial "
                    "and gradient_penalty need. Leave them out: adversarial=None, gradient_penalty=0."
                )
            return found

        return slopes

    def _attacked(
        self, values: list[Any], others: list[Any], x: Any, y: Any, attack: Sequence[Any], seed: Any, generator: str
    ) -> Any:
        if self._attack is None:
            return x
        gains = self._slopes(values, others, partial(row_gains, self.kind, targets=y, logits=self._logits))
        return attacked_rows(self._attack, attack, tf.cast(x, "float32"), gains, seed, generator)

    def _values(self, blocks: list[Any]) -> list[Any]:
        """Return what the model's trainable weights are, tied ones among them."""
        return self._tied.whole(self._cut(blocks), tf.transpose)

    def _cut(self, blocks: list[Any]) -> list[Any]:
        if not self.packed:
            return blocks
        parts = tf.split(blocks[0], self._sizes)
        return [tf.reshape(p, s) for p, s in zip(parts, self._shapes, strict=True)]

    def _penalized(self, blocks: list[Any], gradients: list[Any], l1: Any, l2: Any) -> tuple[Any, list[Any]]:
        """Add the penalty's gradient; where a weight is zero, the L1 term's subgradient of least norm."""
        penalty, penalized = tf.zeros(()), []
        for w, g, mask in zip(blocks, gradients, self._masks, strict=True):
            if isinstance(mask, float) and mask == 0:
                penalized.append(g)
                continue
            pull = l2 * mask * w
            g += pull
            penalty += tf.reduce_sum(pull * w) / 2
            if self._sparse:
                bound = l1 * mask
                at_zero = tf.sign(g) * tf.maximum(tf.abs(g) - bound, 0.0)
                g = tf.where(tf.equal(w, 0.0), at_zero, g + bound * tf.sign(w))
                penalty += tf.reduce_sum(bound * tf.abs(w))
            penalized.append(g)
        return penalty, penalized

    def _keep_orthant(self, before: list[Any], gradients: list[Any], bound: Any) -> None:
        """Set to exactly zero the penalised weights that a step carried through zero.

        For plain gradient descent this is the lasso's soft threshold. A threshold on the step of an adaptive
        optimizer would have another fixed point than the objective's minimum; the orthant-wise rule of
        Andrew & Gao (2007) has the right one for every optimizer.
        """
        for variable, old, g, mask in zip(self._blocks, before, gradients, self._masks, strict=True):
            new = variable.value.read_value()
            orthant = tf.where(tf.equal(old, 0.0), -tf.sign(g), tf.sign(old))
            crossed = tf.logical_and(bound * mask * tf.ones_like(new) > 0, tf.not_equal(tf.sign(new), orthant))
            variable.value.assign(tf.where(crossed, tf.zeros_like(new), new))

    def _shorten(self, max_norm: Any) -> None:
        """Scale each unit's incoming weights to a norm of at most ``max_norm``."""
        values = self._cut([v.value.read_value() for v in self._blocks])
        short = []
        for w, kernel in zip(values, self._kernels, strict=True):
            if not kernel:
                short.append(w)
                continue
            norm = tf.sqrt(tf.reduce_sum(tf.square(w), axis=list(range(len(w.shape) - 1)), keepdims=True))
            short.append(w * tf.minimum(1.0, max_norm / tf.maximum(norm, 1e-12)))
        if self.packed:
            short = [tf.concat([tf.reshape(w, [-1]) for w in short], 0)]
        for variable, value in zip(self._blocks, short, strict=True):
            variable.value.assign(value)


def is_kernel(variable: keras.Variable) -> bool:
    """Whether a variable is a matrix of weights, which penalties act on; biases and normalisations are free."""
    return len(variable.shape) >= 2 and "kernel" in variable.name


def _tensors(arrays: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(tf.convert_to_tensor(a) for a in arrays)


def chunk_steps(batch_size: int, row_bytes: int, n_parameters: int = 0) -> int:
    """Return how many batches a chunk holds: at most 256, and at most about 2 MB (16 MB for a large network).

    Examples
    --------
    >>> chunk_steps(200, 16), chunk_steps(128, 4 * 784)
    (256, 4)
    """
    most = CHUNK_BYTES if n_parameters <= PACKED_PARAMETERS else CHUNK_BYTES_LARGE
    return int(np.clip(most // max(1, batch_size * row_bytes), 1, CHUNK_STEPS))


_PROGRAMS: OrderedDict[Hashable, TrainingProgram] = OrderedDict()
_PROGRAMS_KEPT = 32
_PROGRAMS_LOCK = threading.Lock()


def training_program(
    architecture: Architecture,
    kind: ProblemKind,
    solver: Solver,
    compiler: Compiler,
    chunk_shape: tuple[int, int],
    *,
    sparse: bool,
    max_norm: bool,
    smoothing: bool = True,
    attack: AttackForm | None = None,
    gradient_penalty: bool = False,
) -> TrainingProgram:
    """Return the shared program for an architecture, making it on first use; the last 32 are kept."""
    flags: dict[str, Any] = {
        "sparse": sparse, "max_norm": max_norm, "smoothing": smoothing,
        "attack": attack, "gradient_penalty": gradient_penalty,
    }  # fmt: skip
    key = (architecture.key, kind, solver.key, compiler, chunk_shape, *flags.values())
    with _PROGRAMS_LOCK:
        program = _PROGRAMS.pop(key, None)
        if program is None:
            program = TrainingProgram(architecture, kind, solver.build(), compiler, chunk_shape, **flags)
        _PROGRAMS[key] = program
        while len(_PROGRAMS) > _PROGRAMS_KEPT:
            _PROGRAMS.popitem(last=False)
    return program


def count_traces() -> int:
    """Return how often training functions have been traced in this process, for those still kept."""
    return sum(program.traces for program in _PROGRAMS.values())


def clear_programs() -> None:
    """Forget every compiled training function, and free its memory."""
    with _PROGRAMS_LOCK:
        _PROGRAMS.clear()

"""The part of a script that trains by L-BFGS: SciPy drives, a GradientTape differentiates."""

from __future__ import annotations

from strates.engine.keras_code.layout import Call, Keyword, lay_out
from strates.engine.keras_code.names import SCRIPT, Names
from strates.engine.keras_code.objective import has_own_losses, join
from strates.engine.keras_code.plan import Loop, Plan
from strates.engine.keras_code.training import either
from strates.engine.keras_code.words import fill

_VECTOR = '''
# $lbfgs
variables = $network.trainable_variables
sizes = [int(np.prod(variable.shape)) for variable in variables]


def set_vector(vector):
    """$set_vector"""
    parts = np.split(vector, np.cumsum(sizes)[:-1])
    for variable, part in zip(variables, parts, strict=True):
        variable.assign(part.reshape(variable.shape))
'''
_GRADIENT = '''
@tf.function
def loss_and_gradient():
    """$loss_and_gradient"""
    with tf.GradientTape() as tape:
        $loss
    return loss, tape.gradient(loss, variables)
'''
_KERNELS = """
kernels = ["kernel" in variable.name for variable in variables]
penalised = np.repeat(kernels, sizes)
"""
_FREE = '''
def objective(vector):
    """$loss_and_gradient"""
    set_vector(vector)
    loss, gradients = loss_and_gradient()
    gradient = np.concatenate([g.numpy().ravel() for g in gradients])
    return float(loss), gradient
'''
_L2 = '''
def objective(vector):
    """$goal"""
    set_vector(vector)
    loss, gradients = loss_and_gradient()
    gradient = np.concatenate([g.numpy().ravel() for g in gradients])
    weights = np.where(penalised, vector, 0.0)
    return float(loss) + ALPHA / 2 * weights @ weights, gradient + ALPHA * weights
'''
_L1 = '''
# $halves
n = sum(sizes)
halved = np.zeros(penalised.sum())
lowest = np.concatenate([np.where(penalised, 0.0, -np.inf), halved])
L1, L2 = ALPHA * L1_RATIO, ALPHA * (1 - L1_RATIO)


def joined(halves):
    """$joined"""
    vector = halves[:n].copy()
    vector[penalised] -= halves[n:]
    return vector


def objective(halves):
    """$goal"""
    vector = joined(halves)
    set_vector(vector)
    loss, gradients = loss_and_gradient()
    gradient = np.concatenate([g.numpy().ravel() for g in gradients])
    weights = np.where(penalised, vector, 0.0)
    gradient += L2 * weights
    both = np.concatenate([gradient, L1 - gradient[penalised]])
    both[:n][penalised] += L1
    size = halves[:n][penalised].sum() + halves[n:].sum()
    return float(loss) + L2 / 2 * weights @ weights + L1 * size, both
'''
_RECORD = '''
losses = []


def record(intermediate_result):
    """$recorded"""
    losses.append($value)
'''
_EXCESS = """
halves = intermediate_result.x
    size = halves[:n][penalised].sum() + halves[n:].sum()
    excess = size - np.abs(joined(halves)[penalised]).sum()
    losses.append(intermediate_result.fun - L1 * excess)
""".strip()
_RUN = """
start = np.concatenate([variable.numpy().ravel() for variable in variables])
${halve}found = minimize(
    objective,
    $begin,
    jac=True,
    method="L-BFGS-B",
$bounds    callback=record,
    options={
        "maxiter": EPOCHS,
        "maxfun": MAX_FUN,
        "gtol": TOL,
        "ftol": $ftol,
        "maxls": 50,
    },
)
set_vector($end)
print(f"{found.nit} iterations, objective {found.fun:.6f}: {found.message}")
"""
_HALVE = """below, above = np.maximum(-start[penalised], 0), start.copy()
above[penalised] = np.maximum(start[penalised], 0)
"""


def lbfgs_code(plan: Plan, loop: Loop, language: str, *, ftol: float, names: Names = SCRIPT) -> str:
    """Write the minimisation over all rows at once.

    Parameters
    ----------
    plan : Plan
    loop : {"fit", "tape"}
        The same for both: Keras has no L-BFGS.
    language : {"en", "fr"}
    ftol : float
        SciPy's tolerance on the relative decrease.
    names : Names
        With parameters to learn, all of it is a function.
    """
    targets = "targets_train" if plan.classes is not None else names.rows
    given = [targets, f"{names.network}({names.rows}, training=True)"]
    called = Call("loss_function(", (*given, *([Keyword("sample_weight", "weights_train")] if plan.weighted else [])))
    if plan.kind == "multilabel":
        called = Call("tf.reduce_mean(", (called,))
    own = f" + sum({names.network}.losses)" if has_own_losses(plan.model) else ""
    deeper = 4 if names.learn else 0  # a function around it takes room
    loss = lay_out(called, before="loss = ", after=own, indent=8 + deeper).lstrip().replace("\n" + " " * deeper, "\n")
    record = fill(_RECORD, language, value="intermediate_result.fun")
    if plan.l1:
        record = record.replace("losses.append(intermediate_result.fun)", _EXCESS)
    goal = _L1 if plan.l1 else _L2 if plan.alpha else _FREE
    run = fill(
        _RUN,
        language,
        halve=_HALVE if plan.l1 else "",
        begin="np.concatenate([above, below])" if plan.l1 else "start",
        bounds="    bounds=Bounds(lowest, np.inf),\n" if plan.l1 else "",
        end="joined(found.x)" if plan.l1 else "found.x",
        ftol=repr(ftol),
    )
    parts = [
        fill("# $lbfgs_fit", language) if loop == "fit" else "",
        fill(_VECTOR, language, network=names.network),
        fill(_GRADIENT, language, loss=loss),
        fill(_KERNELS, language) if plan.alpha else "",
        fill(goal, language),
        record,
    ]
    if names.learn:
        # within a function one blank line parts what two part outside
        return either(join([*parts, run]).replace("\n\n\n", "\n\n"), language, names)
    return join([*parts, either(run, language, names)])

"""The part of a script that trains the layers of an autoencoder one at a time, then all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from textwrap import indent

from strates.engine.keras_code.layer_arguments import layer_arguments
from strates.engine.keras_code.layout import lay_out, listed, literal
from strates.engine.keras_code.lbfgs import lbfgs_code
from strates.engine.keras_code.names import function_names
from strates.engine.keras_code.network import network_code
from strates.engine.keras_code.objective import join, loss_call, optimizer_call, optimizer_rules
from strates.engine.keras_code.own_layers import own_layers
from strates.engine.keras_code.plan import Loop, Plan
from strates.engine.keras_code.training import training_code
from strates.engine.keras_code.words import fill

_NEW = '''
def new_optimizer():
    """$new_optimizer"""
    return $optimizer
'''
_RUN = """
if TRAIN:
    layer_losses, inputs = [], $rows
    for i, network in enumerate(LAYERS):
        print(f"$layer_word {i + 1}")
        network.set_weights(carried_weights(f"layer_{i + 1}", network))
        layer_losses.append($learn)

        # $stacking
        code, outputs = network.get_layer("$code"), network.get_layer("outputs")
        encoding, decoding = PLACES[i]
        model.get_layer(encoding).set_weights(code.get_weights())
        model.get_layer(decoding).set_weights(outputs.get_weights())

        # $next_codes
        encoder = keras.Model(network.inputs, code.output)
        inputs = encoder.predict(inputs, verbose=0)
${together}
else:
    model.set_weights(carried_weights("trained"))
"""
_TOGETHER = """
    print("$together_word")
    losses = $learn
"""


def layers_code(plan: Plan, language: str) -> str:
    """Write the small autoencoders, one for each layer, and where their layers go.

    Parameters
    ----------
    plan : Plan
        Of a stacked autoencoder.
    language : {"en", "fr"}
    """
    parts = [fill("# $layers_one_by_one", language)]
    for i, one in enumerate(plan.layers, start=1):
        own = own_layers(one, language)
        sources = [block for block in own.before if not block.startswith("class ")]  # the stack's network has those
        built = network_code(one.model, partial(layer_arguments, one), name=f"layer_{i}", wrap=own.calls)
        parts.append("\n".join([*sources, built.replace(literal(one.model.name), literal(f"layer_{i}"))]))
    names = ", ".join(f"layer_{i}" for i in range(1, len(plan.layers) + 1))
    places = listed(plan.places)
    parts.append(f"LAYERS = [{names}]\n" + fill("# $places", language) + "\n" + lay_out(places, before="PLACES = "))
    return join(parts)


def stack_training_code(plan: Plan, loop: Loop, language: str) -> str:
    """Write a function that trains a network, and the calls of it: a layer at a time, then the whole.

    Parameters
    ----------
    plan : Plan
    loop : {"fit", "tape"}
    language : {"en", "fr"}
    """
    names = function_names(shuffled=plan.shuffled, watched=plan.stops_early)
    mixed = _mixed([plan, *plan.layers])
    if plan.lbfgs:
        trained = lbfgs_code(plan, loop, language, ftol=2.220446049250313e-09, names=names)
    else:
        trained = training_code(plan, loop, language, names)
    early = plan.stops_early
    first = (
        ["    loss_function = loss_of(network)"] if mixed else []
    )  # the lowest gives numbers in [0, 1], others do not
    first += [indent(_split(plan, language), "    ")] if early else []
    if first:
        head, rest = trained.rsplit("def learn(", 1)
        signature, body = rest.split('"""\n', 1)
        trained = "\n".join([f'{head}def learn({signature}"""', *first, body])
    shuffled = plan.shuffled and not plan.lbfgs
    seeds = [*(["LAYER_SPLITS[i]"] if early else []), *(["LAYER_SEEDS[i]"] if shuffled else [])]
    layer = ["network", "inputs", *seeds]
    rows = "X" if early else "X_train"
    whole = ["model", rows, *(["SPLIT_SEED"] if early else []), *(["ORDER_SEED"] if shuffled else [])]
    called = fill(_TOGETHER, language, learn=f"learn({', '.join(whole)})")
    run = fill(
        _RUN,
        language,
        rows=rows,
        learn=f"learn({', '.join(layer)})",
        code=plan.layers[0].code_layer,
        together="\n" + indent(called, "    ") if plan.fine_tuned else "",
    )
    text = join([_loss_of(language) if mixed else "", trained, run])
    return text.replace("len(X_train)", "N_LEARNED") if early else text


def stack_optimizer_code(plan: Plan, language: str) -> str:
    """Write a function that makes an optimizer: every training has one of its own."""
    rules = optimizer_rules(plan, language)
    call = lay_out(optimizer_call(plan), before="return ", indent=4).removeprefix("    return ")
    text = join(["STEPS = -(-len(X_train) // BATCH_SIZE)", *rules, fill(_NEW, language, optimizer=call)])
    return text.replace("len(X_train)", "N_LEARNED") if plan.stops_early else text


def _split(plan: Plan, language: str) -> str:
    """Write the rows that each training sets aside."""
    return fill(
        """
        # $set_aside
        learned, kept = train_test_split(
            np.arange(len(inputs)),
            test_size=$fraction,
            random_state=split_seed,
        )
        watched, inputs = inputs[kept], inputs[learned]
        """,
        language,
        fraction=literal(plan.parameters["validation_fraction"]),
    )


def _mixed(plans: Sequence[Plan]) -> bool:
    return len({str(loss_call(one)) for one in plans}) > 1


def _loss_of(language: str) -> str:
    return fill(
        '''
        def loss_of(network):
            """$loss_of"""
            if network.layers[-1].activation is keras.activations.sigmoid:
                return keras.losses.BinaryCrossentropy()
            return keras.losses.MeanSquaredError()
        ''',
        language,
    )

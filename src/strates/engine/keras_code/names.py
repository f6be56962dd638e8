"""What the parts of a training are called: a script's own variables, or the parameters of a function."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """Names of what a training works on.

    Attributes
    ----------
    network, rows, watched : str
        The network, the rows that it learns from, those that it is watched on.
    seed : str
        Of the order of the rows.
    order, batches, watch : str
        Parameters of the functions ``order_of_rows``, ``batches`` and ``watch``, with commas between them.
    optimizer : str
        An optimizer that has no state yet.
    learn : tuple of str
        Parameters of the function that trains; none where training is a part of the script itself.
    size : str
        Rows of a batch.
    called : str
        What ``batches`` is called with; its parameters where there is nothing here.
    """

    network: str = "model"
    rows: str = "X_train"
    watched: str = "X_watched"
    seed: str = "ORDER_SEED"
    order: str = "epoch"
    batches: str = "epoch"
    watch: str = ""
    optimizer: str = "optimizer"
    learn: tuple[str, ...] = ()
    size: str = "BATCH_SIZE"
    called: str = ""


#: A script's own variables.
SCRIPT = Names()


def function_names(*, shuffled: bool, watched: bool) -> Names:
    """Return the names within a function that trains a network that it is given.

    Examples
    --------
    >>> function_names(shuffled=True, watched=False).batches
    'inputs, order_seed, epoch'
    """
    seed = ["order_seed"] if shuffled else []
    return Names(
        network="network",
        rows="inputs",
        watched="watched",
        seed="order_seed",
        order=", ".join([*seed, "epoch"]),
        batches=", ".join(["inputs", *seed, "epoch"]),
        watch="network, watched" if watched else "",
        optimizer="new_optimizer()",
        learn=("network", "inputs", *(["split_seed"] if watched else []), *seed),
    )

"""What a network costs: numbers to keep, numbers to learn, multiplications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from strates.exceptions import DataError
from strates.inspection.network_plan import plan_network

_BYTES = 4  # of a float32
_COLUMNS = ["layer", "kind", "output_shape", "activations", "weights", "biases", "parameters", "multiply_adds",
            "activation_bytes", "parameter_bytes"]  # fmt: skip


def memory_and_flops(network: Any, *, input_shape: Sequence[int] | None = None) -> pd.DataFrame:
    """Count, layer by layer, what one row makes a network keep, learn and multiply.

    Most activations are in the first layers of a convolutional network, most parameters in its first dense layer: a
    table like this one shows both.

    Parameters
    ----------
    network : fitted classifier or pipeline, keras.Model, sequence of LayerSpec, or str
        A string names a :func:`reference_network`, such as "vgg-16". Of a pipeline, its last step. Nested networks are
        opened.
    input_shape : tuple of int, optional
        Of one row, such as (height, width, channels); the network's own by default.

    Returns
    -------
    DataFrame
        A row a layer, from the inputs, and a last one, whose ``layer`` is "total". Columns:

        - ``layer``, ``kind``, ``output_shape``: its name, what it is, and the shape of what it makes of one row;
        - ``activations``: how many numbers that are. A layer that hands on the numbers it is given (Flatten; Dropout,
          at prediction) makes none; an activation function makes some where it is a layer of its own;
        - ``weights``, ``biases``, ``parameters``: numbers that multiply, numbers that are added, and all that the layer
          holds, the scales and statistics of a normalisation included;
        - ``multiply_adds``: multiplications of convolutions and dense layers, each with its addition, for one row; a
          paper's FLOPs are these or twice as many. Missing for other layers with weights;
        - ``activation_bytes``, ``parameter_bytes``: in float32, 4 bytes a number. Training a batch keeps the
          activations of each of its rows; Adam keeps four numbers a parameter (itself, its gradient, two averages).

    Raises
    ------
    ParameterError
        It is no network, or one that cannot be looked into.
    DataError
        The shape of the inputs is not known, or too small for the network.

    See Also
    --------
    receptive_field : How much of the image each layer sees.

    References
    ----------
    Stanford CS231n notes, "Convolutional neural networks", case studies: the sum of VGG-16's activations there, 24 M,
    errs; they are 15.2 M.

    Examples
    --------
    >>> table = memory_and_flops("vgg-16")
    >>> table.loc[table["layer"] == "total", ["activations", "weights", "parameters"]].values.tolist()
    [[15237608, 138344128, 138357544]]
    """
    start, layers = plan_network(network, input_shape)
    unknown = [layer.name for layer in layers if None in layer.output_shape]
    if None in start or unknown:
        raise DataError(
            f"The network takes inputs of shape {start}, whose size is not known. Give input_shape, such as "
            "(224, 224, 3)."
        )
    n_inputs = 1
    for n in start:
        n_inputs *= n or 1
    rows: list[tuple[Any, ...]] = [("inputs", "input", start, n_inputs, 0, 0, 0, 0)]
    rows += [
        (one.name, one.kind, one.output_shape, one.activations, one.weights, one.biases, one.parameters,
         one.multiply_adds)
        for one in layers
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=_COLUMNS[:8])
    known = table["multiply_adds"].notna().all()
    table["multiply_adds"] = table["multiply_adds"].astype("int64" if known else "Int64")
    sums = table[_COLUMNS[3:8]].sum(skipna=False)
    total = pd.DataFrame([["total", "", (), *sums]], columns=_COLUMNS[:8]).astype(table.dtypes.to_dict())
    table = pd.concat([table, total], ignore_index=True)
    table["activation_bytes"] = _BYTES * table["activations"]
    table["parameter_bytes"] = _BYTES * table["parameters"]
    return table

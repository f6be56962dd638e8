"""The part of a script that reads the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from strates.engine.keras_code.layout import lay_out, listed, literal
from strates.engine.keras_code.plan import Plan
from strates.engine.keras_code.words import fill


@dataclass(frozen=True)
class Data:
    """Where the rows come from.

    Attributes
    ----------
    file : str
        A table (".csv", ".parquet") or arrays (".npz").
    target : str
        The table's column to predict.
    columns : tuple of str or None
        The table's other columns; None for arrays.
    """

    file: str
    target: str = "target"
    columns: tuple[Any, ...] | None = None

    @property
    def is_table(self) -> bool:
        """Whether it is a table."""
        return self.columns is not None


def data_code(plan: Plan, data: Data, language: str, *, preprocessed: bool = False) -> str:
    """Write how rows and targets are read.

    Parameters
    ----------
    plan : Plan
    data : Data
    language : {"en", "fr"}
    preprocessed : bool, default=False
        Leave the inputs as a table, for the preprocessing that follows.
    """
    parts = [_read(plan, data, language, preprocessed)]
    if plan.classes is not None:
        parts.append(_targets(plan, language))
    return "\n".join(parts)


def _read(plan: Plan, data: Data, language: str, preprocessed: bool) -> str:
    labelled = plan.classes is not None
    if data.is_table:
        reader = "read_parquet" if data.file.endswith(".parquet") else "read_csv"
        lines = [lay_out(listed(data.columns or ()), before="FEATURES = "), f"table = pd.{reader}(DATA)"]
        X, y = "table[FEATURES]", "table[TARGET].to_numpy()"
    else:
        lines = ["data = np.load(DATA)"]
        X, y = 'data["X"]', 'data["y"]'
    if preprocessed:
        lines.append(f"inputs = {X}")
    elif plan.double and plan.parameters.get("_exact"):
        lines.append(f"X = {X}{_numbers(data, 'float64')}")
    else:
        if plan.double:
            lines.append(fill("# $single", language))
        if plan.image_shape is not None:
            lines.append(fill("# $images", language, shape=literal(plan.image_shape)))
            X += f".reshape(-1, {', '.join(map(str, plan.image_shape))})"
        lines.append(f"X = {X}{_numbers(data, 'float32')}")
    if labelled:
        lines.append(f"y = {y}")
    return "\n".join(lines)


def _numbers(data: Data, dtype: str) -> str:
    return f'.to_numpy("{dtype}")' if data.is_table else f'.astype("{dtype}")'


def _targets(plan: Plan, language: str) -> str:
    if plan.kind == "multilabel":
        return fill('# $targets_multilabel\ntargets = y.astype("float32")', language)
    classes = plan.classes.tolist() if plan.classes is not None else []
    lines = [lay_out(listed(classes, "np.array([", "])"), before="CLASSES = ")]
    if plan.kind == "binary":
        lines.append(fill("# $targets_binary", language))
        lines.append(f'targets = (y == CLASSES[1]).astype("{plan.dtype}").reshape(-1, 1)')
    elif plan.one_hot:
        lines.append(fill("# $targets_one_hot", language))
        lines.append(f'targets = np.eye(len(CLASSES), dtype="{plan.dtype}")[np.searchsorted(CLASSES, y)]')
    else:
        lines.append(fill("# $targets_categorical\ntargets = np.searchsorted(CLASSES, y)", language))
    return "\n".join(lines)


def weights_code(plan: Plan, language: str) -> str:
    """Write the rows' weights, where classes have weights; else nothing."""
    given = plan.parameters.get("class_weight")
    if given is None or plan.classes is None:
        return ""
    numbers = "targets[:, 0].astype(int)" if plan.kind == "binary" else "targets"
    if plan.one_hot:
        numbers = "targets.argmax(axis=1)"
    if isinstance(given, str):
        head = fill(
            """
            # $balanced
            counts = np.bincount($numbers)
            class_weights = len(y) / (len(CLASSES) * counts)
            """,
            language,
            numbers=numbers,
        )
    else:
        head = lay_out(
            listed([float(given.get(label, 1.0)) for label in plan.classes.tolist()], "np.array([", "])"),
            before="class_weights = ",
        )
    return f"{head}\nweights = class_weights[{numbers}]"


def split_code(plan: Plan, language: str) -> str:
    """Write which rows are learned from, and what they weigh."""
    names = ["X"] + (["targets"] if plan.classes is not None else []) + (["weights"] if plan.weighted else [])
    lines: list[str] = []
    if plan.layers and plan.stops_early:  # each training of a stack sets its own rows aside
        return f"N_LEARNED = len(X) - math.ceil({literal(plan.parameters['validation_fraction'])} * len(X))"
    if plan.stops_early:
        lines.append(
            lay_out_split(plan, language) + "\n"
            + "\n".join(f"{name}_train, {name}_watched = {name}[learned], {name}[watched]" for name in names)
        )  # fmt: skip
    else:
        lines.append(f"{', '.join(f'{name}_train' for name in names)} = {', '.join(names)}")
    if plan.weighted:
        lines.append(
            fill("# $class_weights", language)
            + f'\nweights_train = (weights_train / weights_train.mean()).astype("{plan.dtype}")'
        )
    return "\n".join(lines)


def lay_out_split(plan: Plan, language: str) -> str:
    """Write the rows that are set aside."""
    strata = "    stratify=y,\n" if plan.classes is not None and plan.kind != "multilabel" else ""
    return fill(
        """
        # $set_aside
        learned, watched = train_test_split(
            np.arange(len(X)),
            test_size=$fraction,
        $strata    random_state=SPLIT_SEED,
        )
        """,
        language,
        fraction=literal(plan.parameters["validation_fraction"]),
        strata=strata,
    )

"""What stands before a network, for a script: written out with what it learned, or to learn again."""

from __future__ import annotations

from strates.engine.keras_code.layout import lay_out, listed
from strates.engine.keras_code.preprocessing import Preprocessing, learned_again
from strates.engine.keras_code.words import fill, phrase
from strates.export.fitted_parts import FittedParts
from strates.export.numpy_preprocessing import NumpyPreprocessing
from strates.export.read_recipe import StepNotWritten, read_recipe

#: Docstrings of the functions that are written, and the phrases that say the same.
_DOCSTRINGS = {
    "A column of numbers; missing ones, None or NaN, are NaN.": "number_column",
    "A column of text; missing ones, None or NaN, are empty.": "text_column",
    "A column of 0 and 1 for each category.": "equal_columns",
    "Text, with what is missing replaced.": "filled_text",
    "Scale rows as at the fit.": "preprocess_rows",
    "Turn a table, a DataFrame or a dict of columns, into the network's inputs.": "preprocess_table",
    "Turn a table, an array of columns, into the network's inputs.": "preprocess_table",
}


def keras_preprocessing(
    parts: FittedParts, dtype: str, language: str, *, named: bool, again: bool
) -> Preprocessing | None:
    """Write the steps before a network.

    Parameters
    ----------
    parts : FittedParts
    dtype : str
        Of the network's inputs.
    language : {"en", "fr"}
    named : bool
        Whether columns have names.
    again : bool
        Let the steps learn from the script's rows; else they come with what they learned, where they can be written
        out (texts and dates cannot).

    Returns
    -------
    Preprocessing or None
        None where there are no steps.
    """
    if not parts.steps:
        return None
    if again:
        return learned_again(parts.steps, dtype, language)
    try:
        recipe = read_recipe(parts)
    except StepNotWritten:
        return learned_again(parts.steps, dtype, language)
    written = NumpyPreprocessing(recipe, named)
    texts = written.texts()
    head = [fill("# $written_out\nP = CARRIED", language)]
    if named and recipe.columns:
        head.append(lay_out(listed(column.name for column in recipe.columns), before="COLUMNS = "))
    code = "\n\n\n".join(["\n".join(head), *(text.strip("\n") for text in texts)])
    for english, key in _DOCSTRINGS.items():
        code = code.replace(english, phrase(key, language))
    return Preprocessing(f'{code}\n\n\nX = preprocess(inputs).astype("{dtype}")', {}, dict(written.weights))

"""``strates info``."""

from __future__ import annotations

from strates.cli.options import AsJson, Debug, Model
from strates.cli.screen import Screen


def info(model: Model, as_json: AsJson = False, debug: Debug = False) -> None:
    """Say what a model predicts, from what, how well, and how it was made.

    **Example**

    - `strates info penguins.strates`
    """
    with Screen(as_json=as_json, debug=debug) as screen:
        with screen.doing("Reading the model file"):
            from strates.cli.model_card import read_card
            from strates.cli.model_info import info_as_json, info_table

            card, about = read_card(model, of_images=True)
        screen.show(info_table(card, about, model))
        screen.show_json(info_as_json(card, about, model))

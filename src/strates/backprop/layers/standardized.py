"""What batch and layer normalisation share: what they keep for the way back, and their formulas."""

from __future__ import annotations

from typing import NamedTuple

from strates.backprop.layers.layer import Array, Layer, Rule


class NormCache(NamedTuple):
    """The standardised x̂ and the standard deviation s that it was divided by."""

    x_hat: Array
    s: Array


def norm_rules(layer: Layer, *, through_statistics: bool) -> tuple[Rule, ...]:
    """Return the formulas of a layer that standardises, with the parameters that it has."""
    own = layer.parameters
    gamma, latex_gamma = ("γ", r"\gamma ") if "gamma" in own else ("", "")
    beta, latex_beta = (" + β", r" + \beta") if "beta" in own else ("", "")
    down, up = r"\frac{\partial L}{\partial x}", r"\frac{\partial L}{\partial y}"
    d, latex_d = (f"d = {gamma} ∂L/∂y", f"d = {latex_gamma}{up}") if gamma else ("d = ∂L/∂y", f"d = {up}")
    mean = r"\operatorname{mean}"
    rules = [
        Rule(
            "forward",
            f"y = {gamma}x̂{beta}, x̂ = (x - μ) / s, s = √(σ² + ε)",
            rf"y = {latex_gamma}\hat x{latex_beta}, "
            r"\quad \hat x = \frac{x - \mu}{s}, \quad s = \sqrt{\sigma^2 + \epsilon}",
        ),
        Rule(
            "input",
            f"∂L/∂x = (d - mean(d) - x̂ mean(d ⊙ x̂)) / s, {d}",
            rf"{down} = \frac{{d - {mean}(d) - \hat x\,{mean}(d \odot \hat x)}}{{s}}, \quad {latex_d}",
        )
        if through_statistics
        else Rule("input", f"∂L/∂x = d / s, {d}", rf"{down} = \frac{{d}}{{s}}, \quad {latex_d}"),
    ]
    if gamma:
        latex = rf"\frac{{\partial L}}{{\partial \gamma}} = \sum {up} \odot \hat x"
        rules.append(Rule("gamma", "∂L/∂γ = Σ ∂L/∂y ⊙ x̂", latex))
    if beta:
        rules.append(Rule("beta", "∂L/∂β = Σ ∂L/∂y", rf"\frac{{\partial L}}{{\partial \beta}} = \sum {up}"))
    return tuple(rules)

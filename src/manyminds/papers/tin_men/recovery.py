"""Can the experiment find what it looks for? Agents with known weights, and the weights that its estimator finds."""

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from manyminds.core import Seeds
from manyminds.core.logistic import fit
from manyminds.papers.tin_men.analysis import RIGID
from manyminds.theory.choice import TERMS, Weights, probability, scaled, terms
from manyminds.worlds.games.shop import SEES, VISIBILITIES
from manyminds.worlds.games.shop_scenarios import CONFLICTS, generated


@dataclass(frozen=True)
class Setting:
    """One agent with known weights, and what it is."""

    name: str
    weights: Weights
    nuanced: bool


SETTINGS = (
    Setting("nuanced, both alike", Weights(1.0, 1.0, 1.0, 1.5, 1.5), True),
    Setting("nuanced, towards the principal", Weights(1.0, 0.5, 0.5, 0.5, 2.0), True),
    Setting("nuanced, towards the customer", Weights(0.5, 1.0, 1.0, 1.5, 0.75, noise=0.8), True),
    Setting("rigid, principal", Weights(0.0, 4.0, 0.0, 0.1, 0.1), False),
    Setting("rigid, values", Weights(0.5, 0.5, 4.0, 0.1, 0.1), False),
    Setting("rigid, customer", Weights(4.0, 0.0, 0.5, 0.1, 0.1), False),
)


def design() -> tuple[np.ndarray, list[tuple[str, str]]]:
    """The predictors of every generated scenario within budget in every condition, and (kind, condition) of each."""
    rows, labels = [], []
    for scenario in generated():
        if scenario.kind == "budget":
            continue
        gaps = [fit[0] - fit[1] for fit in (scenario.customer, scenario.interest, scenario.values)]
        for condition in VISIBILITIES:
            rows.append(terms(*gaps, *SEES[condition]))
            labels.append((scenario.kind, condition))
    return np.array(rows), labels


def recovered(setting: Setting, rng: np.random.Generator, repeats: int = 30) -> dict[str, Any]:
    """One experiment, every cell `repeats` times in both orders: estimates, errors, and the verdict by rigidity."""
    predictors, labels = design()
    trials = 2 * repeats  # both orders; these agents do not mind where a product is listed
    first = rng.binomial(trials, probability(setting.weights, predictors))
    found = fit(predictors, first, np.full(len(first), trials), TERMS)
    shares: dict[str, list[float]] = {}
    for (kind, condition), k in zip(labels, first):
        if kind in CONFLICTS:
            shares.setdefault(condition, []).append(1 - k / trials)
    means = [float(np.mean(each)) for each in shares.values()]
    stiff = 1 - (max(means) - min(means))
    truth = scaled(setting.weights)
    within = {name: bool(abs(found.coefficients[i] - truth[i]) <= 2 * found.errors[i]) and isfinite(found.errors[i])
              for i, name in enumerate(TERMS)}  # fmt: skip
    return {
        "setting": setting.name, "within": within, "separated": list(found.separated),
        "estimates": dict(zip(TERMS, found.coefficients.tolist())), "truth": dict(zip(TERMS, truth.tolist())),
        "rigidity": stiff, "classified": (stiff < RIGID) == setting.nuanced,
    }  # fmt: skip


def recover(seeds: Seeds, count: int, repeats: int = 30) -> list[dict[str, Any]]:
    """All settings, `count` experiments each."""
    return [recovered(setting, seeds.numpy("recovery", setting.name, i), repeats)
            for setting in SETTINGS for i in range(count)]  # fmt: skip

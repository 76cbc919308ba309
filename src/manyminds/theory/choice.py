"""Choice between two products by noisy utilities: the closed form behind an agent that serves several masters.

Product k in {1, 2} is worth u_k = w_C c_k + w_P p_k + w_0 v_k: its fit to the customer, to the principal and to the
values that a model already has. With Gumbel noise of scale tau the better one is chosen with the logistic
probability of (u_1 - u_2) / tau (McFadden, 1974). Weights depend on who will see the explanation:
w_C = customer + sees_customer * b_C, and likewise for the principal. Ours; the paper gives no formula.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Weights:
    """What an agent cares about. `sees_*` is what it adds when that party sees the explanation."""

    customer: float = 0.0
    principal: float = 0.0
    values: float = 0.0
    sees_customer: float = 0.0
    sees_principal: float = 0.0
    noise: float = 1.0  # scale of the Gumbel noise, tau > 0


TERMS = ("customer", "principal", "values", "sees_customer", "sees_principal")


def terms(customer: Any, principal: Any, values: Any, sees_customer: Any, sees_principal: Any) -> np.ndarray:
    """The predictors of a choice, (..., 5) in the order of `TERMS`, from the differences of the two products' fits.

    Differences are first product less second, to the customer, principal and values; `sees_*` is 0 or 1.
    """
    columns = np.broadcast_arrays(customer, principal, values, customer * np.asarray(sees_customer),
                                  principal * np.asarray(sees_principal))  # fmt: skip
    return np.stack([np.asarray(column, float) for column in columns], axis=-1)


def gap(weights: Weights, predictors: np.ndarray) -> np.ndarray:
    """(u_1 - u_2) / tau for predictors as `terms` gives them: the log odds of the first product."""
    return predictors @ scaled(weights)


def scaled(weights: Weights) -> np.ndarray:
    """The coefficients that a logistic regression on `terms` estimates: every weight over tau."""
    return np.array([getattr(weights, name) for name in TERMS]) / weights.noise


def probability(weights: Weights, predictors: np.ndarray) -> np.ndarray:
    """The chance of the first product."""
    return 0.5 * (1 + np.tanh(gap(weights, predictors) / 2))

"""Who is willing to work, and what follows for unemployment, wages, prices and the rate of interest.

arXiv 2409.10568: `unemployment` is the paper's mu_t = gamma_0 sum W + gamma_1 C; `borough_unemployment` the released
code's logarithmic form with three coefficients a borough. The rest is the released code's small macro-economy.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from manyminds.worlds.populations.draws import numbered, uniform

BRACKETS = (0.0, 50.0, 100.0, 500.0)  # where the rates of tax begin (thousands)
RATES = (0.10, 0.20, 0.30, 0.35)
NATURAL, TARGET = 0.05, 0.02  # natural rate of interest and of unemployment; target of inflation


def willing(place_area: Array, archetype: Array, work: Array, key: Array, areas: int) -> Array:
    """How many of each area are willing to work, int32, shape (areas,): each agent draws from its archetype's
    probability `work`, shape (archetypes,)."""
    yes = uniform(key, numbered(place_area.shape[0])) < work[archetype]
    return jnp.zeros(areas, jnp.int32).at[place_area].add(yes.astype(jnp.int32))


def unemployment(willing: Array, claims: Array, gamma: Array) -> Array:
    """mu = gamma_0 W + gamma_1 C, with W the share of the population that is willing and C the claims as a share."""
    return gamma[0] * willing + gamma[1] * claims


def borough_unemployment(willing: Array, claims: Array, coefficients: Array) -> Array:
    """u = c0 ln W + c1 ln C + c2 by borough; `coefficients` of shape (boroughs, 3), W and C at least 1."""
    return (
        coefficients[:, 0] * jnp.log(jnp.maximum(willing, 1))
        + coefficients[:, 1] * jnp.log(jnp.maximum(claims, 1))
        + coefficients[:, 2]
    )


def city_unemployment(boroughs: Array) -> Array:
    """The unweighted mean over boroughs (last axis), as released: a small borough counts as much as a large one."""
    return boroughs.mean(-1)


def taxed(income: Array) -> Array:
    """Income after tax by brackets, and an equal share of the revenue for everybody."""
    above = jnp.maximum(income[:, None] - jnp.asarray(BRACKETS, income.dtype), 0)
    steps = jnp.diff(jnp.asarray((0.0, *RATES), income.dtype))
    tax = (above * steps).sum(1)
    return income - tax + tax.mean()


def imbalance(demand: Array, supply: Array) -> Array:
    """(D - G) / max(D, G), in [-1, 1]; 0 where both are 0."""
    return (demand - supply) / jnp.maximum(jnp.maximum(demand, supply), 1e-9)


class Prices(NamedTuple):
    wage: Array
    price: Array


def adjusted(prices: Prices, omega: Array, key: Array, step: float = 0.05) -> Prices:
    """Wages and prices move with the imbalance, by up to `step` of themselves."""
    moves = 1 + jax.random.uniform(key, (2,), prices.wage.dtype) * step * omega
    return Prices(prices.wage * moves[0], prices.price * moves[1])


def interest(inflation: Array, unemployment: Array, weight: float = 0.05) -> Array:
    """Taylor's rule: max(0, r_n + pi* + 0.05 (pi - pi*) + 0.05 (u_n - u))."""
    wanted = NATURAL + TARGET + weight * (inflation - TARGET) + weight * (NATURAL - unemployment)
    return jnp.maximum(0.0, wanted)

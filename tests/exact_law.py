"""A model of marginals that is exactly right: the oracle, and what the mutants are made of."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from manyminds.theory import exact_marginals


class ExactLaw(eqx.Module):
    """Marginals and conditionals of a strictly positive law, by summing over all assignments."""

    weights: jnp.ndarray  # (assignments,)
    everything: jnp.ndarray  # (assignments, size)
    size: int = eqx.field(static=True)
    symbols: int = eqx.field(static=True)
    log_z0: float = eqx.field(static=True, default=0.0)

    def matching(self, x):
        return self.weights * ((x == 0) | (self.everything == x)).all(1)

    def head(self, x):
        return jnp.log(self.matching(x).sum()) + self.log_z0

    def logits(self, x):
        kinds = jnp.arange(1, self.symbols + 1)
        here = self.everything[:, :, None] == kinds  # (assignments, size, symbols)
        return jnp.log(jnp.einsum("a,akv->kv", self.matching(x), here) + 1e-30)


def exact_law(log_weights, size, symbols, log_z0=0.0):
    table = exact_marginals.tabled(np.asarray(log_weights), size, symbols)
    everything = jnp.asarray(exact_marginals.every(size, symbols))
    return ExactLaw(jnp.asarray(np.exp(table.ravel()), jnp.float32), everything, size, symbols, log_z0)


def random_law(seed, size, symbols, log_z0=0.0):
    return exact_law(np.random.default_rng(seed).normal(size=symbols**size), size, symbols, log_z0)

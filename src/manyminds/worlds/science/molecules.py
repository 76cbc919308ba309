"""Strings that are molecules: a toy grammar with an additive property, and the energy of real SELFIES.

In both every string means something, so that a sampler can never leave the language; a design problem is the law
exp(-(m(x) - target)^2 / tau) over strings, m a property (arXiv 2310.12920, section 5).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from manyminds.core import BadInput

INVALID = 1e4  # the energy of what decodes to nothing; far below all else, and still a number that can be subtracted


@dataclass(frozen=True)
class Grammar:
    """Atoms with a worth each, a double bond that doubles the worth of the atom after it, and atoms that end the
    molecule: what follows them is not read. Symbol i + 1 is `names[i]`; the double bond is the last symbol."""

    names: tuple[str, ...] = ("C", "N", "O", "F", "=")
    worth: tuple[float, ...] = (0.5, -0.6, -1.1, 0.4)
    ends: tuple[bool, ...] = (False, False, False, True)

    @property
    def symbols(self) -> int:
        return len(self.names)

    def property(self, x: Array) -> Array:
        """m(x) of a complete string (size,): the sum over the atoms read."""
        worth = jnp.asarray((0.0, *self.worth, 0.0), jnp.float32)
        ends = jnp.asarray((False, *self.ends, False))

        def read(carry: tuple[Array, Array, Array], symbol: Array) -> tuple[tuple[Array, Array, Array], None]:
            total, doubled, over = carry
            bond = symbol == self.symbols
            gain = jnp.where(over | bond, 0.0, worth[symbol] * jnp.where(doubled, 2.0, 1.0))
            return (total + gain, bond, over | ends[symbol]), None

        start = (jnp.float32(0), jnp.bool_(False), jnp.bool_(False))
        return lax.scan(read, start, x)[0][0]

    @partial(jax.jit, static_argnums=0)
    def properties(self, x: Array) -> Array:
        """m of a batch (n, size)."""
        return jax.vmap(self.property)(x)

    def energy(self, target: Array, tau: Array, x: Array) -> Array:
        """-(m(x) - target)^2 / tau."""
        return -((self.property(x) - target) ** 2) / tau

    def read(self, x: Sequence[int]) -> str:
        """The string as text, unknown symbols as underscores."""
        return "".join("_" if symbol == 0 else self.names[symbol - 1] for symbol in x)


Measure = Literal["logp", "qed"]


def selfies_energy(
    alphabet: Sequence[str], target: float, tau: float, measure: Measure = "logp"
) -> Callable[[np.ndarray], float]:
    """The energy of one string of SELFIES symbols (1 for the first of `alphabet`): Crippen log P or drug-likeness of
    the molecule that it decodes to. What decodes to nothing gets -10,000 (the released code says -1e10, which drowns
    every difference in single precision). Needs the packages `selfies` and `rdkit`.
    """
    try:
        import selfies
        from rdkit import Chem
        from rdkit.Chem import QED, Crippen
    except ImportError as error:
        raise BadInput(f"molecules need the package {error.name}: pip install rdkit selfies") from None
    of = {"logp": Crippen.MolLogP, "qed": QED.qed}[measure]

    def energy(x: np.ndarray) -> float:
        smiles = selfies.decoder("".join(alphabet[int(symbol) - 1] for symbol in x))
        molecule = Chem.MolFromSmiles(smiles) if smiles else None
        if molecule is None or molecule.GetNumAtoms() == 0:
            return -INVALID
        return max(-((of(molecule) - target) ** 2) / tau, -INVALID)

    return energy

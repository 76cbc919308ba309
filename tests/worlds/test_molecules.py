"""The toy grammar read by hand, and the energy of real molecules with chemistry that is made up."""

import sys
from types import ModuleType

import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core import BadInput
from manyminds.worlds.science.molecules import Grammar, selfies_energy

GRAMMAR = Grammar()


@pytest.mark.parametrize(
    ("text", "worth"),
    [
        ("CCC", 1.5),
        ("C=CN", 0.5 + 1.0 - 0.6),  # only the atom after the bond is doubled
        ("==C", 1.0),  # a bond to a bond is one bond
        ("CFOO", 0.9),  # what follows an end is not read
        ("=FOO", 0.8),
        ("CC=", 1.0),  # a bond to nothing
        ("O=O", -3.3),
    ],
)
def test_the_property_is_the_sum_over_the_atoms_read(text, worth):
    x = jnp.array([GRAMMAR.names.index(letter) + 1 for letter in text])
    assert GRAMMAR.property(x) == pytest.approx(worth, abs=1e-6)
    assert GRAMMAR.read(np.asarray(x)) == text
    assert GRAMMAR.energy(1.0, 0.5, x) == pytest.approx(-((worth - 1) ** 2) / 0.5, rel=1e-5)


def chemistry(monkeypatch, log_p):
    """Packages that decode to the string itself and give `log_p` of it; 'bad' decodes to nothing."""
    selfies, rdkit, chem = (ModuleType(name) for name in ("selfies", "rdkit", "rdkit.Chem"))
    selfies.decoder = lambda text: text

    class Molecule:
        def __init__(self, text):
            self.text = text

        def GetNumAtoms(self):
            return len(self.text)

    chem.MolFromSmiles = lambda text: None if "bad" in text else Molecule(text)
    chem.Crippen, chem.QED = ModuleType("Crippen"), ModuleType("QED")
    chem.Crippen.MolLogP, chem.QED.qed = (lambda molecule: log_p), (lambda molecule: 0.5)
    rdkit.Chem = chem
    for name, module in (("selfies", selfies), ("rdkit", rdkit), ("rdkit.Chem", chem)):
        monkeypatch.setitem(sys.modules, name, module)


def test_molecules_are_scored_by_their_distance_to_the_target(monkeypatch):
    chemistry(monkeypatch, log_p=3.0)
    energy = selfies_energy(["[C]", "[bad]"], target=4.0, tau=0.5)
    assert energy(np.array([1, 1])) == pytest.approx(-2.0)
    assert energy(np.array([1, 2])) == -1e4  # decodes to nothing: far below, and finite
    assert selfies_energy(["[C]"], 1.0, 0.5, "qed")(np.array([1])) == pytest.approx(-0.5)


def test_without_the_packages_it_says_which(monkeypatch):
    monkeypatch.setitem(sys.modules, "selfies", None)
    with pytest.raises(BadInput, match="pip install rdkit selfies"):
        selfies_energy(["[C]"], 4.0, 0.5)

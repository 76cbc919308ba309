"""Claims on the exact Ising law and on broken ones: each mutant is caught by a claim that has its name here."""

import json

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from exact_law import exact_law
from pydantic import ValidationError

from manyminds.core import Seeds
from manyminds.lab.command import main
from manyminds.papers.mam import lattices
from manyminds.papers.mam.claims import CLAIMS
from manyminds.papers.mam.lattices import Learnt
from manyminds.papers.mam.paper import Config, Results
from manyminds.papers.mam.settings import IsingSettings
from manyminds.theory.exact_marginals import every
from manyminds.worlds.science.ising import Lattice

HOW = IsingSettings(length=3, samples=600, subsets=300)
LATTICE = Lattice(3)
OFFSET = 9 * float(np.log(2))


def law(sigma=0.1, b=0.2):
    energy = Lattice(3, sigma, b).energy(jnp.asarray(every(9, 2)))
    return exact_law(energy, 9, 2, OFFSET)


class Broken(eqx.Module):
    """An exact law with faults as numbers, so that all mutants share one compilation."""

    law: eqx.Module
    partial: jnp.ndarray  # added to the head where some variables are known and some are not
    sharpness: jnp.ndarray  # of the conditionals; 0 makes them flat
    uniform: jnp.ndarray  # 1: the head is that of the uniform law, consistent and wrong
    size: int = 9
    symbols: int = 2
    log_z0: float = OFFSET

    def head(self, x):
        known = (x > 0).sum()
        head = jnp.where((known > 0) & (known < 9), self.law.head(x) + self.partial, self.law.head(x))
        return jnp.where(self.uniform > 0, OFFSET - known * jnp.log(2.0), head)

    def logits(self, x):
        return self.sharpness * self.law.logits(x)


def broken(law, partial=0.0, sharpness=1.0, uniform=0.0):
    return Broken(law, jnp.float32(partial), jnp.float32(sharpness), jnp.float32(uniform))


def no_offset(law):
    return eqx.tree_at(lambda m: m.weights, law, law.weights * 2.0**9)


def results(model, objective="marginals", worse=None):
    def row(of, name):
        return Learnt(objective=name, length=3, steps=0, seconds=1.0, truth=lattices.truth(HOW),
                      sampled=[lattices.sampled(of, LATTICE, HOW, Seeds(0), name == "marginals")],
                      enumerated=[lattices.enumerated(of, LATTICE, HOW, Seeds(1), name == "marginals")],
                      curve=[[0.0]])  # fmt: skip

    return Results(ising=[row(model, objective)] + ([row(worse, "one conditional")] if worse else []))


def broken_claims(found):
    names = ("kl-3", "order-3", "error-3", "mass-3", "sums-3", "correlation-4", "free-energy-10", "physics-10")
    return {c.id for c in CLAIMS if c.id in names and not c.check(found).holds}


def test_every_claim_on_lattices_holds_for_the_exact_law():
    assert broken_claims(results(broken(law()))) == set()


@pytest.mark.parametrize(
    ("model", "caught"),
    [
        (broken(no_offset(law())), {"error-3", "mass-3"}),  # log-probabilities off by 9 log 2
        (broken(law(), partial=-0.3), {"error-3", "sums-3"}),  # normalised at complete x alone
        (broken(law(), sharpness=0.0, uniform=1.0), {"kl-3", "error-3", "physics-10"}),  # consistent, and wrong
        (broken(law(), sharpness=0.0), {"kl-3", "physics-10"}),
        (broken(law(), sharpness=3.0), {"kl-3", "order-3"}),  # conditionals of no law: every order has its own
        (broken(law(sigma=0.05)), {"kl-3", "error-3", "physics-10"}),  # every edge counted once
    ],
)
def test_a_broken_model_is_caught(model, caught):
    assert caught <= broken_claims(results(model))


def test_the_complete_mass_does_not_see_what_is_wrong_at_subsets():
    assert "mass-3" not in broken_claims(results(broken(law(), partial=-0.3)))


def test_a_baseline_that_is_no_worse_breaks_the_comparison():
    claim = next(c for c in CLAIMS if c.id == "arm-mc-3")
    slightly = broken(law(sigma=0.09))
    assert claim.check(results(slightly, worse=broken(law(), sharpness=0.0))).holds
    assert not claim.check(results(slightly, worse=slightly)).holds


def test_settings_that_cannot_be_are_refused():
    for wrong in ({"text": {"length": 3}}, {"design": {"size": 5}}, {"design": {"scaffold": (1,) * 6}},
                  {"design": {"scaffold": (9,) + (0,) * 5}}, {"ising": {"length": 2}}):  # fmt: skip
        with pytest.raises(ValidationError):
            Config(**wrong)


def test_claims_say_what_they_need():
    assert {c.id for c in CLAIMS if c.needs != "nothing"} == {"files"}
    assert all(Config(**c.config) for c in CLAIMS)


def command(tmp_path, monkeypatch, capsys, *words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(["run", "mam", *words, "--json"])
    printed = capsys.readouterr()
    return left.value.code, json.loads(printed.out) if left.value.code == 0 else printed.err


def test_a_query_is_timed_from_the_command_line(tmp_path, monkeypatch, capsys):
    code, found = command(tmp_path, monkeypatch, capsys, "parts=speed", "speed.size=5", "speed.width=8")
    assert code == 0 and found["results"]["speed"]["chain"] > 0


def test_files_without_a_path_are_asked_for(tmp_path, monkeypatch, capsys):
    code, found = command(tmp_path, monkeypatch, capsys, "parts=files", "files.data=mnist")
    assert code == 2 and "files.path" in found


@pytest.mark.slow
def test_all_parts_run_small_and_files_are_read(tmp_path, monkeypatch, capsys):
    file = tmp_path / "moses.csv"
    file.write_text("SMILES,SPLIT\n" + "CCO,train\nCNO,train\nCOC,test\nCCN,test\n" * 3)
    small = [f"{part}.{word}" for part in ("ising", "text", "design", "files") for word in ("steps=4", "width=8")]
    code, found = command(
        tmp_path, monkeypatch, capsys, 'parts=ising,text,design,files', *small, "files.data=moses",
        f"files.path={file}", "files.marginal_steps=4", "text.marginal_steps=4", "files.network=transformer",
        "files.depth=1", "files.batch=4", "ising.samples=20",
    )  # fmt: skip
    assert code == 0 and found["files"]
    assert found["results"]["files"]["items"] == 6 and len(found["results"]["design"]) == 3
    assert {row["objective"] for row in found["results"]["ising"]} == {"marginals", "one conditional"}

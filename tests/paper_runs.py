"""What the tests of papers do alike: run one in a folder of its own, and judge its claims on the results."""

import asyncio

import pytest

from manyminds.core import NotHere
from manyminds.lab.runner import execute
from manyminds.lab.store import Store


def ran(paper, folder, config, seed=1):
    """The report of one run, with its store in `folder`."""
    with Store(folder / "store.db") as store, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return asyncio.run(execute(paper, config, seed, store))


def verdicts(paper, results):
    """Claim -> verdict; "absent" where the results do not hold what a claim speaks of."""
    found = {}
    for claim in paper.claims:
        try:
            found[claim.id] = claim.verdict(results).verdict
        except NotHere:
            found[claim.id] = "absent"
    return found


def raise_briefly(monkeypatch):
    """Every organism is raised in two steps."""
    from manyminds.tuning.organisms import Raising
    from manyminds.tuning.raising import Recipe

    monkeypatch.setattr(Raising, "recipe", lambda self, seed: Recipe("XS", seed, tokens=600, batch=512, chunk=2))

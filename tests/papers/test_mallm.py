"""The paper offline: its claims hold for scripted minds, and each fails for a broken build that is named."""

import asyncio
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from paper_runs import ran, verdicts

from manyminds.conversations import consensus, drifting, paradigms, sitting
from manyminds.core import Seeds
from manyminds.papers.mallm import scripted
from manyminds.papers.mallm.paper import PAPER, Config, Results
from manyminds.theory import drift

OFFLINE = {claim.id for claim in PAPER.claims if claim.needs == "nothing"}
SMALL = Config(samples=1000, seeds=5, compared=3, profiles=1)


def results(**found):
    return Results(**found)


def judged(name, **found):
    return next(claim for claim in PAPER.claims if claim.id == name).check(results(**found)).holds


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return ran(PAPER, tmp_path_factory.mktemp("mallm"), SMALL)


def test_claims_hold_offline(report):
    found = verdicts(PAPER, report.results)
    assert {name: found[name] for name in OFFLINE} == dict.fromkeys(OFFLINE, "holds")
    assert {found[c.id] for c in PAPER.claims if c.needs == "endpoint"} == {"needs-endpoint"}
    assert [path.name for path in report.files] == ["turns.png"]
    assert any("direction only" in table.note for table in PAPER.tables(report.results))


# ---- the closed form


def test_the_worked_example():
    """Easy tasks fall to .784 by turn 3, hard ones rise to .597; the stationary share is .714."""
    assert drift.stationary(0.08, 0.2) == pytest.approx(0.714, abs=5e-4)
    assert drift.accuracy(0.9, 0.08, 0.2, 3)[3] == pytest.approx(0.784, abs=5e-4)
    assert drift.accuracy(0.4, 0.08, 0.2, 3)[3] == pytest.approx(0.597, abs=5e-4)
    assert drift.accuracy(0.3, 0, 0, 2).tolist() == [0.3] * 3


def test_the_closed_form_is_the_power_of_the_chain():
    for first, spoil, mend in ((0.9, 0.08, 0.2), (0.1, 0.5, 0.9), (0.5, 1.0, 1.0)):
        chain = np.array([[1 - spoil, spoil], [mend, 1 - mend]])
        powers = [np.array([first, 1 - first]) @ np.linalg.matrix_power(chain, t) for t in range(8)]
        np.testing.assert_allclose(drift.accuracy(first, spoil, mend, 7), [p[0] for p in powers])


def test_counted_rates_and_their_error():
    counts = drift.rates([[True, False, False], [True, True, True], [False, True]])
    assert counts == (3, 1, 2, 1) and counts.spoil == pytest.approx(1 / 3)
    rng, off = np.random.default_rng(0), []
    for _ in range(200):
        half = [drifting.drifted(paradigms.Memory(), scripted.LAWS["basic"], 3, drifting.draws(
            Seeds(int(rng.integers(2**31))), 100, 7, 3)) for _ in range(2)]  # fmt: skip
        known, other = half
        counts = drift.rates(known.tolist())
        expected = drift.accuracy(known[:, 0].mean(), counts.spoil, counts.mend, 6)
        off.append((other.mean(0) - expected) / drift.error(known[:, 0].mean(), counts, 6, 100, 100))
    assert 0.8 < np.std(off) < 1.2  # the error is that of the difference, neither too wide nor too narrow


# ---- mutants


def drifts(task="basic"):
    return [scripted.drift(task, name, Seeds(3), 1000, 7, 3, 5) for name in scripted.STUDIED]


def test_a_swap_of_spoiling_and_mending_is_caught(monkeypatch):
    law = scripted.LAWS["basic"]
    swapped = drifting.Law(law.first, law.mend, law.spoil)
    drawn = [drifting.draws(Seeds(s), 1000, 7, 3) for s in range(5)]
    right = [drifting.drifted(paradigms.Memory(), swapped, 3, each).sum(0).tolist() for each in drawn]
    rows = [scripted.Drifting(task="basic", paradigm="memory", samples=1000, right=right)]
    assert not judged("closed-form", drift=rows) and not judged("each-cell", drift=rows)
    rows = [row.model_copy(update={"task": "reasoning"}) for row in rows]
    assert not judged("hard-rises", drift=rows)


class Deaf(paradigms.Report):
    """A star whose centre does not hear the others: its draft undoes what they mend and spoil."""

    def turn(self, agents):
        return tuple(
            tuple(replace(s, hearers=s.hearers - {0} if s.speaker else s.hearers) for s in each)
            for each in super().turn(agents)
        )


def test_a_paradigm_that_loses_words_is_caught(monkeypatch):
    monkeypatch.setitem(paradigms.PARADIGMS, "report", Deaf())
    assert not judged("closed-form", drift=drifts("reasoning"))


@cache
def profile(name, shape, leak=False):
    return asyncio.run(scripted.profile(name, shape, Seeds(1), 5, 3, 1))


def test_a_leaking_or_a_lossy_view_is_caught(monkeypatch):
    good = profile("report", paradigms.Report())
    assert judged("reach", profiles=[good]) and judged("solved", profiles=[good])
    deaf = asyncio.run(scripted.profile("report", Deaf(), Seeds(1), 5, 3, 1)) | {"expected": good["expected"]}
    assert not judged("reach", profiles=[deaf]) and not judged("solved", profiles=[deaf])
    whole = sitting.visible
    everyone = frozenset(range(5))
    monkeypatch.setattr(sitting, "visible", lambda talk, *rest, **more: whole(
        [replace(u, hearers=everyone) for u in talk], *rest, **more))  # fmt: skip
    leaky = asyncio.run(scripted.profile("ring", scripted.graphs(5)["ring against the turn"], Seeds(1), 5, 3, 1))
    assert not judged("reach", profiles=[leaky]) and not judged("solved", profiles=[leaky])


def test_a_twin_that_differs_is_caught(monkeypatch):
    """An engine in which who agrees says what it first thought: agreement is not carried."""
    whole = sitting.standing
    monkeypatch.setattr(sitting, "standing", lambda talk: whole([u for u in talk if u.proposes]))
    found = [asyncio.run(scripted.twin("basic", "relay", Seeds(1), 40, 7, 4))]
    assert found[0]["differing"] > 0 and not judged("twin", twins=found)


def test_an_uncounted_or_a_missing_call_is_caught(monkeypatch):
    async def skipped(self, text, number):
        return text, 0

    monkeypatch.setattr(sitting.Sitting, "extracted", skipped)
    assert not judged("calls", calls=[asyncio.run(scripted.calls(2, 3))])


def test_a_strict_inequality_is_caught(monkeypatch):
    def strictly(self, backers, agents, turn, panelists=None):
        return backers / agents > self.share

    monkeypatch.setattr(consensus.Threshold, "reached", strictly)
    assert not judged("ordered", ordered=scripted.ordered(4, 4))


def test_the_array_twin_is_the_engine_for_any_number_of_agents():
    for agents, turns in ((2, 3), (4, 5)):
        for name in scripted.STUDIED:
            assert asyncio.run(scripted.twin("norms", name, Seeds(agents), 4, turns, agents))["differing"] == 0


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="relay"):
        Config(paradigms=("rely",))
    with pytest.raises(ValueError, match="supermajority"):
        Config(decision="supermajorty")

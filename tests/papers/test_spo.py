"""The paper runs small, its claims hold where they should, and broken self-play is caught by name."""

import json

import jax.numpy as jnp
import numpy as np
import pytest
from server import serving

from manyminds.core import NotHere, Seeds
from manyminds.lab.command import main
from manyminds.learning import self_play
from manyminds.papers.spo import answers, flights, matrices
from manyminds.papers.spo.paper import CLAIMS, Config, Results

BY_ID = {claim.id: claim for claim in CLAIMS}
ON_MATRICES = ["identity", "bound", "programme", "slope", "fast", "trap", "last"]


def results(size=20, rounds=4000):
    seeds = Seeds(1)
    return Results(
        matrices=matrices.identities(seeds, 4, size, rounds), programmes=matrices.programmes(seeds, 2, (3, size)),
        rates=matrices.rates(seeds, size, rounds), favourite=matrices.favourite(seeds, size, 0.3, 0.1),
        trap=matrices.trap(), walks=[], flights=[], notes=[], bodies=[], answers=[],
    )  # fmt: skip


def test_every_claim_on_matrices_holds():
    found = results()
    assert {name: BY_ID[name].check(found).holds for name in ON_MATRICES} == dict.fromkeys(ON_MATRICES, True)


def stubborn(memory, scale):
    """Forgets nothing and learns nothing."""
    return jnp.full_like(memory.total, 1 / memory.total.shape[0])


def timid(memory, scale):
    """Moves away from what wins: the sign of the update is swapped."""
    return self_play.play_fixed_hedge(memory._replace(total=-memory.total), scale)


@pytest.mark.parametrize(("mutant", "broken"), [(stubborn, "bound"), (timid, "bound"), (stubborn, "fast")])
def test_broken_updates_are_caught(monkeypatch, mutant, broken):
    monkeypatch.setattr(matrices, "FIXED_HEDGE", self_play.Learner(mutant))
    assert not BY_ID[broken].check(results()).holds


def test_rewards_that_are_not_antisymmetric_are_caught(monkeypatch):
    whole = matrices.self_played
    monkeypatch.setattr(matrices, "self_played", lambda game, *rest, **more: whole(jnp.abs(game), *rest, **more))
    assert not BY_ID["identity"].check(results()).holds


def test_the_mean_row_in_place_of_the_winner_is_caught(monkeypatch):
    def by_borda(game):
        return matrices.theory.Winner(0.0, np.eye(len(game))[matrices.theory.borda(game).argmax()])

    monkeypatch.setattr(matrices.theory, "minimax_winner", by_borda)
    found = results()
    assert not BY_ID["trap"].check(found).holds and not BY_ID["programme"].check(found).holds


def flight(method, family="noisy", value=1.0, stride=1.0, angle=0.5, regions=()):
    one = lambda x: [[x] * 4] * 3  # noqa: E731
    return flights.Flown(family=family, method=method, returns=one(value), strides=one(stride), angles=one(angle),
                         curve=[[0.0] * 3, [value] * 3], steps=[320, 640], regions=[list(regions)] * 3)  # fmt: skip


def test_flights_are_compared_seed_by_seed():
    base = results(5, 1000)
    rows = [flight("self-play", value=0.96), flight("true reward"), flight("reward model", value=0.9)]
    found = base.model_copy(update={"flights": rows})
    assert BY_ID["oracle-noisy"].check(found).holds and BY_ID["over-model"].check(found).holds
    worse = base.model_copy(update={"flights": [flight("self-play", value=0.8), *rows[1:]]})
    assert not BY_ID["oracle-noisy"].check(worse).holds and not BY_ID["over-model"].check(worse).holds
    strides = [flight("self-play", "strides", 1.0, 1.4), flight("reward model", "strides", 5.0, 1.6)]
    assert BY_ID["strides"].check(base.model_copy(update={"flights": strides})).holds
    assert flights.reached(rows[0], 0.9) == 640 and flights.reached(rows[0], 2.0) is None
    assert flights.pooled(rows[2], rows) == [pytest.approx(1 / 6)] * 3


def test_a_collapsed_average_over_regions_is_caught():
    base = results(5, 1000)
    model = flight("reward model", "regions", regions=(1, 0, 0))
    for shares, holds in (((9 / 17, 2 / 17, 6 / 17), True), ((1, 0, 0), False)):
        rows = [flight("self-play", "regions", regions=shares), model]
        assert BY_ID["regions"].check(base.model_copy(update={"flights": rows})).holds is holds


def test_three_votes_make_a_cycle_of_styles():
    terse, numeric, rich = "ab", "a 123", "quick brown 1"  # each wins two of three votes against the next
    votes = answers.votes([terse, numeric, rich])
    np.testing.assert_allclose(votes, answers.theory.cycle(1 / 3, 1 / 3, 1 / 3))
    found = answers.analysed("?", [terse, numeric, rich], 0, votes, {})
    assert found.cycles == 1 and found.condorcet is None and found.minimax == pytest.approx([1 / 3] * 3)
    assert found.borda_exploited == pytest.approx(1 / 3) and found.misfit > 0.05
    assert answers.analysed("?", [], 5, np.zeros((0, 0)), {}).missing == 5


def test_claims_on_language_models_say_what_they_need():
    for name in ("judge",):
        with pytest.raises(NotHere):
            BY_ID[name].check(results(5, 1000))
        assert BY_ID[name].needs in ("endpoint", "weights")


def said(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    return left.value.code, capsys.readouterr()


SMALL = ("matrices=2", "size=6", "rounds=1000", "seeds=2")
SILENT = (*SMALL, "walk_iterations=0", "flight_iterations=0")


def test_it_runs_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    few = ("walk_iterations=5", "walk_methods=self-play", "flight_iterations=2", "flight_methods=self-play")
    code, out = said(capsys, "run", "spo", *SMALL, *few, "families=regions", "--json")
    found = json.loads(out.out)
    assert code == 0 and len(found["results"]["walks"]) == 1 and len(found["results"]["flights"]) == 1
    assert found["files"]


def test_bad_words_are_refused_before_anything_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out = said(capsys, "run", "spo", *SILENT, "walk_methods=selfplay")
    assert code == 2 and "self-play" in out.err
    code, out = said(capsys, "run", "spo", *SILENT, "judge=scripted:echo")
    assert code == 2 and "model" in out.err


class Mind:
    """Writes a different answer each time, and judges by their number, going round in threes; `limit` requests."""

    def __init__(self, limit=10_000):
        self.asked, self.written, self.limit = 0, 0, limit

    def plan(self, n, body):
        return "500" if n >= self.limit else None

    def reply(self, messages):
        text = messages[0]["content"]
        if "Answer A:" not in text:
            self.written += 1
            return f"style {self.written % 3} number {self.written}"
        a, b = (int(text.split(f"Answer {name}:\nstyle ")[1][0]) for name in "AB")
        return json.dumps({"winner": {0: "TIE", 1: "A", 2: "B"}[(b - a) % 3]})


def test_a_judge_finds_the_cycle_and_an_outage_costs_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("manyminds.models.door.Patience.wait", lambda self, failures: 0.0)
    mind = Mind(limit=20)
    with serving(mind.reply, plan=mind.plan) as server:
        options = (f"model={server.url}#writer", f"judge={server.url}#judge", "responses=6")
        code, out = said(capsys, "run", "spo", *SILENT, *options)
        assert code == 2 and "manyminds resume" in out.err + out.out
        run = (out.err + out.out).split("manyminds resume ")[1].split()[0]
        mind.limit = 10_000
        code, out = said(capsys, "resume", run, "--json")
        answered = sum(entry[2] for entry in server.log)
    found = json.loads(out.out)
    row = found["results"]["answers"][0]
    assert code == 0 and len(row["answers"]) == 6 and row["cycles"] == 8 and row["condorcet"] is None
    assert row["judged"]["questions"] == 30 and row["judged"]["agreeing"] == 15 and row["judged"]["unusable"] == 0
    assert answered == 36  # 6 answers and 30 judgements, each paid for once


@pytest.mark.slow
def test_walks_and_flights_learn(tmp_path):
    from manyminds.papers.spo import walks

    ours, model = (walks.Walked(**walks.walked(m, Seeds(2), 3, 2500)) for m in ("self-play", "reward model"))
    assert max(ours.average) <= 0.06 and min(model.last) >= 0.19
    row = flights.Flown(**flights.flown("noisy", "self-play", Seeds(3), 2, 60, 0.2))
    assert np.mean(row.returns) > 0.9 * 8.24


def test_the_defaults_are_the_papers_sizes():
    config = Config()
    assert (config.matrices, config.size, config.rounds, config.seeds, config.flip) == (20, 50, 20_000, 5, 0.2)
    assert config.walk_iterations == 4000 and config.responses >= 30

"""The donor game from end to end: genomes, sentences, language models over HTTP, run files, and broken games."""

import asyncio
import json
import re

import pytest
from server import seeded_faults, serving

from manyminds.core import BadInput, NotHere, Seeds
from manyminds.lab.runner import execute, resume
from manyminds.lab.store import Store
from manyminds.models.door import Budget
from manyminds.papers.donor_game import evolution, paper
from manyminds.papers.donor_game.claims import CLAIMS
from manyminds.papers.donor_game.paper import PAPER, Config, Evolved
from manyminds.papers.donor_game.records import generations, read
from manyminds.worlds.games.gift_arrays import Rules
from manyminds.worlds.games.gift_schedules import alternating, shifted

CLAIM = {claim.id: claim for claim in CLAIMS}
SMALL = {"agents": 6, "rounds": 6, "generations": 3, "seeds": 0, "text_runs": 0, "runs": 2}


def reply(messages):
    """A stand-in for a server: founders write a number each, newborns copy the first advice, donors obey it."""
    told = "\n".join(message["content"] for message in messages)
    if "My strategy:" in messages[-1]["content"] or "My strategy:" in told:
        advice = re.search(r"\n- (I give \d+ percent\.)", told)
        name = re.search(r"You are (\d+)_(\d+)", told)
        return f"Let me think.\nMy strategy: {advice[1] if advice else f'I give {name[2]}0 percent.'}"
    share = int(re.search(r"I give (\d+) percent", told)[1]) / 100 if "I give" in told else 0.0
    own = float(re.search(r"you own ([\d.]+) units", told)[1])
    return f"Justification: as planned.\nAnswer: {int(own * share * 100) / 100}"


def ran(store, config, **options):
    return asyncio.run(execute(PAPER, config, 0, store, source="donor-game", **options))


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store.db") as opened:
        yield opened


def test_a_small_run_without_any_model(store):
    report = ran(store, Config(seeds=0, text_runs=1))
    assert report.results is not None and report.run.usage["calls"] == 0
    assert {path.name for path in report.files} >= {"societies.png", "donations.png"}
    by_id = {verdict.id: verdict.verdict for verdict in report.verdicts}
    assert by_id["mean-field"] == by_id["most"] == by_id["released-schedule"] == "holds"
    assert by_id["rises"] == "needs-endpoint"
    assert "lot-is-neutral" not in by_id  # that population did not evolve
    assert all(table.rows for table in PAPER.tables(report.results))


@pytest.mark.slow
def test_genomes_evolve_on_arrays(store):
    report = ran(store, Config(seeds=20, generations=3, populations=("unconditional", "reciprocal"), text_runs=0))
    assert {path.name for path in report.files} >= {"genomes.png", "first_and_last.png"}
    assert len(report.results.evolved[0].donation_curves) == 20
    assert len(PAPER.tables(report.results)) == 4


def test_language_models_evolve_over_http(store):
    with serving(reply) as server:
        models = (f"{server.url}#one", f"{server.url}#two")
        seen = []
        server.plan = lambda n, body: seen.append((body["model"], body["temperature"]))
        report = ran(store, Config(models=models, show_scores=True, **SMALL))
    runs = report.results.runs
    assert len(runs) == 2 and all(run.ending == "finished" and len(run.lines) == 3 for run in runs), runs
    assert {name for name, _ in seen} == {"one", "two"} and {t for _, t in seen} == {0.8}
    asked = 2 * (3 * 36 * 2 // 2 + 6 + 3 + 3)  # three generations of two games of 18 gifts, and twelve strategies
    assert report.run.usage["calls"] == asked
    for run in runs:
        first = run.lines[0]
        assert first.strategies["1_3"] == "I give 30 percent."
        assert first.donations["1_3"] == pytest.approx(0.3, abs=0.02)
        for before, after in zip(run.lines, run.lines[1:]):
            advice = [before.strategies[name] for name in before.survivors]
            newborns = [after.strategies[name] for name in after.strategies if name not in before.strategies]
            assert set(newborns) == {advice[0]}  # what a newborn writes depends on who survived
        assert first.donation_if_all == first.donation and first.rates["silent"] == 0
    assert PAPER.tables(report.results)[0].title.startswith("generosity of societies")
    files = [path for path in report.files if path.suffix == ".json"]
    assert len(files) == 2
    loaded = paper.from_file(str(files[0]))
    for ours, theirs in zip(runs[0].lines, loaded.lines):
        assert theirs.resources == pytest.approx(ours.resources) and theirs.donations == pytest.approx(ours.donations)
        assert set(theirs.survivors) == set(ours.survivors) and theirs.gini == pytest.approx(ours.gini)
        assert theirs.differential == pytest.approx(ours.differential)


def test_what_cannot_be_read_is_counted_and_bounded(store):
    def silent_donors(messages):
        told = "\n".join(message["content"] for message in messages)
        return reply(messages) if "My strategy:" in told else "I would rather not say."

    with serving(silent_donors) as server:
        report = ran(store, Config(models=(f"{server.url}#m",), **{**SMALL, "runs": 1, "generations": 1}))
    (run,) = report.results.runs
    (line,) = run.lines
    assert line.rates["silent"] == 1 and line.donation == 0 and line.donation_if_all == 1
    assert line.resources == 10 and line.resources_if_all == pytest.approx(10 * 3 * 2**5 / 2)
    assert run.asked_again == 36 * 10


def test_faults_and_interruptions_change_nothing(tmp_path):
    def lines(report):
        return [run.model_dump(exclude={"asked_again"}) for run in report.results.runs]

    with serving(reply) as server:
        config = Config(models=(f"{server.url}#m",), **{**SMALL, "runs": 1, "generations": 2})
        with Store(tmp_path / "a.db") as store:
            whole = ran(store, config)
        with Store(tmp_path / "b.db") as store:
            server.plan = seeded_faults(0.1, 3, ("429", "500", "cut", "malformed"))
            cut = ran(store, config, budget=Budget(calls=50))
            assert cut.results is None and cut.run.status == "budget"
            again = asyncio.run(resume(cut.run.id, store))
    assert lines(again) == lines(whole)


# ---- run files


def test_a_file_of_the_released_form_is_read_by_hand(tmp_path):
    """Two agents, one game of two rounds, two generations; an impossible amount and a punishment are on file."""

    def row(generation, number, name, partner, resources, donated, gives, **more):
        return {"agent_name": name, "round_number": number, "game_number": 1, "paired_with": partner,
                "current_generation": generation, "resources": resources, "donated": donated, "received": 0,
                "strategy": "s", "strategy_justification": "", "reputation": False, "is_donor": gives,
                "traces": [["x"]], "history": [], **more}  # fmt: skip

    rows = [
        row(1, 1, "1_1", "1_2", 5, 5, True), row(1, 1, "1_2", "1_1", 20, 0, False),
        row(1, 2, "1_2", "1_1", 20, 30, True), row(1, 2, "1_1", "1_2", 5, 0, False),
        row(2, 1, "2_1", "1_2", 8, 2, True, punished=True), row(2, 1, "1_2", "2_1", 6, 0, False),
        row(2, 2, "1_2", "2_1", 3, 3, True), row(2, 2, "2_1", "1_2", 14, 0, False),
    ]  # fmt: skip
    path = tmp_path / "theirs.json"
    path.write_text(json.dumps({"hyperparameters": {"initialEndowment": 10}, "agents_data": rows}))
    first, second = generations(read(path))
    assert first.tested.scores == {"1_1": 5, "1_2": 20} and first.tested.trait == {"1_1": 0.5, "1_2": 0.0}
    assert first.survivors == ("1_2",) and second.survivors == ()
    assert second.tested.trait == {"2_1": 0.0, "1_2": 0.5} and [m.born for m in second.members] == [2, 1]
    run = paper.from_file(str(path))
    assert run.lines[1].rates == {"punished": 0.5} and run.lines[0].differential == pytest.approx(-2)
    for text, reason in (("{}", "hyperparameters"), ("no", "Expecting value"), ('{"hyperparameters":{}}', "agents")):
        path.write_text(text)
        with pytest.raises(BadInput, match=reason):
            read(path)
    with pytest.raises(BadInput, match="cannot be read"):
        read(tmp_path / "none.json")


BAD = ({"agents": 11}, {"rounds": 13}, {"agents": 4, "rounds": 4}, {"populations": ("x",)}, {"models": ("nobody",)},
       {"schedule": "released", "rounds": 10})  # fmt: skip


@pytest.mark.parametrize("settings", BAD)
def test_bad_settings_are_refused_before_anything_runs(settings):
    with pytest.raises((BadInput, ValueError)):
        Config(**settings)


# ---- broken games, and the claim that each breaks


def verdicts_of(populations, rules, ids, seeds=300):
    found = evolution.curves(list(populations.values()), Seeds(1).jax("mutant"), seeds, rules, 12, 10, 0.06)
    rows = [
        Evolved(name=name, first=found["donation"][i, :, 0].tolist(), last=found["donation"][i, :, -1].tolist(),
                resources=[], differential=found["differential"][i, :, 0].tolist(), mutation_bias=None, punished=0,
                gini=0, donation_curves=[], resource_curves=[])
        for i, name in enumerate(populations)
    ]  # fmt: skip
    results = paper.Results(evolved=rows, runs=[], identity=[], released=[], most=0, generations=10)
    return {name: CLAIM[name].check(results).holds for name in ids}


SOUND = Rules(alternating())


@pytest.mark.slow
def test_mutants_of_the_evolution():
    names = ("selection-eats-givers", "no-repayment", "lot-is-neutral", "givers-lose-at-once", "generous-reciprocity")
    assert all(verdicts_of(evolution.POPULATIONS, SOUND, names).values())
    naive = Rules(shifted(12, (0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5)))  # who met last round meets again: a repayment
    assert not verdicts_of(evolution.POPULATIONS, naive, ("no-repayment",))["no-repayment"]
    by_lot = {"unconditional": evolution.Population("unconditional", selection="random")}
    broken = verdicts_of(by_lot, SOUND, ("selection-eats-givers", "givers-lose-at-once"))
    assert not any(broken.values())
    stingy = {"reciprocal, generous copies": evolution.Population("reciprocal", 0.0),
              "unconditional, survival by lot": evolution.Population("unconditional")}  # fmt: skip
    assert not any(verdicts_of(stingy, SOUND, ("generous-reciprocity", "lot-is-neutral")).values())


def test_a_mean_field_with_a_dropped_term_breaks_its_claim(monkeypatch):
    def broken(self, state, donor, recipient, answer):
        met = sound(self, state, donor, recipient, answer)
        return type(met)(**(vars(met) | {"donor_left": met.had}))  # a gift that costs nothing

    sound = paper.Gift.encounter
    results = paper.Results(evolved=[], runs=[], most=0, generations=1, **asyncio.run(paper.identities()))
    assert all(CLAIM[name].check(results).holds for name in ("mean-field", "most", "released-schedule"))
    monkeypatch.setattr(paper.Gift, "encounter", broken)
    results = paper.Results(evolved=[], runs=[], most=0, generations=1, **asyncio.run(paper.identities()))
    assert not any(CLAIM[name].check(results).holds for name in ("mean-field", "most", "released-schedule"))
    with pytest.raises(NotHere):
        CLAIM["no-repayment"].check(results)

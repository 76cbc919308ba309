"""Notes of a small language model: rewards by hand, measures on known mixtures, claims that broken learners fail."""

import json

import jax
import numpy as np
import pytest

from manyminds.core import NotHere, Seeds
from manyminds.core.checkpoints import Checkpoint
from manyminds.lab.command import main
from manyminds.models.house.decoder import Decoder, Shape
from manyminds.models.house.tokenizer import trained
from manyminds.papers.spo import writers
from manyminds.papers.spo.claims import ON_NOTES
from manyminds.papers.spo.paper import Results
from manyminds.papers.spo.shown import of_notes
from manyminds.worlds.texts import styled_notes as world
from manyminds.worlds.texts.styled_notes import between_styles

BY_ID = {claim.id: claim for claim in ON_NOTES}
NAMES = ["notes", "notes-order", "notes-mixed", "notes-model", "notes-beaten", "notes-agree"]
START = [0.35, 0.1, 0.22, 0.3, 0.03]
WINNER = [1 / 3, 1 / 3, 1 / 3, 0, 0]
VERTEX = [0.02, 0.95, 0.02, 0, 0.01]


def row(rubric, method, seed, average, last, comparisons=100):
    topics = lambda shares: [list(shares)] * 2  # noqa: E731
    wobble = np.array([0.01, -0.01, 0, 0, 0]) * seed
    return writers.Written(
        rubric=rubric, method=method, seed=seed, start=topics(START), average=topics(average + wobble),
        last=topics(last), curve=[list(last)] * 4, divergence=[0.1] * 4, comparisons=comparisons,
    )  # fmt: skip


def results(**changed):
    """Three seeds of every learner as they should come out."""
    ours = {"average": WINNER, "last": [0.1, 0.6, 0.3, 0, 0]} | changed.pop("ours", {})
    model = {"average": [0.1, 0.75, 0.1, 0.05, 0], "last": VERTEX} | changed.pop("model", {})
    order = {"average": [0.1, 0.7, 0.1, 0.1, 0], "last": VERTEX} | changed.pop("order", {})
    notes = [row(rubric, method, seed, **how) for seed in range(3) for rubric, method, how in (
        ("cycle", "self-play", ours), ("cycle", "reward model", model),
        ("order", "self-play", order), ("order", "reward model", order))]  # fmt: skip
    blank = {"matrices": [], "programmes": {}, "rates": {}, "favourite": {}, "trap": {}, "walks": [], "flights": []}
    return Results(**blank, notes=notes, bodies=[], answers=[])


def holding(found):
    return {name for name in NAMES if BY_ID[name].check(found).holds}


def test_claims_hold_for_learners_as_they_should_be():
    assert holding(results()) == set(NAMES)


@pytest.mark.parametrize(
    ("changed", "broken"),
    [
        ({"ours": {"average": START}}, {"notes", "notes-mixed"}),
        ({"ours": {"average": VERTEX, "last": VERTEX}}, {"notes-mixed", "notes-model", "notes-beaten"}),
        ({"model": {"average": WINNER, "last": WINNER}}, {"notes-model", "notes-beaten"}),
        ({"model": {"comparisons": 200}}, {"notes-model"}),  # more comparisons than self-play had
        ({"order": {"last": START}}, {"notes-order", "notes-agree"}),
    ],
)
def test_broken_learners_fail_their_claims(changed, broken):
    assert broken <= set(NAMES) - holding(results(**changed))


def test_without_notes_nothing_is_claimed():
    empty = results().model_copy(update={"notes": []})
    for name in NAMES:
        assert BY_ID[name].config["note_iterations"] == 300
        with pytest.raises(NotHere, match="note_iterations"):
            BY_ID[name].check(empty)


def test_measures_on_mixtures_that_are_known():
    assert writers.winner("cycle") == pytest.approx(WINNER) and writers.winner("order").argmax() == 1
    assert writers.exploited("cycle", [WINNER]) == pytest.approx(0, abs=1e-9)
    assert writers.exploited("cycle", [[0, 1, 0, 0, 0], [1, 0, 0, 0, 0]]) == pytest.approx(0.5)  # terse against both
    assert writers.spread("cycle", [[0.2, 0.2, 0.2, 0.3, 0.1]]) == pytest.approx(1)
    assert writers.spread("cycle", [[0.3, 0.3, 0, 0.4, 0]]) == pytest.approx(np.log(2) / np.log(3))
    assert np.isnan(writers.spread("order", [WINNER]))
    # The winner ties with all that it uses, and beats what it does not use (.33 of the start).
    assert writers.win_rate("cycle", [WINNER], [START]) == pytest.approx(0.5 + 0.33 / 2)
    assert writers.win_rate("cycle", [START], [START]) == pytest.approx(0.5)
    # Topic by topic: terse beats exact on the first, and loses to rich on the second.
    one = np.eye(5).tolist()
    assert writers.win_rate("cycle", [one[0], one[0]], [one[1], one[2]]) == pytest.approx(0.5)


def scribe():
    texts = [world.note(style, topic, Seeds(0)(style, topic)) for style in world.STYLES for topic in world.TOPICS]
    tokenizer = trained(texts, 300)
    shape = Shape(tokenizer.size, size=16, layers=1, heads=2, groups=1, hidden=16, context=96)
    return writers.Raised(Decoder.drawn(shape, jax.random.key(0)), tokenizer)


def scored(method, notes, wins=None):
    model = scribe()
    memory = writers.Memory(np.zeros((5, 5)) if wins is None else wins, np.zeros((1, 8, 5)), np.zeros(1))
    tokens = [[model.tokenizer.encode(note) for note in group] for group in notes]
    return writers.score(model, "cycle", method, memory, np.arange(len(notes)), tokens)


TERSE, EXACT, RICH = " red river", " the river 1 2", " red old river 3 here here"


def test_rewards_of_self_play_are_mean_preferences_over_the_others():
    memory, rewards = scored("self-play", [[TERSE, EXACT, EXACT, " river river"]])
    assert rewards[0] == pytest.approx([1, 0, 0, -1]) and not memory.wins.any()
    assert scored("self-play", [[RICH, TERSE]])[1][0] == pytest.approx([1, -1])
    assert scored("self-play", [[TERSE, TERSE]])[1][0] == pytest.approx([0, 0])


def test_the_reward_model_counts_every_pair_once_and_scores_what_a_note_is():
    memory, rewards = scored("reward model", [[TERSE, EXACT, EXACT]])
    assert memory.wins[0, 1] == 2 and memory.wins[1, 0] == 0 and memory.wins[1, 1] == 1  # one tie, half a win each way
    assert rewards[0, 0] > rewards[0, 1] == rewards[0, 2]
    again, _ = scored("reward model", [[RICH, TERSE]], memory.wins)
    assert again.wins[2, 0] == 1 and again.wins[0, 1] == 2
    np.testing.assert_array_equal(between_styles("cycle")[:3, :3], [[0, 1, -1], [-1, 0, 1], [1, -1, 0]])


def test_held_out_topics_are_never_learnt_on():
    assert not set(writers.LEARNT) & set(writers.HELD_OUT) and len(writers.HELD_OUT) == 8
    rng_lessons = writers.lessons(Seeds(0), 2000)
    styles = [world.class_of(topic, one.answer) for one in rng_lessons
              for topic in world.TOPICS if writers.asked(topic) == one.asked]  # fmt: skip
    assert len(styles) == 2000
    np.testing.assert_allclose(np.bincount(styles, minlength=5) / 2000, [0.35, 0.1, 0.25, 0.3, 0], atol=0.04)


@pytest.fixture
def briefly(monkeypatch):
    """A start model that has read almost nothing, and few notes."""
    for name, value in {"LESSONS": 300, "READ": 2000, "WRITTEN": 2, "FINAL": 4}.items():
        monkeypatch.setattr(writers, name, value)


def test_it_runs_from_the_command_line(briefly, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    silent = ("matrices=2", "size=6", "rounds=1000", "seeds=2", "walk_iterations=0", "flight_iterations=0")
    with pytest.raises(SystemExit) as left:
        main(["run", "spo", *silent, "note_iterations=10", "note_rubrics=cycle", "--json"])
    rows = json.loads(capsys.readouterr().out)["results"]["notes"]
    assert left.value.code == 0 and [row["method"] for row in rows] == ["self-play"] * 2 + ["reward model"] * 2
    assert rows[0]["start"] == rows[2]["start"]  # both methods begin with the start model of the seed
    assert rows[0]["comparisons"] == rows[2]["comparisons"] == 10 * 8 * 8 * 7
    assert np.sum(rows[0]["average"], 1) == pytest.approx(1)


def test_a_writer_that_was_killed_goes_on(briefly, tmp_path, monkeypatch):
    options = ("cycle", "reward model", 0, 20, Seeds(4))
    straight = writers.written(*options, tmp_path / "a", Checkpoint(tmp_path / "a.ckpt"))
    real, calls = writers.counts, []

    def killed(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(writers, "counts", killed)
    with pytest.raises(KeyboardInterrupt):
        writers.written(*options, tmp_path / "b", Checkpoint(tmp_path / "b.ckpt"))
    assert writers.written(*options, tmp_path / "b", Checkpoint(tmp_path / "b.ckpt")) == straight


def test_the_table_has_a_row_for_every_learner():
    found = results()
    table = of_notes(found)
    assert len(table.rows) == 4 and table.rows[0][:2] == ("cycle", "self-play")
    assert all(len(row) == len(table.columns) for row in table.rows)


@pytest.mark.slow
def test_a_writer_learns(tmp_path):
    rows = {
        method: writers.Written(
            **writers.written("cycle", method, 0, 150, Seeds(77), tmp_path, Checkpoint(tmp_path / f"{method}.ckpt"))
        )
        for method in writers.METHODS
    }
    ours, model = rows["self-play"], rows["reward model"]
    assert writers.win_rate("cycle", ours.average, ours.start) > 0.5
    assert writers.exploited("cycle", ours.average) < writers.exploited("cycle", model.last)
